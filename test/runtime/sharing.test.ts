import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

/** Longer than a busy machine stands still: nobody is to look dead here. */
const heartbeatMs = 10_000;

describe('sharing streams out', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('gives every one of thousands of streams to exactly one of several consumers [C-OVL-1]', async () => {
    const { announce, listening, names } = fleet();
    const consumers = await Promise.all(
      [1, 2, 3, 4].map(() => listening({ notificationBuffer: 5000, heartbeatMs })),
    );
    const ids = await announce(streamNames(3000));

    const total = () => consumers.reduce((sum, { log }) => sum + log.of('StreamAdded').length, 0);
    // What each of them is about, should it come to that.
    const views = () =>
      consumers.map(({ runtime, log }) => {
        const { owned, lease, counters } = runtime.snapshot();
        return `${log.added.length} added, ${owned} owned, ${counters.acquired} acquired, lease ${lease.state}, ${lease.lapses} lapses`;
      });
    await eventually('all are added', () => {
      if (total() < 3000) throw new Error(views().join('; '));
    });

    const added = consumers.flatMap(({ log }) => log.of('StreamAdded'));
    expect(added).to.have.lengthOf(3000);
    expect(new Set(added.map(({ id }) => id))).to.deep.equal(new Set(ids));
    for (const { log, runtime } of consumers) {
      expect([...log.of('StreamDisowned'), ...log.of('StreamExpired')]).to.deep.equal([]);
      expect(runtime.snapshot().owned).to.equal(log.added.length);
    }
    const pending = await suite.redis().xpending(names.lbs, names.group);
    expect(pending[0]).to.equal(3000);
    const report = await soundHistory(suite.redis(), fleet(), ids);
    expect(report.ends.owned).to.equal(3000);
  });

  it('lets two consumers with room for 600 share a backlog of 1000 [C-CAP-1]', async () => {
    const { announce, create, listen } = fleet();
    await announce(streamNames(1000));
    const options = { capacity: 600, notificationBuffer: 1000, heartbeatMs };
    const [one, two] = [create(options), create(options)];
    const [logOne, logTwo] = [listen(one), listen(two)];
    await Promise.all([one.start(), two.start()]);

    await eventually('all are added', () => logOne.added.length + logTwo.added.length === 1000);

    expect(Math.max(logOne.added.length, logTwo.added.length)).to.be.at.most(600);
    expect(new Set([...logOne.added, ...logTwo.added]).size).to.equal(1000);
  });

  it('delivers what was added before the first consumer ever started [C-ADD-4]', async () => {
    const { announce, listening } = fleet();
    const [id] = await announce(['early'], { from: 'before' });
    const { log } = await listening();
    expect(await log.first('StreamAdded', 'early')).to.deep.include({
      id,
      info: { from: 'before' },
      retryCount: 0,
    });
  });

  it('delivers an entry that is added while the consumer waits for one', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening();
    await announce(['late']);
    const { id } = await log.first('StreamAdded', 'late');
    expect(runtime.owned('late')?.id).to.equal(id);
  });
});
