import { expect } from 'chai';
import { isStreamwardenError, type StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { soundHistory } from '../support/history.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('while Redis cannot be reached', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  it('a runtime lives on, is not ready and degraded, and reads on afterwards [C-OUT-1, C-DEG-2]', async () => {
    const { announce, listening } = fleet();
    const delays = new Set<number>();
    const clock = {
      random: () => 0,
      setTimeout(callback: () => void, delayMs: number) {
        delays.add(delayMs);
        return setTimeout(callback, delayMs);
      },
      clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
    } as never;
    const heartbeatMs = keepable(1400);
    const { runtime, log } = await listening({ redis: proxy().url, heartbeatMs, clock });
    await announce(['before']);
    await log.first('StreamAdded', 'before');
    proxy().refuse();
    await log.first('StreamUncertain', 'before');
    await eventually('it is degraded', () => runtime.state === 'degraded');
    const troubled = Object.keys(runtime.snapshot().troubles);
    expect(troubled.map((child) => child.split('/')[0])).to.deep.equal(['masterSubscription']);
    expect(runtime.health()).to.include({ live: true, ready: false });
    expect(runtime.health().reasons.join()).to.match(/no connection to Redis/);
    // Ever later, up to half a heartbeat, or a second; by chance down to half of that.
    const latest = Math.min(1000, heartbeatMs / 2);
    await eventually('it has tried to connect', () =>
      [50, 100, 200, 400, latest].every((ms) => delays.has(ms / 2)),
    );
    proxy().allow();
    await log.first('StreamConfirmed', 'before');
    await announce(['after']);
    await log.first('StreamAdded', 'after');
    await eventually('all is well', () => runtime.state === 'running' && runtime.health().ready);
    expect(log.of('StreamTerminated')).to.deep.equal([]);
  });

  it('so many reads may fail in a row; one more ends the runtime, which abandons its streams [C-OUT-2, C-OUT-4, C-TERM-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening({
      redis: proxy().url,
      heartbeatMs: keepable(300),
      handOverGraceMs: 0,
      readRetry: { attempts: 2, initialMs: 5, maxMs: 10 },
    });
    await announce(['left']);
    await log.first('StreamAdded', 'left');
    proxy().refuse();
    const { reason, error } = await log.first('StreamTerminated');
    expect(reason).to.equal('failed');
    if (!isStreamwardenError(error, 'ReadRetriesExhausted')) throw error;
    expect(error.details.failures).to.equal(3);
    expect(log.all.at(-1)?.type).to.equal('StreamTerminated');
    expect(await runtime.stop()).to.deep.include({ handedOver: 0, abandoned: ['left'] });
    expect((await runtime.closed).error).to.equal(error);
  });

  it('a runtime that gives up reading lets its handlers finish first [C-OUT-4]', async () => {
    const { announce, create, listen } = fleet();
    const runtime = create({ redis: proxy().url, readRetry: { attempts: 0, initialMs: 1, maxMs: 1 } });
    const log = listen(runtime);
    let finish = () => {};
    runtime.process(() => new Promise<void>((resolve) => (finish = resolve)));
    await runtime.start();
    const ids = await announce(['at work']);
    await log.first('StreamAdded', 'at work');
    proxy().cut();
    await eventually('it is on its way out', () => runtime.state === 'draining');
    const { live, ready } = runtime.health();
    expect({ live, ready }).to.deep.equal({ live: true, ready: false });
    expect(runtime.owned('at work')?.signal.aborted).to.equal(false);
    finish();
    expect((await log.first('StreamTerminated')).error).to.include({ code: 'ReadRetriesExhausted' });
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(1);
    expect(runtime.health().live).to.equal(false);
  });

  for (const why of ['paused', 'full'] as const) {
    it(`a runtime that is ${why} does not read, and so fails at nothing [C-OUT-3]`, async () => {
      const { announce, listening } = fleet();
      /** Of what the lease was asked to look. */
      const whys: unknown[] = [];
      const { runtime, log } = await listening({
        redis: proxy().url,
        capacity: 1,
        heartbeatMs: keepable(400),
        readRetry: { attempts: 0, initialMs: 1, maxMs: 1 },
        inspect: (event) => {
          if (event.type === '@xstate.event') whys.push((event as { event?: { why?: unknown } }).event?.why);
        },
      });
      await announce(['one', 'two']);
      await log.first('StreamAdded', 'one');
      if (why === 'paused') await runtime.pause();
      proxy().refuse();
      await log.first('StreamUncertain', 'one');
      whys.length = 0;
      proxy().allow();
      await log.first('StreamConfirmed', 'one');
      await eventually('its reader is connected', () => whys.includes('reader connected'));
      await runtime.owned('one')?.done();
      if (why === 'paused') runtime.resume();
      await log.first('StreamAdded', 'two');
      expect(log.of('StreamTerminated')).to.deep.equal([]);
    });
  }

  it('a long delay between two reads ends when the connection comes back [C-OUT-3]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening({
      redis: proxy().url,
      readRetry: { attempts: -1, initialMs: 600_000, maxMs: 600_000 },
    });
    proxy().refuse();
    await eventually('it has noticed', () => !runtime.health().ready);
    proxy().allow();
    await announce(['one']);
    await log.first('StreamAdded', 'one');
  });

  it('done() and release() wait, and are carried out when the lease is confirmed [C-DONE-3, C-REL-1]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ redis: proxy().url, heartbeatMs: keepable(500) });
    const ids = await announce(['finished', 'released', 'kept']);
    await log.count('StreamAdded', 3);
    const [finished, released] = ['finished', 'released'].map((name) => runtime.owned(name) as StreamHandle);
    const { signal } = released as StreamHandle;
    proxy().refuse();
    await eventually('it has noticed', () => !runtime.health().ready);
    const settled: string[] = [];
    const done = finished?.done().then(() => settled.push('done'));
    const release = released?.release().then(() => settled.push('release'));
    expect(signal.reason).to.include({ code: 'StreamReleased' });
    await log.first('StreamUncertain', 'kept');
    expect(settled).to.deep.equal([]);
    expect(await rejection(finished?.done() ?? Promise.resolve())).to.include({ code: 'StreamNotOwned' });

    proxy().allow();
    await Promise.all([done, release]);
    await log.until(
      'it is assigned again',
      () => log.added.filter((name) => name === 'released').length === 2,
    );
    expect(log.of('StreamAdded').every(({ retryCount }) => retryCount === 0)).to.equal(true);
    expect(await suite.redis().xlen(names.lbs)).to.equal(2);
    expect((await soundHistory(suite.redis(), fleet(), ids)).ends.finished).to.equal(1);
  });

  it('release() of what was taken over meanwhile resolves, and that is told [C-REL-3]', async () => {
    const { announce, listening } = fleet();
    const options = { heartbeatMs: keepable(500) };
    const { runtime, log } = await listening({ ...options, redis: proxy().url });
    await announce(['a']);
    await log.first('StreamAdded', 'a');
    const other = await listening(options);
    proxy().refuse();
    await eventually('it has noticed', () => !runtime.health().ready);
    const release = runtime.owned('a')?.release();
    await other.log.first('StreamAdded', 'a');
    proxy().allow();
    await release;
    expect(await log.first('StreamDisowned', 'a')).to.include({ reason: 'takenOver' });
  });

  for (const mode of ['handOver', 'finish'] as const) {
    it(`stop('${mode}') takes what it has and reports the streams as abandoned [C-STOP-6]`, async () => {
      const { announce, listening } = fleet();
      const heartbeatMs = keepable(300);
      const { runtime, log } = await listening({ redis: proxy().url, heartbeatMs, handOverGraceMs: 100 });
      await announce(['a']);
      await log.first('StreamAdded', 'a');
      proxy().refuse();
      await eventually('it has noticed', () => !runtime.health().ready);
      const began = performance.now();
      const report = await runtime.stop({ mode, ...(mode === 'finish' && { timeoutMs: 1200 }) });
      const whole = mode === 'finish' ? 1200 : 100 + 5 * heartbeatMs;
      expect(performance.now() - began).to.be.within(whole - 20, allowedMs(whole));
      expect(report).to.deep.equal({ mode, handedOver: 0, stragglers: [], abandoned: ['a'] });
    });
  }
});
