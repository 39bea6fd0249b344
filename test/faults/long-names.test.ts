/** Names of data streams are as long as producers make them, up to 65,536 bytes, and are sent on the connection of the heartbeat. */
import { expect } from 'chai';
import type { Stores } from '../../src/actors/kernel.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const LENGTH = 60_000;
const COUNT = 8;
/** So much goes into one command at most: one name, its lock key, and what stands around them. */
const MOST = 2 * LENGTH + 5_000;

type Operation = (...args: unknown[]) => unknown;

/** Decorates all operations that are sent on the heartbeat's connection. */
function measured(largest: Map<string, number>): Substitutes {
  const watch = <T extends object>(store: string, target: T): T =>
    Object.fromEntries(
      Object.entries(target).map(([name, operation]) => [
        name,
        (...args: unknown[]) => {
          const length = JSON.stringify(args.filter((arg) => typeof arg !== 'function')).length;
          const key = `${store}.${name}`;
          largest.set(key, Math.max(length, largest.get(key) ?? 0));
          return (operation as Operation)(...args);
        },
      ]),
    ) as T;
  return {
    stores: (stores: Stores) => ({
      ...stores,
      lease: watch('lease', stores.lease),
      group: watch('group', stores.group),
      locks: watch('locks', stores.locks),
    }),
  };
}

describe('long names', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { reconcileEveryMs: 300 });
  const names = Array.from({ length: COUNT }, (_, n) => String(n).padStart(LENGTH, 'n'));

  it('hold up no heartbeat: no command on its connection carries more than one of them [C-SIZE-1]', async () => {
    const largest = new Map<string, number>();
    const first = await crew.start({}, measured(largest));
    await crew.announce(...names);
    await first.awaitNews('StreamAdded', COUNT);
    await first.runtime.owned(names[0] as string)?.done();
    await first.runtime.owned(names[1] as string)?.release();
    await first.awaitNews('StreamAdded', COUNT + 1);
    await eventually('locks are prolonged', () => largest.has('locks.extend'));
    await suite.redis().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually('what is held has been verified', () => largest.has('group.owners'));
    const heir = await crew.start({}, measured(largest));
    await first.runtime.stop({ mode: 'abandon' });
    await heir.awaitNews('StreamAdded', COUNT - 1);
    await heir.runtime.stop();
    expect([...largest.keys()]).to.include.members([
      'lease.acquire',
      'lease.done',
      'lease.giveBack',
      'locks.take',
      'locks.extend',
      'locks.release',
      'group.owners',
      'group.requeue',
    ]);
    for (const [operation, length] of largest) expect(length, operation).to.be.below(MOST);
  });
});
