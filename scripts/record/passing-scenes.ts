/** Scenes in which single operations fail as they do while Redis is away for a moment: whoever asked waits, and asks again. */
import { StreamwardenError } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { failingCalls, startRedis } from '../../src/testing/index.js';
import { announce, enter, HEARTBEAT_MS, onRedis, play, printed, SERVICE, until } from './cast.js';
import type { FileOf, Scene } from './scenes.js';

const { lbs, group } = createNames({ service: SERVICE });

/** Operations on Redis that reject as a connection does that is lost, each so many times. */
function interrupting(left: Map<string, number>): Substitutes {
  const around = <S extends object>(store: S, ...operations: (keyof S & string)[]): S =>
    operations.reduce(
      (target, operation) =>
        failingCalls(target, operation, () => {
          const times = left.get(operation) ?? 0;
          if (times === 0) return undefined;
          left.set(operation, times - 1);
          return new StreamwardenError('RedisUnavailable', `no answer to ${operation}`, { retriable: true });
        }).target,
      store,
    );
  return {
    stores: (stores) => ({
      ...stores,
      group: around(stores.group, 'countPending', 'forget', 'payloads'),
      fleet: around(stores.fleet, 'beginRound'),
    }),
  };
}

/** A process dies, and another one takes over from it. Each of its ways to find out what there is to do fails before, once or twice. */
async function interrupted(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const left = new Map([['payloads', 2]]);
  const balance = { everyMs: HEARTBEAT_MS, settleMs: HEARTBEAT_MS } as const;
  await using heir = await play(redis.url, file(), { consumerId: 'heir', balance }, interrupting(left));
  const { runtime } = heir;
  const failed = (operation: string) => until(`${operation} has failed`, () => left.get(operation) === 0);
  await failed('payloads');
  for (const operation of ['countPending', 'beginRound']) {
    left.set(operation, 1);
    await failed(operation);
  }
  await runtime.pause();
  const victim = await enter(redis.url, 'victim', '/dev/null');
  await announce(redis.url, 'one', 'two');
  await printed(victim, 'StreamAdded', 2);
  left.set('forget', 1);
  victim.kill('SIGKILL');
  await victim.exit;
  await failed('forget');
  runtime.resume();
  await heir.awaits('StreamAdded', 2);
  const isAlone = async () =>
    ((await onRedis(redis.url, (client) => client.xinfo('CONSUMERS', lbs, group))) as unknown[]).length === 1;
  await until('nothing is left of the dead one', isAlone);
  for (const stream of runtime.ownedStreams()) await stream.done();
}

export const PASSING_SCENES: Readonly<Record<string, Scene>> = { interrupted };
