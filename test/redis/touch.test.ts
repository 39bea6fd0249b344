import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames } from '../support/runtimes.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const OLD_MS = 12_000;

describe('touching what is pending', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;
  const A = 'a~00000001';

  async function age(consumer: string, ids: readonly string[], idleMs: number): Promise<void> {
    await wire.redis().xclaim(names.lbs, names.group, consumer, 0, ...ids, 'IDLE', idleMs, 'JUSTID');
  }

  /** Entry id → whose it is, for how long it looks idle, and how often it was delivered. */
  async function pending(): Promise<Map<string, { owner: string; idleMs: number; deliveries: number }>> {
    const rows = (await wire.redis().xpending(names.lbs, names.group, '-', '+', 1000)) as [
      string,
      string,
      number,
      number,
    ][];
    return new Map(rows.map(([id, owner, idleMs, deliveries]) => [id, { owner, idleMs, deliveries }]));
  }

  async function owned(consumer: WireConsumer, count: number): Promise<string[]> {
    const refs = await wire.own(consumer, ...streamNames(count));
    return refs.map(({ id }) => id);
  }

  it('makes what is old look young, never too young, and counts as no delivery', async () => {
    const consumer = await wire.join(A);
    const ids = await owned(consumer, 5);
    const [young = '', ...old] = ids;
    await age(A, [young], OLD_MS - 5_000);
    await age(A, old, 100_000);
    const result = await consumer.lease.touch('-', 500, OLD_MS);
    expect(result).to.deep.equal({ last: undefined, count: 4, gone: [] });
    const now = await pending();
    // What was delivered longer ago than an entry may be owned under its id has to look so still.
    for (const id of old) expect(now.get(id)?.idleMs, id).to.be.within(10_000, 11_900);
    expect(now.get(young)?.idleMs).to.be.within(OLD_MS - 5_000, OLD_MS);
    for (const { owner, deliveries } of now.values()) {
      expect({ owner, deliveries }).to.deep.equal({ owner: A, deliveries: 1 });
    }
  });

  it('goes on page by page, and reaches all of them', async () => {
    const consumer = await wire.join(A);
    const ids = await owned(consumer, 10);
    await age(A, ids, 50_000);
    const first = await consumer.lease.touch('-', 4, OLD_MS);
    expect(first).to.deep.equal({ last: ids[3], count: 4, gone: [] });
    const second = await consumer.lease.touch(ids[4] as string, 4, OLD_MS);
    expect(second).to.deep.equal({ last: ids[7], count: 4, gone: [] });
    expect(await consumer.lease.touch(ids[8] as string, 4, OLD_MS)).to.include({ last: undefined, count: 2 });
    for (const { idleMs } of (await pending()).values()) expect(idleMs).to.be.below(OLD_MS);
  });

  it('leaves alone what is pending for others, whatever its age', async () => {
    const consumer = await wire.join(A);
    const ids = await owned(consumer, 3);
    await age('go', ids, 50_000);
    expect(await consumer.lease.touch('-', 500, OLD_MS)).to.deep.equal({
      last: undefined,
      count: 0,
      gone: [],
    });
    for (const { owner, idleMs } of (await pending()).values()) {
      expect(owner).to.equal('go');
      expect(idleMs).to.be.at.least(50_000);
    }
  });

  it('is refused when presence has lapsed, or a later generation stands: what comes late takes nothing back', async () => {
    const consumer = await wire.join(A);
    const ids = await owned(consumer, 2);
    await age(A, ids, 50_000);
    await wire.redis().set(names.presence(A), 'v1:99', 'PX', 60_000);
    for (const reason of ['stale', 'lapsed']) {
      const error = await rejection(consumer.lease.touch('-', 500, OLD_MS));
      if (!isStreamwardenError(error, 'LeaseRefused')) throw error;
      expect(error.details.reason).to.equal(reason);
      await consumer.vanish();
    }
    for (const { idleMs } of (await pending()).values()) expect(idleMs).to.be.at.least(50_000);
  });

  it('names the entries whose payload is gone, which Redis 7 takes off the pending list', async () => {
    const consumer = await wire.join(A);
    const ids = await owned(consumer, 4);
    await age(A, ids, 50_000);
    const [, second = '', , fourth = ''] = ids;
    await wire.redis().xdel(names.lbs, second, fourth);
    const { count, gone } = await consumer.lease.touch('-', 500, OLD_MS);
    const left = await pending();
    expect(gone).to.deep.equal([second, fourth].filter((id) => !left.has(id)));
    expect(count).to.equal(4 - gone.length);
  });
});
