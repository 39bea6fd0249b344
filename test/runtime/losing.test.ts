import { expect } from 'chai';
import type { StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { failing } from '../support/failing-stores.js';
import { GoConsumer } from '../support/go-consumer.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('losing a stream', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  async function cut(consumer: string): Promise<void> {
    const line = String(await suite.redis().client('LIST'))
      .split('\n')
      .find((one) => one.includes(`name=streamwarden:${consumer}:commands`));
    await suite.redis().client('KILL', 'ID', Number(/id=(\d+)/.exec(line ?? '')?.[1]));
  }

  async function own(name: string, options = {}) {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening(options);
    await announce([name]);
    const { id } = await log.first('StreamAdded', name);
    return { runtime, log, id, handle: runtime.owned(name) as StreamHandle };
  }

  it('to somebody else leaves a dead handle, and is told once [C-LOST-1, C-LOST-2]', async () => {
    const { names } = fleet();
    const { runtime, log, id, handle } = await own('taken');
    const { signal } = handle;
    await suite.redis().xclaim(names.lbs, names.group, 'somebody-else', 0, id);
    await cut(runtime.consumer);

    const disowned = await log.first('StreamDisowned', 'taken');
    expect(disowned).to.include({ id, reason: 'takenOver' });
    expect(signal.reason).to.include({ code: 'StreamNotOwned' });
    expect(handle.validUntil).to.equal(0);
    expect(runtime.owned('taken')).to.equal(undefined);
    expect(await rejection(handle.done())).to.include({ code: 'StreamNotOwned' });
    expect(await rejection(handle.release())).to.include({ code: 'StreamNotOwned' });
    expect(runtime.snapshot().counters.lost).to.equal(1);
    await cut(runtime.consumer);
    await eventually('it has verified again', () => runtime.health().ready);
    expect(log.of('StreamDisowned')).to.have.lengthOf(1);
  });

  it('is counted as often as it is told, also where done() or a hand-over finds it [C-LOST-1]', async () => {
    const { names } = fleet();
    const { runtime, log, id, handle } = await own('finished by hand');
    await suite.redis().xclaim(names.lbs, names.group, 'somebody-else', 0, id);
    expect(await rejection(handle.done())).to.include({ code: 'StreamNotOwned' });
    await log.first('StreamDisowned', 'finished by hand');
    expect(runtime.snapshot().counters).to.include({ lost: 1, finished: 0 });
    await runtime.pause();
    const other = await own('given back', { consumerId: 'other' });
    await suite.redis().xclaim(names.lbs, names.group, 'somebody-else', 0, other.id);
    await other.handle.release().catch(() => {});
    await other.log.first('StreamDisowned', 'given back');
    expect(other.runtime.snapshot().counters.lost).to.equal(1);
  });

  it('is found out when its lock key is missing [C-LOST-5, C-OVL-5]', async () => {
    const { names } = fleet();
    const { log, id } = await own('finished', { heartbeatMs: keepable(300) });
    // Somebody finished it: nobody of another kind is in the group, and no connection is new.
    await suite.redis().xack(names.lbs, names.group, id);
    await suite.redis().del(names.lock('finished', id));
    expect(await log.first('StreamDisowned', 'finished')).to.include({ reason: 'takenOver' });
  });

  it('is found out within two heartbeats where a consumer of the Go client takes it, under the same id [C-LOST-5, C-OVL-5]', async () => {
    const { names } = fleet();
    const heartbeatMs = keepable(400);
    const { runtime, log, id } = await own('claimed', { heartbeatMs });
    const go = new GoConsumer(suite.redis(), names);
    await suite.redis().xgroup('CREATECONSUMER', names.lbs, names.group, go.name);
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('the sweep has seen it', () => runtime.snapshot().reconciler.sweeps > sweeps + 1);
    // Our presence stands and so does our lock, and neither is looked at.
    await suite.redis().xclaim(names.lbs, names.group, go.name, 0, id, 'JUSTID');
    const claimedAt = performance.now();
    const disowned = await log.first('StreamDisowned', 'claimed');
    expect(disowned).to.include({ id, reason: 'takenOver' });
    expect(performance.now() - claimedAt).to.be.below(allowedMs(2 * heartbeatMs));
    const [row] = (await suite.redis().xpending(names.lbs, names.group, id, id, 1)) as [string, string][];
    expect(row, 'the same token twice').to.include.members([id, go.name]);
  });

  it('with its group is followed by getting it again, under the same id [C-OUT-5, C-ADD-2]', async () => {
    const { names } = fleet();
    const { runtime, log, id, handle } = await own('still there');
    await suite.redis().xgroup('DESTROY', names.lbs, names.group);
    expect(await log.first('StreamDisowned', 'still there')).to.include({ id, reason: 'entryGone' });
    const [, again] = await log.count('StreamAdded', 2);
    expect(again).to.include({ id, retryCount: 0 });
    expect(runtime.owned('still there')).not.to.equal(handle);
    expect(handle.signal.aborted).to.equal(true);
    await runtime.owned('still there')?.done();
    expect(await suite.redis().xlen(names.lbs)).to.equal(0);
  });

  it('by FLUSHALL, found by done(), is told as taken over [C-LOST-3, C-DONE-4]', async () => {
    // Nothing else asks Redis anything in that time.
    const { runtime, log, handle } = await own('flushed', { heartbeatMs: 60_000, minIdleMs: 60_000 });
    await runtime.pause();
    await suite.redis().flushall();
    const { signal } = handle;
    const order: string[] = [];
    signal.addEventListener('abort', () => order.push('abort'));
    runtime.seam.on('notification', ({ type }) => order.push(type));
    const done = handle.done().catch((error: { code: string }) => order.push(error.code));
    await done;
    expect(order).to.deep.equal(['abort', 'StreamDisowned', 'StreamNotOwned']);
    expect(await log.first('StreamDisowned', 'flushed')).to.include({ reason: 'takenOver' });
    expect(signal.reason).to.include({ code: 'StreamNotOwned' });
  });

  it('that can neither be finished nor be handed over is followed by getting it again [C-LOST-2, C-ADD-2]', async () => {
    const { create, listen, announce } = fleet();
    const { fault, substitutes } = failing('lease', 'giveBack');
    const runtime = create({}, substitutes);
    const log = listen(runtime);
    await runtime.start();
    await announce(['stuck']);
    const { id } = await log.first('StreamAdded', 'stuck');
    fault.fail = (call) => (call <= 2 ? new TypeError('a bug') : undefined);

    expect(await rejection(runtime.release({ id }))).to.be.an.instanceOf(TypeError);
    expect(await log.first('StreamDisowned', 'stuck')).to.include({ id, reason: 'failed' });
    const [, again] = await log.count('StreamAdded', 2);
    expect(again).to.include({ id, retryCount: 0 });
    expect(runtime.snapshot().failures.map(({ error }) => error.code)).to.deep.equal(['TypeError']);
    await runtime.done({ id });
  });
});
