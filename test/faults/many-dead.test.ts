/** A group full of consumers that died with nothing pending: what a fleet leaves that was killed often. */
import { expect } from 'chai';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const DEAD = 3_000;

describe('thousands of dead consumers in the group', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { reconcileEveryMs: 3_600_000 });

  const hex = (n: number) => n.toString(16).padStart(8, '0');

  async function bury(count: number): Promise<void> {
    const redis = suite.redis();
    await redis.xgroup('CREATE', crew.lbs, crew.group, '0', 'MKSTREAM');
    const pipeline = redis.pipeline();
    for (let n = 0; n < count; n += 1) {
      pipeline.xgroup('CREATECONSUMER', crew.lbs, crew.group, `pod~${hex(n)}`);
    }
    await pipeline.exec();
  }

  async function asked(act: () => Promise<void>): Promise<number> {
    const calls = async () =>
      Number(/cmdstat_pttl:calls=(\d+)/.exec(await suite.redis().info('commandstats'))?.[1] ?? 0);
    const before = await calls();
    await act();
    return (await calls()) - before;
  }

  it('cost a sweep no more than some of them do, and are removed in slices; the living stay', async () => {
    await bury(DEAD);
    const alive = await suite.redis().set(`{${crew.lbs}}:presence:pod~${hex(7)}`, 'v1:1', 'PX', 600_000);
    expect(alive).to.equal('OK');
    const member = await crew.start();
    await crew.announce('held');
    await member.awaitNews('StreamAdded');
    await eventually('it sweeps', () => member.runtime.snapshot().reconciler.sweeps > 0);
    const before = member.runtime.snapshot().reconciler.sweeps;
    let swept = 0;
    const count = await asked(async () => {
      await eventually('it has swept three times', () => {
        swept = member.runtime.snapshot().reconciler.sweeps - before;
        return swept >= 3;
      });
    });
    expect(count).to.be.below((swept + 2) * 250);
    await eventually('all but the living are gone', async () => {
      const left = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[][];
      return left.length === 2;
    });
    const left = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[][];
    expect(left.map(([, name]) => name)).to.have.members([member.name, `pod~${hex(7)}`]);
    // What it owns has stayed certain all the while.
    expect(member.runtime.snapshot().lease).to.include({ lapses: 0 });
    expect(member.runtime.owned('held')).not.to.equal(undefined);
    for (const kind of ['StreamUncertain', 'StreamDisowned'] as const) {
      expect(member.told(kind)).to.deep.equal([]);
    }
  });

  it('hide no dead one that has streams', async () => {
    await bury(DEAD);
    await crew.announce('a');
    await suite
      .redis()
      .xreadgroup('GROUP', crew.group, `pod~${hex(DEAD)}`, 'COUNT', 1, 'STREAMS', crew.lbs, '>');
    const member = await crew.start();
    await member.awaitNews('StreamAdded');
  });
});
