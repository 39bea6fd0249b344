import { expect } from 'chai';
import type { StreamHandler } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('process()', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('finishes each stream whose handler returns, with or without a promise [C-HAND-1, C-HAND-2]', async () => {
    const { announce, create, names } = fleet();
    const [one, two] = [create(), create()];
    const handled: string[] = [];
    one.process(({ name }) => void handled.push(name));
    two.process(async ({ name }) => {
      handled.push(name);
    });
    await Promise.all([one.start(), two.start()]);
    const ids = await announce(streamNames(500));
    await eventually('all are finished', async () => (await suite.redis().xlen(names.lbs)) === 0);
    expect(handled.sort()).to.deep.equal(streamNames(500).sort());
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(500);
  });

  it('takes on what is owned already when it is attached [C-HAND-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(['before']);
    await log.first('StreamAdded', 'before');
    const handled: string[] = [];
    runtime.process(({ name }) => void handled.push(name));
    await announce(['after']);
    await eventually('both are finished', () => runtime.snapshot().counters.finished === 2);
    expect(handled).to.deep.equal(['before', 'after']);
  });

  it('runs no more handlers at once than it was told to, also of what is owned already [C-HAND-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(streamNames(10));
    await log.count('StreamAdded', 10);
    let running = 0;
    let most = 0;
    runtime.process(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => setImmediate(resolve));
        running -= 1;
      },
      { concurrency: 2 },
    );
    await eventually('all are finished', () => runtime.snapshot().counters.finished === 10);
    expect(most).to.equal(2);
  });

  it('lets the handler finish its stream itself [C-HAND-2, C-HAND-6]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    runtime.process((stream) => stream.done());
    await runtime.start();
    const ids = await announce(streamNames(20));
    await eventually('all are finished', () => runtime.snapshot().counters.finished === 20);
    expect(runtime.snapshot().counters).to.include({ handlerFailures: 0, lost: 0 });
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(20);
  });

  it('goes on telling whoever reads the notifications', async () => {
    const { announce, create, listen } = fleet();
    const runtime = create();
    const log = listen(runtime);
    runtime.process(() => {});
    await runtime.start();
    await announce(streamNames(50));
    await log.count('StreamAdded', 50);
    expect(log.added).to.deep.equal(streamNames(50));
  });

  it('is refused twice, and for what is no handler or no concurrency [C-HAND-1]', async () => {
    const { create } = fleet();
    const runtime = create();
    expect(() => runtime.process('no' as unknown as StreamHandler))
      .to.throw()
      .with.property('code', 'InvalidOption');
    for (const concurrency of [0, -1, 1.5, Number.NaN]) {
      expect(() => runtime.process(() => {}, { concurrency }))
        .to.throw()
        .with.property('code', 'InvalidOption');
    }
    runtime.process(() => {});
    expect(() => runtime.process(() => {}))
      .to.throw()
      .with.property('code', 'ProcessorAttached');
  });
});
