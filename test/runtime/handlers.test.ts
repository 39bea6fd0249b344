import { once } from 'node:events';
import { expect } from 'chai';
import type { StreamHandle } from '../../src/index.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const never = { initialMs: 60_000, maxMs: 60_000 };

describe('a handler', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** A logger that keeps messages with what they are about. */
  function keeping(lines: string[]) {
    const note = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
    return { debug: () => {}, info: () => {}, warn: note, error: note };
  }

  it('whose success cannot be recorded is not called again; that is logged [C-HAND-2]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    try {
      const { announce, create } = fleet();
      const lines: string[] = [];
      const runtime = create({ redis: proxy.url, logger: keeping(lines) });
      let calls = 0;
      runtime.process(() => {
        calls += 1;
      });
      await runtime.start();
      const { sha, source } = SCRIPTS.done;
      // So that what is struck is executed, and not refused for want of the script.
      await suite.redis().script('LOAD', source);
      proxy.arm({ fault: 'cutReply', matches: (args) => args[1] === sha });
      await announce(['one']);
      await eventually('nobody knows', () => runtime.snapshot().counters.unknownOutcomes === 1);
      await eventually('it is logged', () =>
        lines.some((line) => line.includes('could not be recorded') && line.includes('OutcomeUnknown')),
      );
      await announce(['two']);
      await eventually('it goes on', () => runtime.snapshot().counters.finished === 1);
      expect(calls).to.equal(2);
      expect(runtime.snapshot().counters.handlerFailures).to.equal(0);
    } finally {
      await proxy.close();
    }
  });

  it('that throws is told why its stream goes back, after the back-off [C-HAND-3]', async () => {
    const { announce, create, listen } = fleet();
    const runtime = create({ handlerBackoff: { initialMs: 20, maxMs: 20 } });
    const log = listen(runtime);
    const thrown = new Error('no');
    const handles: StreamHandle[] = [];
    runtime.process((stream) => {
      handles.push(stream);
      // Made now, so that it is seen to be whole while the handler runs.
      expect(stream.signal.aborted).to.equal(false);
      if (handles.length === 1) throw thrown;
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    const [first, second] = handles;
    expect(first?.signal.reason).to.include({ code: 'StreamReleased', cause: thrown });
    expect(second?.retryCount).to.equal(1);
    expect(log.all.map(({ type }) => type)).to.deep.equal(['StreamAdded', 'StreamFailed', 'StreamAdded']);
  });

  it('that threw leaves its stream in its place, which is ready, until done() ends the back-off [C-HAND-3, C-CAP-1]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ capacity: 1, heartbeatMs: keepable(400), handlerBackoff: never });
    const called: string[] = [];
    runtime.process(({ name }) => {
      called.push(name);
      if (name === 'bad') throw new Error('no');
    });
    await runtime.start();
    await announce(['bad', 'next']);
    await eventually('it has failed', () => runtime.snapshot().counters.handlerFailures === 1);
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('heartbeats pass', () => runtime.snapshot().reconciler.sweeps > sweeps + 1);
    expect(called).to.deep.equal(['bad']);
    expect((await suite.redis().xpending(fleet().names.lbs, fleet().names.group))[0]).to.equal(1);
    expect(runtime.health()).to.deep.equal({ live: true, ready: true, reasons: [] });
    await runtime.owned('bad')?.done();
    await eventually('both are finished', () => runtime.snapshot().counters.finished === 2);
    expect(called).to.deep.equal(['bad', 'next']);
  });

  it('that threw has its retry back when its stream is released during the back-off [C-HAND-3, C-REL-1]', async () => {
    const { announce, create } = fleet();
    const runtime = create({ handlerBackoff: never });
    const counts: number[] = [];
    runtime.process(({ retryCount }) => {
      counts.push(retryCount);
      if (counts.length === 1) throw new Error('no');
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it has failed', () => runtime.snapshot().counters.handlerFailures === 1);
    await runtime.owned('one')?.release();
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(counts).to.deep.equal([0, 0]);
  });

  it('that ignores its signal keeps its place; the next owner begins beside it [C-HAND-4, C-REL-2, C-LOST-4]', async () => {
    const { announce, create, listening } = fleet();
    const lines: string[] = [];
    const runtime = create({ handOverGraceMs: 50, logger: keeping(lines) });
    const called: string[] = [];
    let leave = () => {};
    runtime.process(
      ({ name }) => {
        called.push(name);
        return name === 'deaf' ? new Promise<void>((resolve) => (leave = resolve)) : undefined;
      },
      { concurrency: 1 },
    );
    await runtime.start();
    const ids = await announce(['deaf']);
    await eventually('it runs', () => called.length === 1);
    const other = await listening();
    // So that the other one is given it.
    await runtime.pause();
    await runtime.owned('deaf')?.release();
    await other.log.first('StreamAdded', 'deaf');
    expect(lines.some((line) => line.includes('ignored their signal') && line.includes('deaf'))).to.equal(
      true,
    );

    await other.runtime.pause();
    runtime.resume();
    await announce(['waits']);
    await eventually('it is owned', () => runtime.owned('waits') ?? null);
    expect(called).to.deep.equal(['deaf']);
    leave();
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(called).to.deep.equal(['deaf', 'waits']);
    expect(other.runtime.owned('deaf'), 'returning late was not done').not.to.equal(undefined);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('may finish what it nearly had when a stop begins [C-HAND-5]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    runtime.process(async (stream) => {
      await once(stream.signal, 'abort');
      await stream.done();
    });
    await runtime.start();
    const ids = await announce(['nearly']);
    await eventually('it runs', () => runtime.owned('nearly') ?? null);
    expect(await runtime.stop()).to.deep.include({ handedOver: 0, stragglers: [], abandoned: [] });
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(1);
  });

  it('that throws after it has finished its stream has not failed [C-HAND-6]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    let calls = 0;
    runtime.process(async (stream) => {
      calls += 1;
      await stream.done();
      throw new Error('afterwards');
    });
    await runtime.start();
    await announce(['one']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    await announce(['two']);
    await eventually('it goes on', () => runtime.snapshot().counters.finished === 2);
    expect(calls).to.equal(2);
    expect(runtime.snapshot().counters).to.include({ handlerFailures: 0, requeued: 0 });
  });

  it('that nobody reads notifications beside has them dropped and counted [C-BUF-2]', async () => {
    const { announce, create } = fleet();
    const runtime = create();
    runtime.process(() => {});
    await runtime.start();
    await announce(['one', 'two']);
    await eventually('both are finished', () => runtime.snapshot().counters.finished === 2);
    expect(runtime.snapshot().counters.notificationsDropped).to.equal(2);
  });
});
