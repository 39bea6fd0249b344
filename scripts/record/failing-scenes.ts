/** Scenes in which something fails: in Redis, in the consumer, or because somebody interferes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Stores } from '../../src/actors/kernel.js';
import { createNames } from '../../src/redis/names.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { failingCalls, startRedis, startRedisCluster } from '../../src/testing/index.js';
import { announce, cast, HEARTBEAT_MS, onRedis, play, SERVICE, until } from './cast.js';
import type { FileOf, Scene } from './scenes.js';

const names = createNames({ service: SERVICE });
const { lbs, group } = names;

/** Operations on Redis that throw as a bug would, while `fails` says so. */
function failing(fails: (operation: string) => boolean): Substitutes {
  const decorate = <S extends keyof Stores>(
    stores: Stores,
    store: S,
    ...operations: (keyof Stores[S] & string)[]
  ) =>
    operations.reduce(
      (target, operation) =>
        failingCalls(target, operation, () =>
          fails(operation) ? new TypeError(`a bug in ${operation}`) : undefined,
        ).target,
      stores[store],
    );
  return {
    stores: (stores) => ({
      ...stores,
      lease: decorate(stores, 'lease', 'raise', 'refresh', 'acquire', 'done'),
      locks: decorate(stores, 'locks', 'extend', 'take'),
      group: decorate(stores, 'group', 'pending', 'consumers'),
    }),
  };
}

/** Has Redis refuse every write, as too few replicas are there. */
async function refuse(url: string, isRefusing: boolean): Promise<void> {
  await onRedis(url, (client) => client.config('SET', 'min-replicas-to-write', isRefusing ? 1 : 0));
}

/**
 * Redis refuses every write for nine seconds. The connection breaks meanwhile, so the lease can be neither kept nor raised; a stream is done before
 * it is well again.
 */
async function refusingRedis(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file());
  await announce(redis.url, 'one', 'two');
  await player.awaits('StreamAdded', 2);
  await refuse(redis.url, true);
  await player.awaits('StreamUncertain', 2);
  const done = player.runtime.owned('one')?.done();
  await delay(1_000);
  await onRedis(redis.url, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  await delay(8_000);
  await refuse(redis.url, false);
  await player.awaits('StreamConfirmed');
  await done;
  await player.runtime.owned('two')?.done();
}

/** Somebody else takes the lock of a stream that is held, and has that of one that comes; later both are free. */
async function foreignLocks(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file());
  const { runtime } = player;
  const idOf = async (
    client: { xrange: (...args: string[]) => Promise<[string, string[]][]> },
    name: string,
  ) =>
    (await client.xrange(lbs, '-', '+')).find(([, fields]) => fields.join().includes(`"${name}"`))?.[0] ?? '';
  const lockOf = async (name: string) =>
    await onRedis(redis.url, async (client) => names.lock(name, await idOf(client as never, name)));
  const write = async (key: string, ms: number) =>
    await onRedis(redis.url, (client) => client.set(key, 'somebody-else', 'PX', ms));
  const locksAre = (state: string) =>
    until(`locks are ${state}`, () => {
      const keeper = [...runtime.seam.actors].find(({ path }) => path === 'consumer/lockKeeper');
      return (keeper?.actor.getSnapshot().value as { locks?: string } | undefined)?.locks === state;
    });
  await announce(redis.url, 'held');
  await player.awaits('StreamAdded');
  const held = await lockOf('held');
  await write(held, 60_000);
  await locksAre('foreign');
  await onRedis(redis.url, (client) => client.del(held));
  await locksAre('held');
  await runtime.pause();
  await announce(redis.url, 'comes');
  await write(await lockOf('comes'), 2 * HEARTBEAT_MS);
  runtime.resume();
  await player.awaits('StreamAdded', 2);
  for (const stream of runtime.ownedStreams()) await stream.done();
}

/** Bugs, one after the other: in the keeper, which begins anew with a lease that it did not raise, in intake, in the lock keeper, and while it verifies. */
async function bugs(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  let failingNow = '';
  const substitutes = failing((operation) => {
    if (operation !== failingNow) return false;
    failingNow = '';
    return true;
  });
  await using player = await play(redis.url, file(), {}, substitutes);
  await announce(redis.url, 'one');
  await player.awaits('StreamAdded');
  const { runtime } = player;
  for (const operation of ['refresh', 'extend', 'pending', 'acquire']) {
    const before = runtime.snapshot().failures.length;
    failingNow = operation;
    if (operation === 'acquire') await announce(redis.url, 'two');
    await until(`${operation} has failed`, () => runtime.snapshot().failures.length > before);
    await until('it works again', () => runtime.snapshot().lease.certain && runtime.health().ready);
  }
  await player.awaits('StreamAdded', 2);
  for (const stream of runtime.ownedStreams()) await stream.done();
}

/** Operations fail for as long as they are in `failingNow`. */
async function playFailing(url: string, file: string) {
  const failingNow = new Set<string>();
  const player = await play(
    url,
    file,
    {},
    failing((operation) => failingNow.has(operation)),
  );
  return Object.assign(player, { failingNow });
}

/** Two children fail for long, so the consumer is degraded; one heals after the other. */
async function twoTroubles(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await playFailing(redis.url, file());
  const { runtime, failingNow } = player;
  await announce(redis.url, 'one');
  await player.awaits('StreamAdded');
  failingNow.add('extend').add('consumers');
  const troubled = (count: number) =>
    until(`${count} troubles`, () => Object.keys(runtime.snapshot().troubles).length === count);
  await troubled(2);
  failingNow.delete('extend');
  await troubled(1);
  failingNow.delete('consumers');
  await troubled(0);
  await runtime.owned('one')?.done();
}

/** Finishing a stream fails as a bug would, and the consumer is stopped while the lock keeper has failed too often. */
async function stoppedDegraded(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await playFailing(redis.url, file());
  const { runtime, failingNow } = player;
  await announce(redis.url, 'one', 'two');
  await player.awaits('StreamAdded', 2);
  failingNow.add('done');
  await runtime
    .owned('one')
    ?.done()
    .catch(() => {});
  await until('it is noted', () => runtime.snapshot().failures.length === 1);
  failingNow.delete('done');
  failingNow.add('extend');
  await until('it is degraded', () => runtime.state === 'degraded');
}

/** A consumer is stopped before Redis answers, and another one before it has a lease. */
async function stoppedEarly(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  redis.signal('SIGSTOP');
  const starting = cast(redis.url, file('starting'));
  const started = starting.start().catch(() => {});
  await until('it is starting', () => starting.state === 'starting');
  await starting.stop({ mode: 'abandon' });
  await started;
  redis.signal('SIGCONT');
  const recovering = cast(
    redis.url,
    file('recovering'),
    {},
    failing((operation) => operation === 'raise'),
  );
  const recovered = recovering.start().catch(() => {});
  await until('it is recovering', () => recovering.state === 'recovering');
  await delay(HEARTBEAT_MS);
  await recovering.stop({ timeoutMs: HEARTBEAT_MS });
  await recovered;
}

/** Streams are taken from their owner while it works on one, waits with another that failed, and finishes a third; a fourth is done while it waits. */
async function lostAtWork(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  await using player = await play(redis.url, file(), {
    handlerBackoff: { initialMs: 30_000, maxMs: 30_000 },
  });
  const { runtime } = player;
  const working = new AbortController();
  runtime.process(async (stream) => {
    if (stream.name.startsWith('fails')) throw new Error('it fails');
    await delay(60_000, undefined, { signal: AbortSignal.any([stream.signal, working.signal]) }).catch(
      () => {},
    );
    if (!stream.signal.aborted) await stream.done();
  });
  await announce(redis.url, 'works', 'fails', 'fails-and-is-done');
  await player.awaits('StreamFailed', 2);
  await runtime.owned('fails-and-is-done')?.done();
  await onRedis(redis.url, async (client) => {
    const entries = await client.xrange(lbs, '-', '+');
    for (const [id] of entries) await client.xack(lbs, group, id);
    const keys = [...runtime.ownedStreams()].map(({ name, id }) => names.lock(name, id));
    await client.del(...keys);
  });
  await player.awaits('StreamDisowned', 2);
  working.abort();
}

/** The application has a cluster looked at anew, twice, the second time while one of its masters is away. */
async function topologyReset(file: FileOf): Promise<void> {
  await using cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1 });
  await using player = await play(cluster.url, file(), { heartbeatMs: 2_000, minIdleMs: 4_000 });
  const { runtime } = player;
  await announce(cluster.url, 'one');
  await player.awaits('StreamAdded');
  await runtime.resetTopology();
  const home = await cluster.masterOf(lbs);
  const other = (await cluster.masters()).find((node) => node !== home);
  if (other !== undefined) await cluster.killMaster(other);
  await runtime.resetTopology().catch(() => {});
  await until('the new master is covered', () => {
    const { topology, subscriptions } = runtime.snapshot();
    return topology?.state === 'settled' && subscriptions.every(({ state }) => state === 'live');
  });
  await runtime.owned('one')?.done();
}

export const FAILING_SCENES: Readonly<Record<string, Scene>> = {
  'refusing-redis': refusingRedis,
  'foreign-locks': foreignLocks,
  bugs,
  'two-troubles': twoTroubles,
  'stopped-early': stoppedEarly,
  'stopped-degraded': stoppedDegraded,
  'lost-at-work': lostAtWork,
  'topology-reset': topologyReset,
};
