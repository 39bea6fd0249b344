import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

describe('notifications', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('stop the reading, and nothing else, when nobody drains them [C-BUF-1]', async () => {
    const { announce, create, listen, names } = fleet();
    const runtime = create({ notificationBuffer: 5, heartbeatMs: keepable(400) });
    await announce(streamNames(12));
    await runtime.start();
    await eventually('the buffer is full', () => runtime.snapshot().owned === 5);

    // Twice as long as the keys would live by themselves, measured by what the runtime itself does.
    const beats = runtime.snapshot().reconciler.sweeps;
    await eventually('some heartbeats pass', () => runtime.snapshot().reconciler.sweeps >= beats + 4);
    expect(runtime.snapshot()).to.deep.include({ owned: 5, state: 'running' });
    const redis = suite.redis();
    expect(await redis.pttl(names.presence(runtime.consumer))).to.be.above(0);
    for (const { name, id } of runtime.ownedStreams()) {
      expect(await redis.pttl(names.lock(name, id)), name).to.be.above(0);
    }

    const log = listen(runtime);
    await log.count('StreamAdded', 12);
    expect(log.added).to.deep.equal(streamNames(12));
  });

  it('begin with what was told before the first reader came [C-BUF-2]', async () => {
    const { announce, start, listen } = fleet();
    const runtime = await start();
    await announce(['first']);
    await eventually('it is owned', () => runtime.owned('first') !== undefined);
    const early = listen(runtime);
    await early.first('StreamAdded', 'first');

    const late = listen(runtime);
    await announce(['second']);
    await late.first('StreamAdded', 'second');
    await early.first('StreamAdded', 'second');
    expect(late.added).to.deep.equal(['second']);
    expect(early.added).to.deep.equal(['first', 'second']);
  });

  it('are read by two readers at their own pace, the slower one bounding what is read [C-BUF-1]', async () => {
    const { announce, start, listen } = fleet();
    const runtime = await start({ notificationBuffer: 3, heartbeatMs: keepable(300) });
    const quick = listen(runtime);
    const slow = runtime.notifications();
    await announce(streamNames(10));
    await quick.count('StreamAdded', 3);
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('a heartbeat passes', () => runtime.snapshot().reconciler.sweeps > sweeps + 1);
    expect(runtime.snapshot().owned).to.equal(3);

    const seen: string[] = [];
    // A busy machine may tell of the lease as well.
    while (seen.length < 10) {
      const { value } = await slow.next();
      if (value?.type === 'StreamAdded') seen.push(value.stream);
    }
    await quick.count('StreamAdded', 10);
    expect(seen).to.deep.equal(streamNames(10));
    expect(quick.added).to.deep.equal(streamNames(10));
  });

  it('no longer wait for a reader that has returned [C-BUF-1, C-BUF-5]', async () => {
    const { announce, start, listen } = fleet();
    const runtime = await start({ notificationBuffer: 3 });
    const stays = listen(runtime);
    const leaves = runtime.notifications();
    await announce(streamNames(10));
    await stays.count('StreamAdded', 3);

    expect(await leaves.return?.()).to.deep.equal({ done: true, value: undefined });
    await stays.count('StreamAdded', 10);
    expect(await leaves.next()).to.deep.equal({ done: true, value: undefined });
  });

  it('end a read that is waiting when its reader returns', async () => {
    const { start } = fleet();
    const runtime = await start();
    const reader = runtime.notifications();
    const waiting = reader.next();
    await reader.return?.();
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
  });

  it('are kept for the next reader when the last one leaves [C-BUF-5]', async () => {
    const { announce, start, listen } = fleet();
    const runtime = await start();
    await announce(['before']);
    for await (const notification of runtime.notifications()) {
      expect(notification.type).to.equal('StreamAdded');
      break;
    }
    await announce(['after']);
    await listen(runtime).first('StreamAdded', 'after');
  });

  it('end with StreamTerminated, for every reader [C-BUF-5, C-TERM-1]', async () => {
    const { start, listen } = fleet();
    const runtime = await start();
    const logs = [listen(runtime), listen(runtime)];
    await runtime.stop();
    for (const log of logs) {
      const last = await log.first('StreamTerminated');
      expect(last).to.deep.include({ reason: 'stopped', error: null });
      expect(log.all.at(-1)).to.equal(last);
    }
    const tooLate = runtime.notifications();
    expect(await tooLate.next()).to.deep.equal({ done: true, value: undefined });
  });

  it('need no reader when a handler processes the streams', async () => {
    const { announce, create } = fleet();
    const runtime = create({ notificationBuffer: 10 });
    runtime.process(() => {});
    await runtime.start();
    await announce(streamNames(2500));
    await eventually('all are finished', () => runtime.snapshot().counters.finished === 2500);
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(0);
  });
});
