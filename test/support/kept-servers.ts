/**
 * Servers that go from one suite of this process to the next, since a new one costs as much as many tests. Whoever borrows one finds it as new: no keys, scripts
 * or users that somebody else has left, and the settings that it was started with. One that cannot be brought back to that is stopped.
 */
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../src/testing/index.js';
import { allowServer } from './leaks.js';
import { hangingMs } from './pace.js';

interface KeptServer {
  readonly server: RedisServer;
  readonly asNew: ServerState;
}

/** What a suite may have changed and an empty database does not undo. */
interface ServerState {
  readonly config: ReadonlyMap<string, string>;
  readonly users: string;
  /** Master or replica, and how many replicas it has. */
  readonly replication: string;
}

/** One that has not answered by then may be frozen: it is stopped, which is right for any other too. */
const ANSWER_MS = 2_000;

const spare: KeptServer[] = [];
const borrowed = new Map<RedisServer, KeptServer>();

export async function borrowServer(): Promise<RedisServer> {
  const kept = spare.pop() ?? (await startKept());
  borrowed.set(kept.server, kept);
  return kept.server;
}

export async function giveBack(server: RedisServer): Promise<void> {
  const kept = borrowed.get(server);
  borrowed.delete(server);
  const isAsNew = kept !== undefined && (await isMadeAsNew(kept).catch(() => false));
  if (isAsNew) spare.push(kept);
  else await server.stop();
}

async function startKept(): Promise<KeptServer> {
  const server = await startRedis();
  allowServer(server);
  return { server, asNew: await asked(server, stateOf, hangingMs()) };
}

async function isMadeAsNew({ server, asNew }: KeptServer): Promise<boolean> {
  if (!server.running) return false;
  return asked(server, async (redis) => {
    await redis.client('UNPAUSE');
    // Whoever is still there is a process that was killed.
    for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type);
    await redis.flushall();
    await redis.script('FLUSH');
    await redis.config('RESETSTAT');
    const { config } = await stateOf(redis);
    for (const [name, value] of asNew.config) {
      if (config.get(name) !== value) await redis.config('SET', name, value);
    }
    return isSame(await stateOf(redis), asNew);
  });
}

async function stateOf(redis: Redis): Promise<ServerState> {
  const pairs = (await redis.config('GET', '*')) as string[];
  const config = new Map<string, string>();
  for (let i = 0; i < pairs.length; i += 2) config.set(String(pairs[i]), String(pairs[i + 1]));
  const replication = (await redis.info('replication')).match(/^(role|connected_slaves):.*$/gm);
  return { config, users: JSON.stringify(await redis.acl('LIST')), replication: String(replication) };
}

function isSame(a: ServerState, b: ServerState): boolean {
  if (a.users !== b.users || a.replication !== b.replication || a.config.size !== b.config.size) return false;
  return [...a.config].every(([name, value]) => b.config.get(name) === value);
}

async function asked<T>(
  server: RedisServer,
  ask: (redis: Redis) => Promise<T>,
  commandTimeout = ANSWER_MS,
): Promise<T> {
  const redis = new Redis(server.url, {
    commandTimeout,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
