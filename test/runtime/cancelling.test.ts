import { once } from 'node:events';
import * as chai from 'chai';
import { expect } from 'chai';
import { createProducer, type StreamHandle } from '../../src/index.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { loadRecording, recordings } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { heldCall } from '../support/held-call.js';
import { useProducer } from '../support/producers.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

chai.use(recordings);

const HOUR_MS = 3_600_000;

describe('a stream that a producer cancels', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const folder = useFolder();
  const producer = useProducer(suite, fleet);

  const left = async () => {
    const { lbs, owners } = fleet().names;
    return [await suite.redis().xlen(lbs), (await suite.redis().hkeys(owners)).filter((name) => name !== '')];
  };

  it('is gone at once where nobody has it, and is none where it is not there [C-CAN-1]', async () => {
    const id = await producer().add('waiting');
    const later = await producer().add('later', null, { delayMs: HOUR_MS });
    expect(await producer().cancelMany(['waiting', 'later', 'none'])).to.deep.equal([
      { cancelled: 'waiting', ids: [id] },
      { cancelled: 'delayed', ids: [later] },
      { cancelled: 'none', ids: [] },
    ]);
    expect(await left()).to.deep.equal([0, []]);
  });

  it('aborts the signal of its owner, and is finished when the handler has returned [C-CAN-2]', async () => {
    const runtime = fleet().create();
    const reasons: unknown[] = [];
    let hasReturned = false;
    runtime.process(async ({ signal }) => {
      await once(signal, 'abort');
      reasons.push(signal.reason);
      // Still its own: nobody else is given the name meanwhile.
      expect((await left())[0]).to.equal(1);
      hasReturned = true;
    });
    const log = fleet().listen(runtime);
    await runtime.start();
    const id = await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    expect(await producer().cancel('one')).to.deep.equal({ cancelled: 'owned', ids: [id] });
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(hasReturned).to.equal(true);
    expect(reasons[0]).to.include({ code: 'StreamCancelled', retriable: false });
    expect(log.all.some((told) => told.type === 'StreamCancelled' && told.id === id)).to.equal(true);
    expect(await left()).to.deep.equal([0, []]);
    expect(runtime.snapshot().counters).to.include({ cancelled: 1, handlerFailures: 0 });
  });

  it('is finished without a handler as soon as its owner has heard of it [C-CAN-2]', async () => {
    const { runtime, log } = await fleet().listening();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    const { signal } = runtime.owned('one') as StreamHandle;
    await producer().cancel('one');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(signal.reason).to.include({ code: 'StreamCancelled' });
    expect(log.all.some(({ type }) => type === 'StreamDisowned')).to.equal(false);
  });

  it('is finished when the grace is over, whoever ignores the signal [C-CAN-2]', async () => {
    const runtime = fleet().create({ handOverGraceMs: 50 });
    let letGo = () => {};
    runtime.process(() => new Promise<void>((resolve) => (letGo = resolve)));
    await runtime.start();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    await producer().cancel('one');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    letGo();
  });

  it('spends no retry during a back-off [C-CAN-2]', async () => {
    const runtime = fleet().create({ handlerBackoff: { initialMs: 60_000, maxMs: 60_000 } });
    let calls = 0;
    runtime.process(() => {
      calls += 1;
      throw new Error('no');
    });
    await runtime.start();
    await producer().add('one');
    await eventually('it has failed', () => runtime.snapshot().streams[0]?.state === 'backingOff');
    await producer().cancel('one');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(calls).to.equal(1);
    expect(await left()).to.deep.equal([0, []]);
  });

  it('is finished also where a done() of its handler is refused meanwhile, as it was touched [C-CAN-2, C-ENS-6]', async () => {
    const done = heldCall('lease', 'done');
    const runtime = fleet().create({}, done.substitutes);
    const refusals: unknown[] = [];
    runtime.process(async (stream) => {
      await producer().ensure('one');
      refusals.push(await rejection(stream.done({ ifTouches: 0 })));
    });
    await runtime.start();
    const executed = done.next();
    await producer().add('one');
    await executed;
    await producer().cancel('one');
    await eventually('its owner has heard of it', () => runtime.snapshot().counters.cancelled === 1);
    done.letGo();
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(refusals[0]).to.include({ code: 'StreamTouched' });
    expect(await left()).to.deep.equal([0, []]);
  });

  it('is finished by a stop that comes first, and counts as nothing that went back [C-CAN-3]', async () => {
    const beat = heldCall('lease', 'refresh');
    const runtime = fleet().create({}, beat.substitutes);
    runtime.process(({ signal }) => once(signal, 'abort').then(() => {}));
    await runtime.start();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    await producer().cancel('one');
    const report = await runtime.stop();
    expect(report.stragglers).to.deep.equal([]);
    expect(await left()).to.deep.equal([0, []]);
  });

  it('is finished, and given to nobody, when its owner dies before it has heard of it [C-CAN-3]', async () => {
    const victim = fleet().create();
    victim.process(({ signal }) => once(signal, 'abort').then(() => {}));
    await victim.start();
    await producer().add('one');
    await eventually('it is owned', () => victim.owned('one') !== undefined);
    await producer().cancel('one');
    await victim.stop({ mode: 'abandon' });
    const heir = await fleet().start();
    await eventually('nothing is left', async () => (await left())[0] === 0);
    expect(heir.snapshot().counters.acquired).to.equal(0);
  });

  it('of the next announcement nothing is lost: it is begun when the cancelled one is over [C-CAN-4]', async () => {
    const runtime = fleet().create();
    const begun: StreamHandle[] = [];
    let atOnce = 0;
    runtime.process(async (stream) => {
      begun.push(stream);
      atOnce += 1;
      expect(atOnce).to.equal(1);
      if (begun.length === 1) await once(stream.signal, 'abort');
      atOnce -= 1;
    });
    await runtime.start();
    await producer().ensure('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    await producer().cancel('one');
    expect(await producer().ensure('one')).to.have.property('created', true);
    await eventually('both are finished', () => runtime.snapshot().counters.finished === 2);
    expect(begun).to.have.length(2);
  });

  it('is cancelled though the answer was lost [C-CAN-6]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    await using lossy = createProducer({ redis: proxy.url, service: fleet().service, timeoutMs: 5000 });
    try {
      await lossy.cancel('zero');
      await producer().add('one');
      const armed = proxy.arm({ fault: 'cutReply', matches: (args) => args[1] === SCRIPTS.cancel.sha });
      expect(await lossy.cancel('one')).to.have.property('cancelled', 'none');
      expect(armed.struck).to.equal(1);
      expect(await left()).to.deep.equal([0, []]);
    } finally {
      await proxy.close();
    }
  });

  it('is refused where it is no name, before anything is sent [C-CAN-6]', async () => {
    for (const name of ['', 'half of \ud83d', 7 as unknown as string]) {
      expect(await rejection(producer().cancel(name))).to.include({ code: 'InvalidOption' });
    }
    expect(await rejection(producer().cancelMany('one' as never))).to.include({ code: 'InvalidOption' });
    expect(await producer().cancelMany([])).to.deep.equal([]);
    await producer().close();
    expect(await rejection(producer().cancel('one'))).to.include({ code: 'RuntimeStopped' });
  });

  it('is recorded so that it replays [C-CAN-2]', async () => {
    const { runtime } = await fleet().listening();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    const recording = runtime.record({ file: folder('cancelled.jsonl') });
    await producer().cancel('one');
    await eventually('it is let go', () => runtime.snapshot().streams.length === 0);
    await recording.stop();
    const recorded = await loadRecording(folder('cancelled.jsonl'));
    expect(recorded).to.replay();
    expect(recorded).to.visitInOrder(['acking', 'released'], { machine: 'ownership' });
  });
});
