import { once } from 'node:events';
import { expect } from 'chai';
import { compareFencingTokens, type StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { parked } from '../support/parked.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('release()', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('gives a stream back to everyone, no retry spent [C-REL-1]', async () => {
    const { announce, listening, names } = fleet();
    const one = await listening();
    const ids = await announce(['wanders']);
    await one.log.first('StreamAdded', 'wanders');
    const handle = one.runtime.owned('wanders') as StreamHandle;
    await one.runtime.pause();
    const two = await listening();

    await handle.release();

    const added = await two.log.first('StreamAdded', 'wanders');
    expect(added).to.include({ retryCount: 0 });
    expect(compareFencingTokens(handle.id, added.id)).to.be.below(0);
    expect(handle.signal.reason).to.include({ code: 'StreamReleased' });
    expect(one.runtime.owned('wanders')).to.equal(undefined);
    expect(one.log.all).to.have.lengthOf(1);
    expect(await suite.redis().exists(names.lock('wanders', handle.id))).to.equal(0);
    expect(one.runtime.snapshot().counters).to.include({ handedOver: 1 });
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('may be answered by getting the stream again [C-REL-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(['back']);
    const { id } = await log.first('StreamAdded', 'back');
    await runtime.release({ id });
    const [, again] = await log.count('StreamAdded', 2);
    expect(again).to.include({ stream: 'back', retryCount: 0 });
  });

  it('is refused for what is not owned, or is on its way already [C-DONE-2]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(['gone']);
    const { id } = await log.first('StreamAdded', 'gone');
    const handle = runtime.owned('gone') as StreamHandle;
    const releasing = handle.release();
    expect(await rejection(handle.release())).to.include({ code: 'StreamNotOwned' });
    expect(await rejection(handle.done())).to.include({ code: 'StreamNotOwned' });
    await releasing;
    expect(await rejection(runtime.release({ id }))).to.include({ code: 'StreamNotOwned' });
  });

  it('lets the handler return before anybody else is given the stream [C-REL-2]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    let running = 0;
    let served = 0;
    runtime.process(async ({ signal }) => {
      running += 1;
      expect(running).to.equal(1);
      served += 1;
      if (served === 1) {
        await once(signal, 'abort');
        // It takes its time, on a lease that is kept.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      running -= 1;
    });
    await runtime.start();
    const ids = await announce(['slow']);
    await eventually('its handler runs', () => running === 1);
    await (runtime.owned('slow') as StreamHandle).release();
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(served).to.equal(2);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('asked for by the handler as well, in the middle of one that waits for it, waits no longer [C-REL-2]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ handOverGraceMs: 60_000 });
    runtime.process(async (stream) => {
      await once(stream.signal, 'abort');
      await stream.release({ afterMs: 3_600_000 });
    });
    await runtime.start();
    const [id] = await announce(['later']);
    await eventually('it is owned', () => runtime.owned('later') !== undefined);
    await runtime.release({ id: id as string });
    expect(runtime.snapshot().counters.delayed).to.equal(1);
  });

  it('may be called by the handler [C-REL-2, C-HAND-2]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    const served: number[] = [];
    runtime.process(async (stream) => {
      served.push(stream.retryCount);
      if (served.length < 3) await stream.release();
    });
    await runtime.start();
    const ids = await announce(['not yet']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(served).to.deep.equal([0, 0, 0]);
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(1);
  });
});

describe('pause()', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('ends the reading, once it resolves, until resume() [C-PAU-1]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await announce(['before']);
    await log.first('StreamAdded', 'before');
    await parked(suite.redis(), runtime.consumer);

    await runtime.pause();
    const seen = log.all.length;
    await announce(streamNames(10));
    expect(runtime.health()).to.deep.equal({ live: true, ready: false, reasons: ['paused'] });
    const until = runtime.owned('before')?.validUntil ?? 0;
    await eventually(
      'what is owned stays owned',
      () => (runtime.owned('before')?.validUntil ?? 0) > until + 500,
    );
    expect(log.all).to.have.lengthOf(seen);
    expect((await suite.redis().xpending(names.lbs, names.group))[0]).to.equal(1);

    runtime.resume();
    await log.count('StreamAdded', 11);
    expect(runtime.health().ready).to.equal(true);
  });

  it('has told of everything that was read when it resolves [C-PAU-1]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    for (let round = 0; round < 20; round++) {
      if (round % 2 === 0) await parked(suite.redis(), runtime.consumer);
      const adding = announce(streamNames(5, `round-${round}`));
      await runtime.pause();
      const seen = runtime.snapshot().counters.acquired;
      await adding;
      const [delivered] = (await suite.redis().xpending(names.lbs, names.group)) as [number];
      expect(delivered, `round ${round}`).to.equal(seen);
      runtime.resume();
    }
    await log.count('StreamAdded', 100);
  });

  it('before start() makes a runtime that starts without reading', async () => {
    const { announce, create, listen } = fleet();
    const runtime = create();
    const log = listen(runtime);
    await runtime.pause();
    await runtime.start();
    await announce(['waits']);
    await eventually('some sweeps', () => runtime.snapshot().reconciler.sweeps > 1);
    expect(log.all).to.deep.equal([]);
    runtime.resume();
    await log.first('StreamAdded', 'waits');
  });

  it('can be followed by a stop', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    await announce(['owned']);
    await log.first('StreamAdded', 'owned');
    await runtime.pause();
    expect(await runtime.stop()).to.include({ handedOver: 1 });
  });
});
