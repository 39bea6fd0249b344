import { expect } from 'chai';
import { compareFencingTokens, type StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { historyOf, soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

/** Half a second to wait for a name would be long; two runtimes on two cores must still make every heartbeat. */
const heartbeatMs = keepable(500);

describe('a data stream that is announced twice', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('has one owner at a time in one consumer, the second with a larger token [C-NAME-1, C-NAME-2, C-ADD-7, C-DONE-1]', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening({ heartbeatMs });
    const ids = await announce(['twin', 'twin', 'single']);
    await log.first('StreamAdded', 'single');
    await eventually('the second one waits', () => runtime.snapshot().counters.parked === 1);
    expect(log.added).to.deep.equal(['twin', 'single']);
    expect(runtime.snapshot().owned).to.equal(2);

    const first = runtime.owned('twin') as StreamHandle;
    await first.done();
    await log.until('the second twin', () => log.added.filter((name) => name === 'twin').length === 2);
    const second = runtime.owned('twin') as StreamHandle;
    expect(compareFencingTokens(first.fencingToken, second.fencingToken)).to.be.below(0);
    expect(second.retryCount).to.equal(0);
    await second.done();
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends).to.include({ finished: 2, owned: 1 });
  });

  it('has one owner at a time across consumers [C-NAME-1, C-NAME-2]', async () => {
    const { announce, listening } = fleet();
    const one = await listening({ heartbeatMs, capacity: 1 });
    const [firstId] = await announce(['twin']);
    await one.log.first('StreamAdded', 'twin');
    const two = await listening({ heartbeatMs });
    const [secondId] = await announce(['twin']);
    await eventually('it waits', () => two.runtime.snapshot().counters.parked === 1);
    expect(two.log.all).to.deep.equal([]);

    await one.runtime.done({ id: firstId as string });
    await eventually(
      'somebody is given the second one',
      () => one.log.added.length + two.log.added.length === 2,
    );
    const ids = [firstId as string, secondId as string];
    const report = await soundHistory(suite.redis(), fleet(), ids);
    expect(report.ends).to.include({ finished: 1, owned: 1 });
  });

  it('is served again with a larger token after its owner gave it back [C-ADD-7]', async () => {
    const { announce, create } = fleet();
    const served: { token: string; retryCount: number }[] = [];
    const runtime = create({ heartbeatMs, handlerBackoff: { initialMs: 1, maxMs: 1 } });
    runtime.process((stream) => {
      served.push({ token: stream.fencingToken, retryCount: stream.retryCount });
      if (served.length === 1) throw new Error('the first time');
    });
    await runtime.start();
    const ids = await announce(['twin', 'twin']);
    await eventually('both are finished', () => runtime.snapshot().counters.finished === 2);

    expect(served.map(({ retryCount }) => retryCount).sort()).to.deep.equal([0, 0, 1]);
    served.slice(1).forEach(({ token }, index) => {
      expect(compareFencingTokens(served[index]?.token as string, token)).to.be.below(0);
    });
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('many times over is served one after the other, by whoever is free [C-NAME-1]', async () => {
    const { announce, create } = fleet();
    const running = new Map<string, number>();
    let most = 0;
    const runtimes = [1, 2].map(() => create({ heartbeatMs: keepable(300) }));
    for (const runtime of runtimes) {
      runtime.process(async ({ name }) => {
        running.set(name, (running.get(name) ?? 0) + 1);
        most = Math.max(most, running.get(name) ?? 0);
        await new Promise<void>((resolve) => setImmediate(resolve));
        running.set(name, (running.get(name) ?? 0) - 1);
      });
    }
    await Promise.all(runtimes.map((runtime) => runtime.start()));
    const ids = await announce(streamNames(60).map((_, index) => `name-${index % 10}`));
    const finished = () => runtimes.reduce((sum, runtime) => sum + runtime.snapshot().counters.finished, 0);
    await eventually('all are finished', () => finished() === 60);

    expect(most).to.equal(1);
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(0);
    const report = await soundHistory(suite.redis(), fleet(), ids);
    expect(report.ends.finished).to.equal(60);
  });

  it('leaves the capacity to others while it waits [C-NAME-1]', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening({ capacity: 3 });
    await announce(['twin', 'twin', 'twin', 'twin', 'twin', 'other-1', 'other-2', 'other-3']);
    await log.count('StreamAdded', 3);
    expect(log.added).to.deep.equal(['twin', 'other-1', 'other-2']);
    expect(runtime.snapshot()).to.include({ owned: 3, waiting: 0 });
    expect(runtime.snapshot().counters).to.include({ parked: 4 });
  });

  it('waits for its own name only, however many others wait longer [C-NAME-2]', async () => {
    const { announce, listening } = fleet();
    const { log, runtime } = await listening({ heartbeatMs, notificationBuffer: 2000 });
    await announce([...Array.from({ length: 600 }, () => 'held'), 'freed', 'freed']);
    await eventually('they wait', () => runtime.snapshot().counters.parked === 600);
    await runtime.owned('freed')?.done();
    await log.until('the second one', () => log.added.filter((name) => name === 'freed').length === 2);
  });

  it('goes on, one owner at a time, when its owner dies while others wait [C-NAME-1]', async () => {
    const { announce, listening } = fleet();
    const victim = await listening({ heartbeatMs, capacity: 1 });
    const ids = await announce(['twin']);
    await victim.log.first('StreamAdded', 'twin');
    const others = [await listening({ heartbeatMs }), await listening({ heartbeatMs })];
    ids.push(...(await announce(['twin', 'twin', 'twin'])));
    const waiting = () => others.reduce((sum, { runtime }) => sum + runtime.snapshot().counters.parked, 0);
    await eventually('three wait', () => waiting() === 3);
    await victim.runtime.stop({ mode: 'abandon' });

    for (let round = 1; round <= 4; round++) {
      const owner = await eventually(
        `owner ${round}`,
        () => others.find(({ runtime }) => runtime.owned('twin') !== undefined) ?? null,
      );
      await owner.runtime.owned('twin')?.done();
    }
    const report = await soundHistory(suite.redis(), fleet(), ids);
    expect(report).to.deep.include({ recovered: 1 });
    expect(report.ends.finished).to.equal(4);
  });

  it('is given to nobody twice when its waiting consumer dies [C-NAME-3]', async () => {
    const { announce, listening } = fleet();
    const one = await listening({ heartbeatMs, capacity: 1 });
    const ids = await announce(['twin']);
    await one.log.first('StreamAdded', 'twin');
    const two = await listening({ heartbeatMs });
    ids.push(...(await announce(['twin'])));
    await eventually('it waits', () => two.runtime.snapshot().counters.parked === 1);
    await two.runtime.stop({ mode: 'abandon' });
    await one.runtime.done({ id: ids[0] as string });

    const again = await one.log.until('the second twin', () => one.log.of('StreamAdded')[1] ?? null);
    expect(again, 'it had never been owned').to.include({ stream: 'twin', retryCount: 0 });
    await soundHistory(suite.redis(), fleet(), ids);
    expect((await historyOf(suite.redis(), fleet())).filter(({ op }) => op === 'acquired')).to.have.lengthOf(
      2,
    );
  });
});
