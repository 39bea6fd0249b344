import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import {
  type RedisCluster,
  type RedisSentinels,
  type StartRedisClusterOptions,
  type StartRedisSentinelsOptions,
  startRedisCluster,
  startRedisSentinels,
} from '../../src/testing/index.js';
import { keepable } from './pace.js';
import { type RunLock, takeRunLock } from './run-lock.js';

export interface SuiteCluster {
  /** The suite's cluster. */
  cluster(): RedisCluster;
  /** A client for the test's own looks and preparations; made when it is first asked for and closed after the test. */
  redis(): Cluster;
  /** One more client, closed after the test. */
  connect(options?: ClusterOptions): Cluster;
}

/**
 * Gives the surrounding suite a cluster of its own, started before its first test and stopped after its last. Before each test its
 * nodes run, it is settled, and it is empty; who is master and who serves which slot is as the test before has left it. Only three files
 * at a time have a cluster or Sentinels: the others wait. Not to be nested.
 */
export function useCluster(options: StartRedisClusterOptions = {}): SuiteCluster {
  const stand = useStand('useCluster', () =>
    // Servers that do not get a core for as long as this are taken for dead.
    startRedisCluster({ nodeTimeoutMs: keepable(1000), ...options }),
  );
  const ofTest: Cluster[] = [];
  let looking: Cluster | undefined;

  beforeEach(async () => {
    await restore(stand());
  });
  afterEach(() => {
    for (const client of ofTest.splice(0)) client.disconnect();
    looking = undefined;
  });

  const connect = (clusterOptions: ClusterOptions = {}) => {
    const client = connectTo(stand(), options, clusterOptions);
    ofTest.push(client);
    return client;
  };
  return {
    cluster: stand,
    redis: () => {
      looking ??= connect();
      return looking;
    },
    connect,
  };
}

export interface SuiteSentinels {
  stand(): RedisSentinels;
  /** A client of the master, closed after the test. */
  connect(options?: RedisOptions): Redis;
}

/** The same for a master that Sentinels watch. Before each test all its servers run, the Sentinels agree, and it is empty. */
export function useSentinels(options: StartRedisSentinelsOptions = {}): SuiteSentinels {
  const stand = useStand('useSentinels', () =>
    startRedisSentinels({ downAfterMs: keepable(1000), ...options }),
  );
  const ofTest: Redis[] = [];

  const connect = (redisOptions: RedisOptions = {}) => {
    // ioredis's own option type cannot be spread under exactOptionalPropertyTypes.
    const all: object = {
      sentinels: [...stand().addresses],
      name: stand().masterName,
      ...(options.password !== undefined && { password: options.password }),
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
      ...redisOptions,
    };
    const client = new Redis(all);
    client.on('error', () => undefined);
    ofTest.push(client);
    return client;
  };

  beforeEach(async () => {
    for (const server of [...stand().servers, ...stand().sentinels]) {
      if (!server.running) await stand().restart(server);
    }
    await stand().settled();
    await connect().flushall();
  });
  afterEach(() => {
    for (const client of ofTest.splice(0)) client.disconnect();
  });

  return { stand, connect };
}

/** Starts something before the surrounding suite, when no other file has such a thing, and stops it after. */
function useStand<T extends AsyncDisposable>(asker: string, start: () => Promise<T>): () => T {
  let lock: RunLock | undefined;
  let stand: T | undefined;

  before(async () => {
    lock = await takeRunLock(`cluster-${Number(process.env.MOCHA_WORKER_ID ?? 0) % 3}`);
    stand = await start();
  });
  after(async () => {
    await stand?.[Symbol.asyncDispose]();
    await lock?.release();
  });

  return () => {
    if (stand === undefined)
      throw new Error(`expected ${asker}() to be asked inside a test or hook, got: before the start`);
    return stand;
  };
}

async function restore(cluster: RedisCluster): Promise<void> {
  for (const node of cluster.nodes) {
    if (!node.up || node.cutOffFrom !== undefined) await cluster.restart(node);
  }
  await cluster.settled();
  const masters = await cluster.masters();
  await Promise.all(masters.map((master) => master.call('FLUSHALL')));
}

function connectTo(
  cluster: RedisCluster,
  { password, tls }: StartRedisClusterOptions,
  options: ClusterOptions,
): Cluster {
  // ioredis's own option type cannot be spread under exactOptionalPropertyTypes.
  const all: object = {
    // Long enough to be there when a dead master has been replaced.
    maxRedirections: 100,
    clusterRetryStrategy: () => 50,
    redisOptions: {
      ...(password !== undefined && { password }),
      ...(tls !== undefined && { tls: { rejectUnauthorized: false } }),
    },
    ...options,
  };
  const client = new Cluster([...cluster.startupNodes], all);
  client.on('error', () => undefined);
  return client;
}
