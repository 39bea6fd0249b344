import { expect } from 'chai';
import type { EntryRef, Moved } from '../../src/redis/lease-store.js';
import { NOT_BEGUN, PROVEN, UNMARKED } from '../../src/redis/marks.js';
import { deadLetters } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const HEIR = 'heir~0000000f';
const TAKE = { minIdleMs: 0, spendAlways: false, lockKeys: [] };
const COUNTS = ['_retry_count', '_failures', '_deaths'] as const;

describe('a stream that its owner has marked as proven', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  /** What stands in the only entry: its counts. */
  async function counts(): Promise<Record<string, string>> {
    const [[, fields] = ['', []]] = await wire.entries(names.lbs);
    const all = Object.fromEntries(
      fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : [])),
    );
    return Object.fromEntries(COUNTS.flatMap((name) => (name in all ? [[name, all[name] as string]] : [])));
  }

  /** A consumer that owns a stream which has lost three owners and failed twice. */
  async function proven(settings = {}): Promise<{ owner: WireConsumer; batch: EntryRef[] }> {
    const owner = await wire.join('a~00000001', settings);
    await wire.announce('old', '_retry_count', '5', '_failures', '2', '_deaths', '3');
    const batch = await owner.read();
    await owner.lease.acquire(batch);
    await owner.lease.mark(
      batch.map(({ id }) => id),
      PROVEN,
    );
    return { owner, batch };
  }

  async function take(
    from: WireConsumer,
    batch: readonly EntryRef[],
    settings = {},
  ): Promise<readonly Moved[]> {
    await from.vanish();
    const result = await wire.stranger(HEIR, settings).group.requeue(from.name, batch, TAKE);
    if (result === 'alive') throw new Error('expected it to be dead');
    return result.moved;
  }

  it('begins at 0 with the death of that owner [C-EXP-8]', async () => {
    const { owner, batch } = await proven({ maxRetries: 5 });
    const moved = await take(owner, batch, { maxRetries: 5 });
    expect(moved.map(({ outcome, retryCount }) => [outcome, retryCount])).to.deep.equal([['requeued', 1]]);
    expect(await counts()).to.deep.equal({ _retry_count: '1', _deaths: '1' });
    expect((await wire.history()).at(-1)).to.include({ op: 'requeued', count: 1, proven: true });
  });

  for (const [why, left] of [
    ['failed', { _retry_count: '1', _failures: '1' }],
    ['handOver', { _retry_count: '0' }],
  ] as const) {
    it(`begins at 0 when it is given back: ${why} [C-EXP-8]`, async () => {
      const { owner, batch } = await proven({ maxRetries: 5 });
      await owner.lease.giveBack(why, batch);
      expect(await counts()).to.deep.equal(left);
    });
  }

  it('is dead-lettered with what its handler said of it: no try can succeed [C-FAIL-3]', async () => {
    const { owner, batch } = await proven();
    await owner.lease.giveBack('rejected', batch);
    const [letter] = await deadLetters(suite.redis(), names.dlq);
    expect(letter?.fields).to.include({ _retry_count: '5', _failures: '3', _dlq_reason: 'rejected' });
  });

  it('is taken from a consumer of the Go client with its counts: it marks nothing', async () => {
    const { owner, batch } = await proven();
    await owner.vanish();
    await wire
      .stranger(HEIR, { maxRetries: 9 })
      .group.requeue(owner.name, batch, { ...TAKE, spendAlways: true });
    expect(await counts()).to.include({ _retry_count: '6' });
  });

  it('has its letter written with what was counted since, where letters live in another slot [C-POI-9]', async () => {
    const { owner, batch } = await proven({ maxRetries: 0, dlqIsLocal: false });
    await owner.lease.giveBack('failed', batch);
    const { letters } = await owner.due.claim('max_retries_exceeded', batch, 0, {
      cause: 'failed',
      owner: owner.name,
    });
    expect(letters.map(({ retryCount }) => retryCount)).to.deep.equal([1]);
  });

  it('is no more so once it has another owner, or has waited [C-EXP-8]', async () => {
    // What had a newer token, and is not pending any more: it cannot be parked behind that.
    await suite.redis().hset(wire.names.owners, 'same', '9999999999999-0');
    const waiter = await wire.join('b~00000002');
    await wire.announce('same', '_retry_count', '2');
    const batch = await waiter.read();
    await waiter.lease.acquire(batch);
    expect(
      (await waiter.group.pending('-', 9, waiter.name)).map(({ deliveries }) => deliveries),
    ).to.deep.equal([NOT_BEGUN]);
    await suite.redis().hdel(wire.names.owners, 'same');
    expect(await waiter.lease.acquire(batch)).to.deep.equal([{ result: 'owned' }]);
    const [row] = await waiter.group.pending('-', 9, waiter.name);
    expect(row?.deliveries).to.equal(UNMARKED);
    await take(waiter, batch);
    expect(await counts()).to.deep.equal({ _retry_count: '3', _deaths: '1' });
  });

  it('is to be marked anew by an owner that acquires it once more', async () => {
    const { owner, batch } = await proven();
    expect(await owner.lease.acquire(batch)).to.deep.equal([{ result: 'owned' }]);
    const [row] = await owner.group.pending('-', 9, owner.name);
    // Who asks has not held it for long, as far as it knows.
    expect(row?.deliveries).to.equal(UNMARKED);
  });
});
