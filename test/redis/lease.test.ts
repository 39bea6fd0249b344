import { expect } from 'chai';
import { isStreamwardenError, type StreamwardenError } from '../../src/index.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useWire, type WireConsumer } from '../support/wire.js';

describe('the lease in Redis', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;
  const A = 'a~00000001';
  const B = 'b~00000001';
  const presence = names.presence(A);

  async function refusal(promise: Promise<unknown>): Promise<StreamwardenError> {
    const error = await rejection(promise);
    if (!isStreamwardenError(error)) throw error;
    return error;
  }

  describe('presence', () => {
    it('is written with its version, generation and time to live', async () => {
      const { lease } = wire.stranger(A, { heartbeatMs: 5000 });
      expect(await lease.raise(7)).to.deep.equal({ raised: true, wasPresent: false });
      expect(await wire.redis().get(presence)).to.equal('v1:7');
      expect(await wire.redis().pttl(presence)).to.be.within(1000, 5000);
    });

    it('is raised only above the generation that stands', async () => {
      const { lease } = await wire.join(A);
      expect(await lease.raise(1)).to.deep.equal({ raised: false, standing: 1 });
      expect(await lease.raise(5)).to.deep.equal({ raised: true, wasPresent: true });
      expect(await lease.raise(3)).to.deep.equal({ raised: false, standing: 5 });
      expect(await wire.redis().get(presence)).to.equal('v1:5');
    });

    it('compares generations as numbers', async () => {
      const { lease } = wire.stranger(A);
      await lease.raise(9);
      expect(await lease.raise(10)).to.include({ raised: true });
      expect(await lease.raise(9)).to.deep.equal({ raised: false, standing: 10 });
    });

    it('is prolonged by a refresh', async () => {
      const { lease } = await wire.join(A, { heartbeatMs: 5000 });
      await wire.redis().pexpire(presence, 100);
      expect(await lease.refresh()).to.equal('alive');
      expect(await wire.redis().pttl(presence)).to.be.within(1000, 5000);
    });

    it('is not written again by a refresh that finds it lapsed, which says so; a raise does that', async () => {
      const consumer = await wire.join(A);
      await consumer.vanish();
      expect(await consumer.lease.refresh()).to.equal('lapsed');
      expect(await wire.redis().exists(presence)).to.equal(0);
      expect(await consumer.lease.raise(2)).to.deep.equal({ raised: true, wasPresent: false });
      expect(await wire.redis().get(presence)).to.equal('v1:2');
      expect(await consumer.lease.refresh()).to.equal('alive');
    });

    it('written in another format is refused and left as it is', async () => {
      const { lease } = await wire.join(A);
      await wire.redis().set(presence, 'v2:7', 'PX', 60_000);
      for (const attempt of [() => lease.raise(2), () => lease.acquire([{ id: '1-1', name: 'n' }])]) {
        const error = await refusal(attempt());
        expect(error.code).to.equal('ProtocolMismatch');
        expect(error.retriable).to.equal(false);
        expect(error.message).to.equal('presence is written in another format: v2:7');
      }
      expect(await wire.redis().get(presence)).to.equal('v2:7');
    });
  });

  describe('every operation of an incarnation', () => {
    const operations: Record<string, (consumer: WireConsumer, id: string) => Promise<unknown>> = {
      acquire: ({ lease }, id) => lease.acquire([{ id, name: 'n' }]),
      done: ({ lease }, id) => lease.done([{ id, name: 'n' }]),
      handOver: ({ lease }, id) => lease.giveBack('handOver', [{ id, name: 'n' }]),
      failed: ({ lease }, id) => lease.giveBack('failed', [{ id, name: 'n' }]),
    };
    for (const [operation, act] of Object.entries(operations)) {
      it(`is refused, and changes nothing, after presence has lapsed (${operation}) [C-DONE-3]`, async () => {
        const consumer = await wire.join(A);
        const id = await wire.announce('n');
        await consumer.read();
        await consumer.vanish();
        const error = await refusal(act(consumer, id));
        expect(error.code).to.equal('LeaseRefused');
        expect(error.retriable).to.equal(true);
        expect(error.details).to.include({ reason: 'lapsed' });
        expect(await wire.pendingIds()).to.deep.equal([id]);
        expect(await wire.redis().hlen(names.owners)).to.equal(0);
        expect(await wire.history()).to.deep.equal([]);
      });

      it(`is void when it was sent under an older generation (${operation}) [C-DONE-3]`, async () => {
        const late = await wire.join(A);
        const id = await wire.announce('n');
        await late.read();
        const present = wire.stranger(A);
        await present.lease.raise(2);
        const error = await refusal(act(late, id));
        expect(error.code).to.equal('LeaseRefused');
        expect(error.details).to.include({ reason: 'stale', generation: 2 });
        expect(await wire.pendingIds()).to.deep.equal([id]);
        expect(await wire.redis().hlen(names.owners)).to.equal(0);
        // The present one is not disturbed.
        await act(present, id);
      });
    }

    it('is refused behind a refresh that was given up and arrives after a lapse [C-DONE-3]', async () => {
      const late = await wire.join(A);
      const id = await wire.announce('n');
      await late.read();
      const present = wire.stranger(A);
      await present.lease.raise(2);
      await late.vanish();
      expect(await late.lease.refresh()).to.equal('lapsed');
      for (const act of Object.values(operations))
        expect((await refusal(act(late, id))).details).to.include({ reason: 'lapsed' });
      expect(await wire.pendingIds()).to.deep.equal([id]);
    });

    it('is void as a refresh, too', async () => {
      const late = await wire.join(A);
      const present = wire.stranger(A);
      await present.lease.raise(2);
      await wire.redis().pexpire(presence, 500);
      expect((await refusal(late.lease.refresh())).details).to.include({ reason: 'stale', generation: 2 });
      expect(await wire.redis().pttl(presence)).to.be.at.most(500);
    });
  });

  describe('acquiring', () => {
    it('records the owner of each name, in one answer for the batch', async () => {
      const consumer = await wire.join(A);
      const one = await wire.announce('one');
      const two = await wire.announce('two');
      const batch = await consumer.read();
      expect(await consumer.lease.acquire(batch)).to.deep.equal([{ result: 'owned' }, { result: 'owned' }]);
      expect(await wire.redis().hgetall(names.owners)).to.include({ one, two });
      const records = await wire.history();
      expect(records.map(({ at, ...record }) => record)).to.deep.equal([
        { op: 'acquired', id: one, name: 'one', owner: A },
        { op: 'acquired', id: two, name: 'two', owner: A },
      ]);
      expect(records[0]?.at).to.be.closeTo(Date.now(), 5000);
    });

    it('is idempotent: asked again it answers the same and records nothing twice', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      const batch = await consumer.read();
      await consumer.lease.acquire(batch);
      expect(await consumer.lease.acquire(batch)).to.deep.equal([{ result: 'owned' }]);
      expect(await wire.history()).to.have.length(1);
    });

    it('refuses an entry that is not pending for the caller [C-ADD-1]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      await wire.announce('one');
      const batch = await a.read();
      expect(await b.lease.acquire(batch)).to.deep.equal([{ result: 'notMine' }]);
      expect(await b.lease.acquire([{ id: '1-1', name: 'never' }])).to.deep.equal([{ result: 'notMine' }]);
      expect(await wire.redis().hget(names.owners, 'one')).to.equal(null);
    });

    it('of a stale batch, read before it was taken over, is refused entry by entry [C-ADD-1]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      await wire.announce('one');
      await wire.announce('two');
      const batch = await a.read();
      await a.vanish();
      await b.group.requeue(A, batch.slice(0, 1), { minIdleMs: 0, spendAlways: false, lockKeys: [] });
      await a.lease.raise(2);
      expect(await a.lease.acquire(batch)).to.deep.equal([{ result: 'notMine' }, { result: 'owned' }]);
    });

    it('a name that somebody owns is parked [C-NAME-1, C-NAME-6]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const first = await wire.announce('one');
      await a.lease.acquire(await a.read());
      await wire.announce('one');
      expect(await b.lease.acquire(await b.read())).to.deep.equal([{ result: 'parked' }]);
      expect(await wire.redis().hget(names.owners, 'one')).to.equal(first);
    });

    it('the same name twice in one batch goes to the first [C-NAME-1]', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      await wire.announce('one');
      await wire.announce('two');
      const batch = await consumer.read();
      expect(await consumer.lease.acquire(batch)).to.deep.equal([
        { result: 'owned' },
        { result: 'parked' },
        { result: 'owned' },
      ]);
    });

    it('does not mind an owner record whose entry is no longer pending', async () => {
      const consumer = await wire.join(A);
      await wire.redis().hset(names.owners, '', 'v1 epoch', 'one', '1-1');
      const id = await wire.announce('one');
      expect(await consumer.lease.acquire(await consumer.read())).to.deep.equal([{ result: 'owned' }]);
      expect(await wire.redis().hget(names.owners, 'one')).to.equal(id);
    });

    it('refuses owner records of another format', async () => {
      const consumer = await wire.join(A);
      await wire.redis().hset(names.owners, '', 'v2');
      await wire.announce('one');
      const error = await refusal(consumer.lease.acquire(await consumer.read()));
      expect(error.code).to.equal('ProtocolMismatch');
    });

    it('finds its entries among others of its own that lie between them', async () => {
      const consumer = await wire.join(A);
      for (let index = 0; index < 50; index++) await wire.announce(`s${index}`);
      const all = await consumer.read();
      const ends = [all[0], all[49]] as { id: string; name: string }[];
      expect(await consumer.lease.acquire(ends)).to.deep.equal([{ result: 'owned' }, { result: 'owned' }]);
    });

    it('takes names that are odd', async () => {
      const consumer = await wire.join(A);
      const odd = ['with space', '-1', '{tag}', 'ünï©ode 🚀', '\u0000\n', 'x<MUTEX_KEY_SEP>1-1', '__proto__'];
      for (const name of odd) await wire.announce(name);
      const batch = await consumer.read();
      expect(batch.map(({ name }) => name)).to.deep.equal(odd);
      const results = await consumer.lease.acquire(batch);
      expect(new Set(results.map(({ result }) => result))).to.deep.equal(new Set(['owned']));
      expect(await consumer.lease.done(batch)).to.deep.equal(odd.map(() => true));
      expect(await wire.redis().hkeys(names.owners)).to.deep.equal(['']);
    });
  });

  describe('done', () => {
    it('acknowledges, deletes and clears the owner record [C-DONE-1]', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      await wire.announce('two');
      const batch = await consumer.read();
      await consumer.lease.acquire(batch);
      expect(await consumer.lease.done(batch.slice(0, 1))).to.deep.equal([true]);
      expect(await wire.pendingIds()).to.deep.equal([batch[1]?.id]);
      expect(await wire.entries(names.lbs)).to.have.length(1);
      expect(await wire.redis().hkeys(names.owners)).to.have.members(['', 'two']);
      expect((await wire.history()).at(-1)).to.include({ op: 'finished', id: batch[0]?.id, owner: A });
    });

    it('by somebody who is not the owner does nothing and says so', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      await wire.announce('one');
      const batch = await a.read();
      await a.lease.acquire(batch);
      expect(await b.lease.done(batch)).to.deep.equal([false]);
      expect(await wire.pendingIds()).to.have.length(1);
      expect(await wire.redis().hget(names.owners, 'one')).to.equal(batch[0]?.id);
    });

    it('twice is true, then false', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      const batch = await consumer.read();
      await consumer.lease.acquire(batch);
      expect(await consumer.lease.done(batch)).to.deep.equal([true]);
      expect(await consumer.lease.done(batch)).to.deep.equal([false]);
      expect((await wire.history()).filter(({ op }) => op === 'finished')).to.have.length(1);
    });

    it('leaves the owner record of another entry alone', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      const batch = await consumer.read();
      await wire.redis().hset(names.owners, 'one', '9-9');
      await consumer.lease.done(batch);
      expect(await wire.redis().hget(names.owners, 'one')).to.equal('9-9');
    });
  });

  describe('leaving', () => {
    it('removes presence and consumer when nothing is pending', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      await consumer.lease.done(await consumer.read());
      expect(await consumer.lease.leave()).to.equal(0);
      expect(await wire.redis().exists(presence)).to.equal(0);
      expect(await consumer.group.consumers()).to.deep.equal([]);
    });

    it('leaves the consumer, and what is pending for it, to the others otherwise', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      await wire.announce('two');
      const batch = await consumer.read();
      expect(await consumer.lease.leave()).to.equal(2);
      expect(await wire.redis().exists(presence)).to.equal(0);
      expect(
        (await consumer.group.consumers()).map(({ name, pending }) => ({ name, pending })),
      ).to.deep.equal([{ name: A, pending: 2 }]);
      expect(await wire.pendingIds()).to.deep.equal(batch.map(({ id }) => id));
    });
  });
});
