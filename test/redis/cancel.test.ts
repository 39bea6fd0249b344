import { expect } from 'chai';
import { ensureEntries } from '../../src/redis/announcing.js';
import { type Cancelled, cancelStreams } from '../../src/redis/cancelling.js';
import { addDelayed } from '../../src/redis/delaying.js';
import { encodePayload } from '../../src/redis/entry.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const HOUR_MS = 3_600_000;

describe('cancelling streams', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, announce, join, own, stranger } = wire;

  async function cancel(...streams: string[]): Promise<Cancelled[]> {
    for (;;) {
      const cancelled = await cancelStreams(wire.commands(), names, streams);
      if (cancelled.length > 0) return cancelled;
    }
  }
  const one = ([ref]: readonly EntryRef[]) => ref as EntryRef;
  const onStream = async () => (await wire.entries(names.lbs)).map(([id]) => id);
  const requeue = (heir: string, dead: string, batch: readonly EntryRef[]) =>
    stranger(heir).group.requeue(dead, batch, { minIdleMs: 0, spendAlways: false, lockKeys: [] });

  it('deletes what waits and what is delayed, and knows what is not there [C-CAN-1]', async () => {
    const waiting = await announce('waiting');
    const later = await addDelayed(
      wire.commands(),
      names,
      ['later', 'later'].map((name) => ({ name, payload: encodePayload(name), delayMs: HOUR_MS })),
      undefined,
    );
    expect(await cancel('waiting', 'later', 'late', 'none')).to.deep.equal([
      { cancelled: 'waiting', ids: [waiting] },
      { cancelled: 'delayed', ids: later },
      { cancelled: 'none', ids: [] },
      { cancelled: 'none', ids: [] },
    ]);
    expect(await onStream()).to.deep.equal([]);
    expect(await suite.redis().exists(names.delayedDue, names.delayedNames)).to.equal(0);
    expect(await cancel('waiting', 'later')).to.deep.equal([
      { cancelled: 'none', ids: [] },
      { cancelled: 'none', ids: [] },
    ]);
  });

  it('leaves what is owned with its owner, who hears of it once [C-CAN-2]', async () => {
    const a = await join('a~00000001');
    const held = await own(a, 'one', 'two');
    const { id } = one(held);
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'owned', ids: [id] }]);
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'owned', ids: [id] }]);
    await a.lease.refresh();
    expect(a.lease.cancelsHeard()).to.equal(1);
    expect(await a.lease.cancelled(held.map((ref) => ref.id))).to.deep.equal([true, false]);
    expect(await wire.pendingIds()).to.include(id);
    expect(await a.lease.done([one(held)])).to.deep.equal([true]);
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'none', ids: [] }]);
  });

  it('finishes what its owner gives back, fails, or delays, and what is taken from a dead one [C-CAN-3]', async () => {
    const a = await join('a~00000001', { maxRetries: 0 });
    const ways: readonly [what: string, move: (held: EntryRef[]) => Promise<unknown>][] = [
      ['handed over', (held) => a.lease.giveBack('handOver', held)],
      ['failed', (held) => a.lease.giveBack('failed', held)],
      ['rejected', (held) => a.lease.giveBack('rejected', held)],
      ['delayed', (held) => a.lease.delay(held, HOUR_MS)],
      [
        'taken over',
        async (held) => {
          await a.vanish();
          return await requeue('b~00000002', a.name, held);
        },
      ],
    ];
    for (const [what, move] of ways) {
      const held = await own(a, what);
      await cancel(what);
      expect(await move(held), what).to.have.nested.property('moved[0].outcome', 'cancelled');
      expect(await onStream(), what).to.deep.equal([]);
      expect(await wire.pendingIds(), what).to.deep.equal([]);
      expect(await suite.redis().hget(names.owners, what), what).to.equal(null);
      expect(await suite.redis().hexists(names.cancels, one(held).id), what).to.equal(0);
    }
    expect(await suite.redis().exists(names.dlq, names.delayed)).to.equal(0);
  });

  it('finishes what is on its way to a consumer that does not own it yet [C-CAN-3]', async () => {
    const a = await join('a~00000001');
    const id = await announce('one');
    const held = await a.read();
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'owned', ids: [id] }]);
    expect(await a.lease.acquire(held)).to.deep.equal([{ result: 'notMine' }]);
    expect(await onStream()).to.deep.equal([]);
    expect(await wire.pendingIds()).to.deep.equal([]);
    expect((await wire.history()).map(({ op }) => op)).to.deep.equal(['cancelled']);
  });

  it('has whoever owns it already hear of it again, where it verifies that anew [C-CAN-2]', async () => {
    const a = await join('a~00000001');
    const held = await own(a, 'one');
    await cancel('one');
    await a.lease.refresh();
    const before = a.lease.cancelsHeard();
    expect(await a.lease.acquire(held)).to.deep.equal([{ result: 'owned' }]);
    await a.lease.refresh();
    expect(a.lease.cancelsHeard()).to.equal(before + 1);
  });

  it('ends what waits for its name as well as who has it [C-CAN-3]', async () => {
    const a = await join('a~00000001');
    const b = await join('b~00000002');
    const held = await own(a, 'one');
    await announce('one');
    const waiting = await b.read();
    await b.lease.acquire(waiting);
    const [cancelled] = await cancel('one');
    expect(cancelled?.cancelled).to.equal('owned');
    expect(cancelled?.ids[0]).to.equal(one(held).id);
    expect(cancelled?.ids[1]).to.match(/^parked:/);
    expect(await suite.redis().xlen(names.parking[0])).to.equal(0);
    expect(await onStream()).to.deep.equal([one(held).id]);
  });

  it('is over for what is ensured afterwards: that is announced anew, and waits for the name [C-CAN-4]', async () => {
    const a = await join('a~00000001');
    const held = await own(a, 'one');
    await cancel('one');
    const ensure = () =>
      ensureEntries(wire.commands(), names, [{ name: 'one', payload: encodePayload('one') }]);
    const [ensured] = await ensure();
    expect(ensured?.created).to.equal(true);
    expect(await ensure()).to.deep.equal([{ id: ensured?.id, created: false }]);
    const b = await join('b~00000002');
    const waiting = await b.read();
    expect(await b.lease.acquire(waiting)).to.deep.equal([{ result: 'parked' }]);
    await a.lease.done(held);
    expect(await b.lease.acquire(await b.read())).to.deep.equal([{ result: 'owned' }]);
  });

  it('lets alone what a consumer of the Go client has, and what is due for the dead-letter stream [C-CAN-5]', async () => {
    const id = await announce('one');
    await stranger('go-consumer').read();
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'foreign', ids: [id] }]);
    expect(await suite.redis().exists(names.cancels)).to.equal(0);
    await suite.redis().xclaim(names.lbs, names.group, 'dead-letters:rejected~00000000', 0, id);
    expect(await cancel('one')).to.deep.equal([{ cancelled: 'none', ids: [] }]);
    expect(await onStream()).to.deep.equal([id]);
  });

  it('reads a long backlog a piece at a time, and finds what stands at its end [C-CAN-1]', async () => {
    for (let batch = 0; batch < 3; batch += 1) {
      const pipeline = suite.redis().pipeline();
      for (let at = 0; at < 500; at += 1) {
        pipeline.xadd(names.lbs, '*', 'lbs-input', encodePayload(`stream-${batch}-${at}`));
      }
      await pipeline.exec();
    }
    expect(await cancelStreams(wire.commands(), names, ['stream-2-499'])).to.deep.equal([]);
    expect(await cancel('stream-2-499')).to.have.nested.property('[0].cancelled', 'waiting');
    expect(await suite.redis().xlen(names.lbs)).to.equal(1499);
  });

  it('is forgotten when its entry is gone [C-CAN-6]', async () => {
    const a = await join('a~00000001');
    const held = await own(a, 'one', 'two');
    await cancel('one', 'two');
    await a.lease.done(held.slice(0, 1));
    await a.group.pruneAnnounced();
    expect(Object.keys(await suite.redis().hgetall(names.cancels))).to.have.members([held[1]?.id, a.name]);
  });
});
