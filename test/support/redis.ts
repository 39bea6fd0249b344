import { Redis, type RedisOptions } from 'ioredis';
import { type RedisServer, type StartRedisOptions, startRedis } from '../../src/testing/index.js';
import { borrowServer, giveBack } from './kept-servers.js';
import { allowConnectionOf } from './leaks.js';

export interface SuiteRedis {
  /** The suite's server. */
  server(): RedisServer;
  /** A client of the suite, for the test's own looks and preparations; closed after the suite. */
  redis(): Redis;
  /** One more client, closed after the test. */
  connect(options?: RedisOptions): Redis;
}

/**
 * Gives the surrounding suite a server of its own from its first test to its last, with an empty database before each test. One that is like any
 * other goes on to the next suite; with options it is started for this one and stopped after it.
 */
export function useRedis(options: StartRedisOptions = {}): SuiteRedis {
  let server: RedisServer | undefined;
  let client: Redis | undefined;
  const isLikeAnyOther = Object.keys(options).length === 0;
  let forbidConnection = () => {};
  const ofTest: Redis[] = [];

  before(async () => {
    server = isLikeAnyOther ? await borrowServer() : await startRedis(options);
    client = connectTo(server);
    forbidConnection = allowConnectionOf(client);
  });

  beforeEach(async () => {
    await client?.flushall();
  });

  afterEach(() => {
    for (const extra of ofTest.splice(0)) extra.disconnect();
  });

  after(async () => {
    client?.disconnect();
    forbidConnection();
    if (server === undefined) return;
    if (isLikeAnyOther) await giveBack(server);
    else await server.stop();
  });

  return {
    server: () => present(server),
    redis: () => present(client),
    connect(redisOptions) {
      const extra = connectTo(present(server), redisOptions);
      ofTest.push(extra);
      return extra;
    },
  };
}

function connectTo(server: RedisServer, options: RedisOptions = {}): Redis {
  // ioredis's own option type cannot be spread under exactOptionalPropertyTypes.
  const all: object = {
    ...(server.url.startsWith('rediss:') && { tls: { rejectUnauthorized: false } }),
    ...options,
  };
  const redis = new Redis(server.url, all);
  // Tests kill servers: a connection that breaks is no surprise, and ioredis would print it.
  redis.on('error', () => undefined);
  return redis;
}

function present<T>(value: T | undefined): T {
  if (value === undefined)
    throw new Error('expected useRedis() to be asked inside a test or hook, got: before the start');
  return value;
}
