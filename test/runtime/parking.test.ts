import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const heartbeatMs = keepable(500);

describe('a name that is hot, and a name that is paused', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('starves nobody: others are assigned while 3,000 of one name wait [C-NAME-6]', async () => {
    const { announce, listening, names } = fleet();
    const { log, runtime } = await listening({ capacity: 50, heartbeatMs });
    const ids = await announce([...Array.from({ length: 3000 }, () => 'hot'), 'other-1', 'other-2']);
    await log.first('StreamAdded', 'other-2');
    expect(log.added).to.deep.equal(['hot', 'other-1', 'other-2']);
    expect(runtime.snapshot()).to.include({ owned: 3, waiting: 0 });
    await eventually('it is told', () => runtime.snapshot().parked.count === 2999);
    expect(runtime.snapshot().parked.hottest).to.deep.equal([{ name: 'hot', parked: 2999 }]);
    expect(runtime.health()).to.deep.include({ ready: true });
    expect(runtime.health().reasons.join()).to.include('"hot" (2999)');
    await runtime.owned('hot')?.done();
    await log.until('the second one', () => log.added.filter((name) => name === 'hot').length === 2);
    const aside = (await suite.redis().xrange(names.parking[0], '-', '+')).map(([id]) => `parked:${id}`);
    expect(aside).to.have.length(2998);
    expect(ids).to.have.length(3002);
  });

  it('is put aside in full batches, however little room there is [C-NAME-6]', async () => {
    const { announce, listening } = fleet();
    await announce([...Array.from({ length: 1000 }, () => 'hot'), 'other']);
    const reads = async () =>
      Number(/cmdstat_xreadgroup:calls=(\d+)/.exec(await suite.redis().info('commandstats'))?.[1] ?? 0);
    const before = await reads();
    const { log, runtime } = await listening({ capacity: 3, heartbeatMs });
    await log.first('StreamAdded', 'other');
    expect(runtime.snapshot().counters).to.include({ parked: 999, acquired: 2 });
    expect((await reads()) - before).to.be.below(40);
  });

  it('is served one after the other by a fleet [C-NAME-7]', async () => {
    const { announce, create, names } = fleet();
    const runtimes = [1, 2].map(() => create({ heartbeatMs }));
    for (const runtime of runtimes) {
      runtime.process(() => new Promise<void>((resolve) => setImmediate(resolve)));
    }
    await Promise.all(runtimes.map((runtime) => runtime.start()));
    const ids = await announce(Array.from({ length: 100 }, () => 'hot'));
    const finished = () => runtimes.reduce((sum, runtime) => sum + runtime.snapshot().counters.finished, 0);
    await eventually('all are finished', () => finished() === 100);
    const { ends } = await soundHistory(suite.redis(), fleet(), ids);
    expect(ends.finished).to.equal(100);
    expect(await suite.redis().exists(names.parking[1], names.parking[2], names.parking[3])).to.equal(0);
    expect(runtimes.reduce((sum, runtime) => sum + runtime.snapshot().counters.unparked, 0)).to.equal(0);
  });

  it('coalesces, and counts that [C-NAME-9]', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening({ heartbeatMs, duplicates: 'coalesce' });
    const ids = await announce(['hot', 'hot', 'hot', 'hot', 'other']);
    await log.first('StreamAdded', 'other');
    expect(runtime.snapshot().counters).to.include({ parked: 1, coalesced: 2 });
    await runtime.owned('hot')?.done();
    await log.until('the second one', () => log.added.filter((name) => name === 'hot').length === 2);
    await runtime.owned('hot')?.done();
    const { ends } = await soundHistory(suite.redis(), fleet(), ids);
    expect(ends).to.include({ finished: 2, coalesced: 2, owned: 1 });
  });

  it('is given to nobody while it is paused, and within a heartbeat when it is resumed [C-PAUSE-1, C-PAUSE-3]', async () => {
    const { announce, listening, names } = fleet();
    const { log, runtime } = await listening({ heartbeatMs });
    await using announcer = createProducer({ redis: suite.server().url, service: names.service });
    expect(await announcer.pause('hot')).to.deep.equal({ changed: true, parked: 0 });
    await announce(['hot', 'hot', 'other']);
    await log.first('StreamAdded', 'other');
    await eventually('both wait', () => runtime.snapshot().counters.parked === 2);
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('a heartbeat passes', () => runtime.snapshot().reconciler.sweeps > sweeps + 1);
    expect(log.added).to.deep.equal(['other']);
    expect(await announcer.resume('hot')).to.deep.equal({ changed: true, parked: 2 });
    await log.first('StreamAdded', 'hot');
    await announcer.pause('hot');
    await runtime.owned('hot')?.done();
    expect(runtime.owned('hot')).to.equal(undefined);
  });
});
