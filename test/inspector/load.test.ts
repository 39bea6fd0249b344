import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { useInspectors } from '../support/inspector.js';
import { useRedis } from '../support/redis.js';
import { streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

const STREAMS = 10_000;
const SECONDS = 8;
/** Streams are finished and announced anew in so many steps a second, so many at a time: 1,000 messages a second, as each makes four. */
const STEPS = 20;
const AT_ONCE = 13;
const LIMITS = { maxWaiting: 512 * 1024, maxStallMs: 60_000 };

describe('the inspector under load', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();

  /** Streams come and go for some seconds, at a steady rate. */
  async function churn(runtime: TestRuntime): Promise<void> {
    for (let step = 0; step < SECONDS * STEPS; step++) {
      const begun = performance.now();
      const some = [];
      for (const stream of runtime.ownedStreams()) {
        some.push(stream);
        if (some.length === AT_ONCE) break;
      }
      await Promise.all(some.map((stream) => stream.done()));
      await fleet().announce(some.map((_, at) => `new-${step}-${at}`));
      await delay(Math.max(0, 1000 / STEPS - (performance.now() - begun)));
    }
  }

  it('drops a viewer that does not read, and nobody else notices', async function () {
    this.timeout(120_000);
    const { runtime, log } = await fleet().listening({ capacity: STREAMS + 1000, heartbeatMs: 2000 });
    await fleet().announce(streamNames(STREAMS));
    await eventually('all are owned', () => log.all.length >= STREAMS, { timeoutMs: 30_000 });
    const inspector = await inspectors.open({}, { viewerLimits: LIMITS });
    inspector.attach(runtime);
    const good = await inspectors.view(inspector);
    const known = await good.ready(runtime);
    expect(known.presentAtReady).to.be.at.least(STREAMS);
    const stalled = await inspectors.view(inspector);
    const { viewer } = stalled.hello;
    stalled.pause();

    const delays = monitorEventLoopDelay({ resolution: 10 });
    delays.enable();
    await churn(runtime);
    delays.disable();

    // It sees on its end that it was dropped only when it reads again.
    stalled.resume();
    await eventually('the stalled one was dropped', () => stalled.hasEnded);
    const again = await inspectors.view(inspector, { 'last-event-id': viewer });
    expect(again.hello.dropped).to.include({ why: 'stalled' });
    // One message may go beyond the limit, and no more than one.
    expect(again.hello.dropped?.waiting).to.be.within(LIMITS.maxWaiting, LIMITS.maxWaiting + 512 * 1024);
    await again.ready(runtime);

    await eventually('the other one knows all that is', () => {
      const { streams } = runtime.snapshot();
      expect(Object.keys(known.owned())).to.have.members(streams.map(({ name }) => name));
    });
    const told = known.messages.length + known.skipped;
    expect(told).to.be.at.least(SECONDS * STEPS * AT_ONCE * 3);
    expect(log.of('StreamUncertain')).to.deep.equal([]);
    expect(log.of('StreamDisowned')).to.deep.equal([]);
    expect(runtime.snapshot().lease).to.include({ certain: true, lapses: 0, misses: 0 });
    if (process.env.INSPECTOR_FIGURES) {
      console.log({
        told,
        loopDelayMs: {
          p50: delays.percentile(50) / 1e6,
          p99: delays.percentile(99) / 1e6,
          max: delays.max / 1e6,
        },
        dropped: again.hello.dropped,
      });
    }
  });
});
