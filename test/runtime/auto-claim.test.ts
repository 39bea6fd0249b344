import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { GoConsumer } from '../support/go-consumer.js';
import { historyOf, soundHistory } from '../support/history.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const options = { heartbeatMs: keepable(500), autoClaim: false } as const;

describe('with autoClaim off', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('a dead owner is told of once, and nothing is taken until it is claimed [C-EXP-4, C-CLM-1]', async () => {
    const { announce, listening } = fleet();
    const victim = await listening(options);
    const ids = await announce(streamNames(3));
    await victim.log.count('StreamAdded', 3);
    const { runtime, log } = await listening(options);
    await victim.runtime.stop({ mode: 'abandon' });

    const expired = await log.count('StreamExpired', 3);
    expect(expired.map(({ id }) => id)).to.deep.equal(ids);
    expect(expired[0]).to.include({
      owner: victim.runtime.consumer,
      autoClaim: false,
      retryCount: 0,
      count: 1,
    });
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('it is looked again', () => runtime.snapshot().reconciler.sweeps > sweeps + 3);
    expect(log.of('StreamExpired')).to.have.lengthOf(3);
    expect((await historyOf(suite.redis(), fleet())).every(({ op }) => op === 'acquired')).to.equal(true);

    const [first, second] = expired;
    await runtime.claim(first as { id: string });
    expect(await log.first('StreamAdded', first?.stream)).to.include({ retryCount: 1 });
    expect(await rejection(runtime.claim(first as { id: string }))).to.include({
      code: 'AlreadyClaimed',
      retriable: false,
    });
    expect(runtime.owned(second?.stream as string)).to.equal(undefined);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('what is told of can be claimed at once, because its lock has run out as well [C-EXP-4]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening(options);
    await runtime.pause();
    const victim = await listening(options);
    const ids = await announce(streamNames(30));
    await victim.log.count('StreamAdded', 30);
    const claims: Promise<void>[] = [];
    void (async () => {
      for await (const notification of runtime.notifications()) {
        if (notification.type === 'StreamExpired') claims.push(runtime.claim(notification));
      }
    })();
    await eventually('it may take from others', () => runtime.snapshot().reconciler.sweeps > 0);
    await victim.runtime.stop({ mode: 'abandon' });
    // Locks are prolonged at other times than presence.
    const held = ids.slice(0, 10).map((id, index) => names.lock(`stream-${index + 1}`, id));
    for (const key of held) await suite.redis().pexpire(key, 60_000);

    await log.count('StreamExpired', 20);
    const { sweeps } = runtime.snapshot().reconciler;
    await eventually('it is looked again', () => runtime.snapshot().reconciler.sweeps > sweeps + 2);
    expect(log.of('StreamExpired').map(({ id }) => id)).to.have.members(ids.slice(10));
    await suite.redis().del(...held);
    await log.count('StreamExpired', 30);
    await Promise.all(claims);
    expect(log.of('StreamExpired')).to.have.lengthOf(30);
    runtime.resume();
    const added = await log.count('StreamAdded', 30);
    expect(added.every(({ retryCount }) => retryCount === 1)).to.equal(true);
  });

  it('a consumer of the Go client whose lock expires is told of, and can be claimed', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening({ ...options, capacity: 1 });
    await announce(['blocks']);
    await log.first('StreamAdded', 'blocks');
    await announce(['of go']);
    const go = new GoConsumer(suite.redis(), names);
    const [id] = await go.read(1, 60);
    await go.age([id as string], keepable(1_000));

    expect(await log.first('StreamExpired', 'of go')).to.include({ id, owner: go.name, autoClaim: false });
    await runtime.claim({ id: id as string });
    await runtime.owned('blocks')?.done();
    expect(await log.first('StreamAdded', 'of go')).to.include({ retryCount: 1 });
  });

  it('claiming what nobody has is refused [C-CLM-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening(options);
    for (const id of ['1-1', '5-0']) {
      expect(await rejection(runtime.claim({ id }))).to.include({ code: 'AlreadyClaimed' });
    }
    const [id] = await announce(['mine']);
    await log.first('StreamAdded', 'mine');
    expect(await rejection(runtime.claim({ id: id as string }))).to.include({ code: 'OwnerAlive' });
  });
});
