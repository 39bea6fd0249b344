import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Dropped } from '../../src/inspector/protocol.js';
import { eventually } from '../support/eventually.js';
import { useInspectors, View } from '../support/inspector.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

const STREAMS = 10_000;
const SECONDS = 8;
/** Where the computer is slow, it takes longer until the buffers of the system are full. */
const MOST_SECONDS = 60;
/** Streams are finished and announced anew in so many steps a second, so many at a time: 1,000 messages a second, as each makes four. */
const STEPS = 20;
const AT_ONCE = 13;
const LIMITS = { maxWaiting: 512 * 1024, maxStallMs: 60_000 };

describe('the inspector under load', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const inspectors = useInspectors();
  let count = 0;

  /** Streams come and go for a second, at a steady rate. */
  async function churn(runtime: TestRuntime): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      const begun = performance.now();
      const some = [];
      for (const stream of runtime.ownedStreams()) {
        some.push(stream);
        if (some.length === AT_ONCE) break;
      }
      await Promise.all(some.map((stream) => stream.done()));
      count += 1;
      await fleet().announce(some.map((_, at) => `new-${count}-${at}`));
      await delay(Math.max(0, 1000 / STEPS - (performance.now() - begun)));
    }
  }

  /** Why a viewer was dropped, if it was. */
  async function droppedOf(viewer: string, url: string): Promise<Dropped | null> {
    const view = await View.open(url, { 'last-event-id': viewer });
    view.close();
    return view.hello.dropped;
  }

  it('drops a viewer that does not read, and nobody else notices', async () => {
    const { runtime, log } = await fleet().listening({
      capacity: STREAMS + 1000,
      heartbeatMs: keepable(4000),
    });
    await fleet().announce(streamNames(STREAMS));
    await eventually('all are owned', () => log.added.length >= STREAMS);
    const inspector = await inspectors.open({}, { viewerLimits: LIMITS });
    inspector.attach(runtime);
    const good = await inspectors.view(inspector);
    const known = await good.ready(runtime);
    expect(known.presentAtReady).to.be.at.least(STREAMS);
    const stalled = await inspectors.view(inspector);
    const { viewer } = stalled.hello;
    stalled.pause();

    let dropped: Dropped | null = null;
    for (let second = 0; second < MOST_SECONDS && (second < SECONDS || dropped === null); second++) {
      await churn(runtime);
      dropped ??= await droppedOf(viewer, inspector.url);
    }
    expect(dropped).to.include({ why: 'stalled' });
    // One message may go beyond the limit, and no more than one.
    expect(dropped?.waiting).to.be.within(LIMITS.maxWaiting, LIMITS.maxWaiting + 512 * 1024);
    // It reads what had reached it, and then there is no more.
    stalled.resume();
    await eventually('its connection has ended', () => stalled.hasEnded);
    await (await inspectors.view(inspector)).ready(runtime);

    await eventually('the other one knows all that is', () => {
      const { streams } = runtime.snapshot();
      expect(Object.keys(known.owned())).to.have.members(streams.map(({ name }) => name));
    });
    const told = known.messages.length + known.skipped;
    expect(told).to.be.at.least(SECONDS * STEPS * AT_ONCE * 3);
    expect(log.of('StreamUncertain')).to.deep.equal([]);
    expect(log.of('StreamDisowned')).to.deep.equal([]);
    expect(runtime.snapshot().lease).to.include({ certain: true, lapses: 0, misses: 0 });
  });
});
