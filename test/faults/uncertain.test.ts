import { once } from 'node:events';
import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import type { Clock, StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { heldCall } from '../support/held-call.js';
import { soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

// Contract: C-UNC-1 to C-UNC-6, C-DONE-8.
describe('a lease that cannot be confirmed in time', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  it('is told, and told again when it turns out to hold [C-UNC-1, C-UNC-2, C-UNC-3, C-ADD-2]', async () => {
    const ids = await fleet().announce(['a']);
    const { runtime, log } = await fleet().listening({ redis: proxy().url });
    await log.first('StreamAdded', 'a');
    const handle = runtime.owned('a') as StreamHandle;
    proxy().freeze();
    const uncertain = await log.first('StreamUncertain', 'a');
    expect(uncertain.overdueMs).to.be.at.least(0);
    const { validUntil } = handle;
    // The wall clock counts whole milliseconds, and the lease's does not.
    expect(validUntil).to.be.at.most(Date.now() + 1);
    expect(handle.signal.aborted).to.equal(false);
    proxy().thaw();
    const { at } = await log.first('StreamConfirmed', 'a');
    expect(handle.validUntil).to.be.above(validUntil);
    expect(handle.validUntil).to.be.above(at);
    expect(log.all.map(({ type }) => type)).to.deep.equal([
      'StreamAdded',
      'StreamUncertain',
      'StreamConfirmed',
    ]);
    await handle.done();
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it("with onUncertain 'abort' stops the handler and gives the stream back when it may [C-UNC-2, C-UNC-5]", async () => {
    const ids = await fleet().announce(['a']);
    const runtime = fleet().create({ redis: proxy().url, onUncertain: 'abort' });
    const log = fleet().listen(runtime);
    const reasons: unknown[] = [];
    const order: string[] = [];
    runtime.seam.on('notification', ({ type }) => order.push(type));
    runtime.process(async ({ signal }) => {
      if (reasons.length > 0) return;
      signal.addEventListener('abort', () => order.push('abort'));
      await once(signal, 'abort');
      reasons.push(signal.reason);
    });
    await runtime.start();
    await log.first('StreamAdded', 'a');
    proxy().freeze();
    await log.first('StreamUncertain', 'a');
    proxy().thaw();
    const [first, second] = await log.count('StreamAdded', 2);
    expect(reasons[0]).to.include({ code: 'LeaseUncertain' });
    expect(order.slice(0, 3)).to.deep.equal(['StreamAdded', 'abort', 'StreamUncertain']);
    expect(second).to.include({ stream: 'a', retryCount: 0 });
    expect(second?.id).not.to.equal(first?.id);
    expect(log.of('StreamConfirmed')).to.deep.equal([]);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('is not told of a stream whose handler has thrown [C-UNC-3]', async () => {
    const ids = await fleet().announce(['thrown', 'works']);
    const runtime = fleet().create({
      redis: proxy().url,
      heartbeatMs: keepable(400),
      handlerBackoff: { initialMs: 60_000, maxMs: 60_000 },
    });
    const log = fleet().listen(runtime);
    runtime.process(async ({ name, signal }) => {
      if (name === 'thrown') throw new Error('no');
      await once(signal, 'abort');
    });
    await runtime.start();
    await log.count('StreamAdded', 2);
    proxy().freeze();
    await log.first('StreamUncertain', 'works');
    proxy().thaw();
    await log.first('StreamConfirmed', 'works');
    const ofThrown = log.all.filter((one) => 'stream' in one && one.stream === 'thrown');
    expect(ofThrown.map(({ type }) => type)).to.deep.equal(['StreamAdded', 'StreamFailed']);
    expect(runtime.owned('thrown')?.id).to.equal(ids[0]);
    await runtime.owned('thrown')?.done();
  });

  it('is found by the wall clock where the monotonic one stood still [C-UNC-6]', async () => {
    let skew = 0;
    const clock: Clock = { ...systemClock, now: () => Date.now() + skew };
    await fleet().announce(['a']);
    const { runtime, log } = await fleet().listening({ clock });
    await log.first('StreamAdded', 'a');
    skew = 3_600_000;
    const uncertain = await log.first('StreamUncertain', 'a');
    expect(uncertain.overdueMs).to.be.above(3_000_000);
    await log.first('StreamConfirmed', 'a');
    skew = 0;
    await eventually('a lease that is certain by both clocks', () => runtime.snapshot().lease.certain);
    expect(log.of('StreamDisowned')).to.deep.equal([]);
  });

  it('is not called certain again before anybody has looked, though presence is written [C-UNC-7, C-OVL-1]', async () => {
    const looked = heldCall('group', 'pending');
    const ids = await fleet().announce(['a']);
    const cutOff = fleet().create({ redis: proxy().url }, looked.substitutes);
    const log = fleet().listen(cutOff);
    await cutOff.start();
    await log.first('StreamAdded', 'a');
    const handle = cutOff.owned('a') as StreamHandle;
    const { log: heir } = await fleet().listening();
    proxy().freeze();
    await log.first('StreamUncertain', 'a');
    expect(await heir.first('StreamAdded', 'a')).to.include({ retryCount: 1 });

    const looking = looked.next((args) => args[2] === cutOff.consumer);
    proxy().thaw();
    await looking;
    const presence = fleet().names.presence(cutOff.consumer);
    expect(await suite.redis().exists(presence), 'presence is written').to.equal(1);
    const beats = new Promise<void>((resolve) => {
      let more = 2;
      cutOff.seam.on('heartbeat', () => {
        more -= 1;
        if (more === 0) resolve();
      });
    });
    await beats;
    expect(handle.validUntil).to.be.at.most(Date.now());
    expect(cutOff.snapshot().lease).to.include({ certain: false });
    looked.letGo();
    await log.first('StreamDisowned', 'a');
    await eventually('it is certain of what it has', () => cutOff.snapshot().lease.certain);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('is told on time though Redis refuses every beat, and its keeper fails again and again [C-UNC-1, C-OVL-2]', async () => {
    const { host, port } = suite.server();
    await suite.redis().acl('SETUSER', 'worker', 'reset', 'on', '>secret', '~*', '&*', '+@all');
    const heartbeatMs = keepable(1000);
    const redis = `redis://worker:secret@${host}:${port}`;
    const ids = await fleet().announce(['a']);
    const { runtime, log } = await fleet().listening({ redis, heartbeatMs, onUncertain: 'abort' });
    await log.first('StreamAdded', 'a');
    const { signal } = runtime.owned('a') as StreamHandle;
    let abortedAt = Number.POSITIVE_INFINITY;
    signal.addEventListener('abort', () => {
      abortedAt = Date.now();
    });
    const { log: heir } = await fleet().listening({ heartbeatMs });

    await suite.redis().acl('SETUSER', 'worker', '-evalsha', '-eval');
    const uncertain = await log.first('StreamUncertain', 'a');
    expect(uncertain.overdueMs).to.be.below(heartbeatMs / 4);
    expect(signal.reason).to.include({ code: 'LeaseUncertain' });
    const added = await heir.first('StreamAdded', 'a');
    expect(abortedAt).to.be.at.most(added.at);
    expect(log.of('StreamConfirmed')).to.deep.equal([]);

    await suite.redis().acl('SETUSER', 'worker', '+@all');
    await log.first('StreamDisowned', 'a');
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('leaves no done() or release() behind when a stop abandons its stream [C-DONE-6, C-DONE-8]', async () => {
    await fleet().announce(['a', 'b', 'c']);
    const { runtime, log } = await fleet().listening({ redis: proxy().url });
    await log.count('StreamAdded', 3);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => runtime.owned(name));
    proxy().freeze();
    const done = rejection(a?.done() as Promise<void>);
    const release = rejection(c?.release() as Promise<void>);
    await runtime.stop({ mode: 'abandon' });
    expect(await done).to.include({ code: 'RuntimeStopped' });
    expect(await release).to.include({ code: 'RuntimeStopped' });
    expect(await rejection(b?.done() as Promise<void>)).to.include({ code: 'RuntimeStopped' });
  });
});
