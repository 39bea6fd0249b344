/** What the recordings of `test/recordings/` tell of. Each scene is lived through by real consumers. */
import { setTimeout as delay } from 'node:timers/promises';
import { isStreamwardenError } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import { startRedis, startRedisCluster } from '../../src/testing/index.js';
import {
  announce,
  cancel,
  ensure,
  enter,
  HEARTBEAT_MS,
  leave,
  onRedis,
  pause,
  play,
  printed,
  SERVICE,
  until,
} from './cast.js';

/** Names the file of a role; without one, that of the scene. */
export type FileOf = (role?: string) => string;

export type Scene = (file: FileOf) => Promise<void>;

const { lbs } = createNames({ service: SERVICE });

/** Streams come, are worked on and done; one handler fails once, one stream is released, one waits for its name. */
async function plainLife(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file(), { handlerBackoff: { initialMs: 50, maxMs: 50 } });
  let hasReleased = false;
  player.runtime.process(async (stream) => {
    if (stream.name === 'fails-once' && stream.retryCount === 0) throw new Error('the first attempt fails');
    if (stream.name === 'released' && !hasReleased) {
      hasReleased = true;
      await stream.release();
      return;
    }
    await delay(HEARTBEAT_MS);
  });
  await announce(redis.url, 'one', 'two', 'same-name', 'fails-once', 'released');
  await announce(redis.url, 'same-name');
  await until('all are done', () => onRedis(redis.url, async (client) => (await client.xlen(lbs)) === 0));
}

/** One consumer stops and hands its streams over to another, which finishes them. */
async function handOver(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const giver = await enter(redis.url, 'giver', file('giver'));
  await announce(redis.url, 'one', 'two', 'three');
  await printed(giver, 'StreamAdded', 3);
  const taker = await enter(redis.url, 'taker', file('taker'), '--hold', '100');
  await leave(giver);
  await printed(taker, 'StreamDone', 3);
  await leave(taker);
}

/** The scan leaves the dead to the sweep: these scenes are about that one. */
const BY_SWEEP = ['--min-idle', '30000', '--reconcile-every', '60000'];

/** A process is killed; another finds that out and gives its streams to everyone. */
async function sigkillRecovery(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const victim = await enter(redis.url, 'victim', file('victim'));
  await announce(redis.url, 'one', 'two', 'three');
  await printed(victim, 'StreamAdded', 3);
  const heir = await enter(redis.url, 'heir', file('heir'), '--hold', '100', ...BY_SWEEP);
  victim.kill('SIGKILL');
  await printed(heir, 'StreamDone', 3);
  await leave(heir);
}

/** A process freezes for longer than its lease, loses what it has, and wakes. */
async function zombie(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const sleeper = await enter(redis.url, 'sleeper', file('sleeper'));
  await announce(redis.url, 'one', 'two');
  await printed(sleeper, 'StreamAdded', 2);
  const heir = await enter(redis.url, 'heir', file('heir'), ...BY_SWEEP);
  sleeper.kill('SIGSTOP');
  await printed(heir, 'StreamAdded', 2);
  sleeper.kill('SIGCONT');
  await printed(sleeper, 'StreamDisowned', 2);
  await leave(sleeper);
  await leave(heir);
}

/** Redis is killed and comes back with its data; the streams were uncertain and are confirmed. */
async function redisOutage(file: FileOf): Promise<void> {
  await using redis = await startRedis({ appendOnly: true, config: { appendfsync: 'always' } });
  await using player = await play(redis.url, file());
  await announce(redis.url, 'one', 'two');
  await player.awaits('StreamAdded', 2);
  await redis.kill('SIGKILL');
  await player.awaits('StreamUncertain', 2);
  await redis.restart();
  await player.awaits('StreamConfirmed', 2);
  for (const stream of player.runtime.ownedStreams()) await stream.done();
}

/** A handler that always fails, and an entry that nobody can read: both end among the dead letters. */
async function deadLetters(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const options = { maxRetries: 1, handlerBackoff: { initialMs: 50, maxMs: 50 } };
  await using player = await play(redis.url, file(), options);
  player.runtime.process(() => {
    throw new Error('it always fails');
  });
  await announce(redis.url, 'poison');
  await onRedis(redis.url, async (client) => {
    await client.xadd(lbs, '*', 'lbs-input', 'not JSON');
    await until('both are dead letters', async () => (await client.xlen(`${lbs}-dlq`)) === 2);
  });
}

/** A stream is ensured while its owner is about to finish it, once in peace and once in an outage: it goes on until nobody has. */
async function touched(file: FileOf): Promise<void> {
  await using redis = await startRedis({ appendOnly: true, config: { appendfsync: 'always' } });
  await using player = await play(redis.url, file());
  const finish = async () => {
    const [stream] = player.runtime.ownedStreams();
    await stream?.done({ ifTouches: 0 }).then(
      () => Promise.reject(new Error('expected done() to be refused')),
      (error: unknown) => (isStreamwardenError(error, 'StreamTouched') ? undefined : Promise.reject(error)),
    );
  };
  await ensure(redis.url, 'one');
  await player.awaits('StreamAdded');
  await ensure(redis.url, 'one');
  await finish();
  await player.awaits('StreamTouched');
  await redis.kill('SIGKILL');
  await player.awaits('StreamUncertain');
  const refused = finish();
  await redis.restart();
  await refused;
  await player.awaits('StreamConfirmed');
  for (const stream of player.runtime.ownedStreams()) await stream.done({ ifTouches: stream.touched });
}

/** A stream is given back for a while, comes again, and is cancelled by a producer while its handler works. */
async function laterAndCancelled(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file());
  await announce(redis.url, 'one');
  await player.awaits('StreamAdded');
  for (const stream of player.runtime.ownedStreams()) await stream.release({ afterMs: HEARTBEAT_MS });
  await player.awaits('StreamAdded', 2);
  await cancel(redis.url, 'one');
  await player.awaits('StreamCancelled');
  await until('it is finished', () => player.runtime.snapshot().counters.finished === 1);
}

/** A stream is announced again while it is worked on, more often than there is room: these wait aside and come back one by one. Another one is paused meanwhile. */
async function parked(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file(), { capacity: 2 });
  const { runtime } = player;
  await announce(redis.url, 'one');
  await player.awaits('StreamAdded');
  await pause(redis.url, 'two', true);
  await announce(redis.url, 'one', 'one', 'two', 'one', 'three');
  await player.awaits('StreamAdded', 2);
  await until('four are aside', () => runtime.snapshot().counters.parked === 4);
  const finish = async (name: string) => await runtime.owned(name)?.done();
  for (let added = 3; added <= 5; added += 1) {
    await finish('one');
    await player.awaits('StreamAdded', added);
  }
  await finish('one');
  await pause(redis.url, 'two', false);
  await player.awaits('StreamAdded', 6);
  await finish('two');
  await finish('three');
}

/** The master that serves the streams is killed in a cluster; its replica takes over, and the streams are confirmed. */
async function clusterFailover(file: FileOf): Promise<void> {
  await using cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1 });
  await using player = await play(cluster.url, file(), { heartbeatMs: 2_000, minIdleMs: 4_000 });
  await announce(cluster.url, 'one', 'two');
  await player.awaits('StreamAdded', 2);
  await cluster.killMaster(await cluster.masterOf(lbs));
  await player.awaits('StreamConfirmed', 2);
  await until('the new master is covered', () => {
    const { topology, subscriptions } = player.runtime.snapshot();
    return topology?.state === 'settled' && subscriptions.every(({ state }) => state === 'live');
  });
  for (const stream of player.runtime.ownedStreams()) await stream.done();
}

/** One master of a cluster forbids CONFIG: the consumer starts degraded, works, and is well when that is permitted. */
async function partialKeyspace(file: FileOf): Promise<void> {
  await using cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 0 });
  const home = await cluster.masterOf(lbs);
  const troubled = (await cluster.masters()).find((node) => node !== home);
  await troubled?.call('ACL', 'SETUSER', 'default', '-config');
  await using player = await play(cluster.url, file());
  await until('it is degraded', () => player.runtime.state === 'degraded');
  await announce(cluster.url, 'one');
  await player.awaits('StreamAdded');
  for (const stream of player.runtime.ownedStreams()) await stream.done();
  await troubled?.call('ACL', 'SETUSER', 'default', '+config');
  await until('it is well', () => player.runtime.state === 'running');
}

export const SCENES: Readonly<Record<string, Scene>> = {
  'plain-life': plainLife,
  'hand-over': handOver,
  'sigkill-recovery': sigkillRecovery,
  zombie,
  'redis-outage': redisOutage,
  'dead-letters': deadLetters,
  touched,
  'later-and-cancelled': laterAndCancelled,
  parked,
  'cluster-failover': clusterFailover,
  'partial-keyspace': partialKeyspace,
};
