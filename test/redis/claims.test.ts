import { expect } from 'chai';
import { compareFencingTokens } from '../../src/index.js';
import { type Claims, createClaims } from '../../src/redis/claims.js';
import { dueConsumer } from '../../src/redis/due-consumer.js';
import type { Layout } from '../../src/redis/layout.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import { deadLetters } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const A = 'a~00000001';
const GO = 'go-consumer';

describe('an entry that an operator claims', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  function claims(layout: Partial<Layout> = {}): Claims {
    return createClaims({
      names,
      layout: { dlqIsLocal: true, locksAreLocal: true, ...layout },
      commands: wire.commands(),
      group: wire.stranger('operator').group,
      entries: wire.stranger('operator').entries,
      caller: 'operator',
    });
  }

  async function own(consumer: WireConsumer, stream = 'one', ...fields: string[]): Promise<EntryRef> {
    await wire.announce(stream, ...fields);
    const [entry] = (await consumer.read()) as [EntryRef];
    expect(await consumer.lease.acquire([entry])).to.deep.equal([{ result: 'owned' }]);
    return entry;
  }

  const lastEntry = async () => (await wire.entries(names.lbs)).at(-1) as [string, string[]];

  describe('from a dead owner', () => {
    it('is announced anew under a larger token, byte for byte, with a retry spent', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner, 'one', 'traceparent', '00-1-2-01', '_retry_count', '2');
      await owner.vanish();
      const outcome = await claims().claim(id, false);
      const [copyId, fields] = await lastEntry();
      expect(outcome).to.deep.equal({ outcome: 'requeued', holder: A, copyId, retryCount: 3 });
      expect(compareFencingTokens(copyId, id)).to.be.above(0);
      expect(fields).to.deep.equal([
        'lbs-input',
        '{"DataStreamName":"one"}',
        'traceparent',
        '00-1-2-01',
        '_retry_count',
        '3',
        '_deaths',
        '1',
      ]);
      expect(await wire.pendingIds()).to.deep.equal([]);
      expect(await suite.redis().hkeys(names.owners)).to.deep.equal(['']);
      expect(await suite.redis().exists(names.presence(A)), 'nobody is brought back to life').to.equal(0);
    });

    it('is not dead-lettered, however often it was retried: how many are allowed is for the fleet to say', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner, 'one', '_retry_count', '99');
      await owner.vanish();
      expect(await claims().claim(id, false)).to.include({ outcome: 'requeued', retryCount: 100 });
      expect(await suite.redis().xlen(names.dlq)).to.equal(0);
    });

    it('spends no retry when no application was ever given it', async () => {
      const owner = await wire.join(A);
      const id = await wire.announce('one');
      await owner.read();
      await owner.vanish();
      expect(await claims().claim(id, false)).to.include({ outcome: 'requeued', retryCount: 0 });
    });

    it('is left alone while its lock stands, in the same slot or another', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const lock = names.lock('one', id);
      await owner.locks.take([lock]);
      await owner.vanish();
      for (const locksAreLocal of [true, false]) {
        const outcome = await claims({ locksAreLocal }).claim(id, false);
        expect(outcome).to.deep.include({ outcome: 'locked', holder: A });
        expect(outcome).to.have.property('lockMs').that.is.within(1, 60_000);
      }
      await suite.redis().persist(lock);
      expect(await claims().claim(id, false)).to.deep.equal({ outcome: 'locked', holder: A, lockMs: null });
      expect(await wire.pendingIds()).to.deep.equal([id]);
      expect(await claims().claim(id, true)).to.include({ outcome: 'requeued' });
    });
  });

  describe('from a living owner', () => {
    it('is left alone', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const outcome = await claims().claim(id, false);
      expect(outcome).to.deep.include({ outcome: 'alive', holder: A });
      expect(outcome).to.have.property('leaseMs').that.is.within(1, 60_000);
      expect(await wire.pendingIds()).to.deep.equal([id]);
      expect(await owner.lease.refresh()).to.equal('alive');
    });

    it('is left alone too when that owner came back after it had been looked at', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const { group, entries } = wire.stranger('operator');
      const late = createClaims({
        names,
        layout: { dlqIsLocal: true, locksAreLocal: true },
        commands: wire.commands(),
        group: { ...group, presence: async () => [-2] },
        entries,
        caller: 'operator',
      });
      expect(await late.claim(id, false)).to.deep.include({ outcome: 'alive', holder: A });
      expect(await wire.pendingIds()).to.deep.equal([id]);
    });

    it('is taken when he insists, and the owner is refused from then on, without anybody else taking from it', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const other = await own(owner, 'two');
      const before = await suite.redis().pttl(names.presence(A));
      expect(await claims().claim(id, true)).to.include({ outcome: 'requeued', holder: A, retryCount: 1 });
      // The presence stands, and no longer than before.
      expect(await suite.redis().pttl(names.presence(A))).to.be.within(1, before);
      expect(
        await wire.stranger('b~00000002').group.requeue(A, [other], {
          minIdleMs: 0,
          spendAlways: false,
          lockKeys: [],
        }),
      ).to.equal('alive');
      for (const late of [() => owner.lease.refresh(), () => owner.lease.done([{ id, name: 'one' }])]) {
        const error = await rejection(late());
        expect(error).to.deep.include({ code: 'LeaseRefused' });
        expect(error).to.have.nested.property('details.reason', 'stale');
      }
      expect(await owner.lease.raise(3)).to.deep.equal({ raised: true, wasPresent: true });
      expect(await owner.lease.done([{ id, name: 'one' }])).to.deep.equal([false]);
      expect(await owner.lease.done([other])).to.deep.equal([true]);
    });

    it('is refused too what it gave up under a later generation than a late raise has written [C-DONE-3]', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const other = await own(owner, 'two');
      await owner.lease.raise(3);
      // Presence ran out, and a raise that was given up came late.
      await suite.redis().set(names.presence(A), 'v1:2', 'PX', 60_000);
      expect(await claims().claim(id, true)).to.include({ outcome: 'requeued' });
      const error = await rejection(owner.lease.done([other]));
      expect(error).to.deep.include({ code: 'LeaseRefused' });
      expect(error).to.have.nested.property('details.generation', 3);
      expect(await owner.lease.raise(3)).to.deep.equal({ raised: false, standing: 3 });
      expect(await owner.lease.raise(4)).to.deep.equal({ raised: true, wasPresent: true });
      expect(await owner.lease.done([other])).to.deep.equal([true]);
    });

    it('is not touched when its presence is of another format', async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      await suite.redis().set(names.presence(A), 'v2:1');
      expect(await rejection(claims().claim(id, true))).to.have.property('code', 'ProtocolMismatch');
      expect(await wire.pendingIds()).to.deep.equal([id]);
      expect(await wire.entries(names.lbs)).to.have.length(1);
    });
  });

  describe('from a consumer of the Go client', () => {
    it('is left alone when it was delivered just now, or its lock stands; else a retry is spent', async () => {
      const go = wire.stranger(GO);
      const id = await wire.announce('one');
      await go.read();
      expect(await claims().claim(id, false)).to.deep.equal({ outcome: 'alive', holder: GO, leaseMs: null });
      await suite.redis().xclaim(names.lbs, names.group, GO, 0, id, 'IDLE', 60_000, 'JUSTID');
      await suite.redis().set(names.lock('one', id), GO, 'PX', 60_000);
      expect(await claims().claim(id, false)).to.include({ outcome: 'locked', holder: GO });
      await suite.redis().del(names.lock('one', id));
      expect(await claims().claim(id, false)).to.include({ outcome: 'requeued', holder: GO, retryCount: 1 });
    });
  });

  it('leaves a waiter its count', async () => {
    const owner = await wire.join(A);
    await own(owner);
    await wire.announce('one');
    const [waiting] = (await owner.read()) as [EntryRef];
    expect(await claims().claim(waiting.id, true)).to.include({ outcome: 'requeued', retryCount: 0 });
  });

  it('is a dead letter when it cannot be parsed, or due for one in another slot', async () => {
    const owner = wire.stranger(A);
    await suite.redis().xadd(names.lbs, '1-1', 'lbs-input', 'junk');
    await suite.redis().xadd(names.lbs, '1-2', 'lbs-input', 'junk');
    await owner.read();
    expect(await claims().claim('1-1', false)).to.deep.equal({
      outcome: 'deadLettered',
      holder: A,
      reason: 'unparseable',
    });
    const apart = claims({ dlqIsLocal: false });
    expect(await apart.claim('1-2', false)).to.deep.equal({
      outcome: 'deadLetterDue',
      holder: A,
      reason: 'unparseable',
    });
    expect(await apart.claim('1-2', true)).to.deep.equal({ outcome: 'due' });
    expect(await suite.redis().xpending(names.lbs, names.group, '-', '+', 10)).to.have.nested.property(
      '[0][1]',
      dueConsumer('unparseable'),
    );
  });

  it('is dead-lettered as too large where it does not arrive, even alone [C-POI-5]', async () => {
    const owner = wire.stranger(A);
    const id = await wire.announce('large');
    await owner.read();
    const slow = createClaims({
      names,
      layout: { dlqIsLocal: true, locksAreLocal: true },
      commands: wire.commands(),
      group: owner.group,
      entries: {
        async *pages() {
          yield [{ outcome: 'tooLarge', id, bytes: 500_000_000 }];
        },
      },
      caller: 'operator',
    });
    expect(await slow.claim(id, false)).to.deep.equal({
      outcome: 'deadLettered',
      holder: A,
      reason: 'tooLarge',
    });
    const [letter] = await deadLetters(suite.redis(), names.dlq);
    expect(letter?.fields).to.include({ _dlq_reason: 'tooLarge' });
  });

  it('is off the pending list when its payload was deleted', async () => {
    const owner = wire.stranger(A);
    const id = await wire.announce('one');
    await owner.read();
    await suite.redis().xdel(names.lbs, id);
    expect(await claims().claim(id, false)).to.deep.equal({ outcome: 'gone', holder: A });
    expect(await wire.pendingIds()).to.deep.equal([]);
  });

  it('is nothing when nobody has it', async () => {
    const id = await wire.announce('one');
    expect(await claims().claim(id, true)).to.deep.equal({ outcome: 'undelivered' });
    expect(await claims().claim('1-1', true)).to.deep.equal({ outcome: 'notThere' });
  });

  it('that has changed hands since it was looked at is left alone', async () => {
    const owner = await wire.join(A);
    const { id } = await own(owner);
    await owner.lease.done([{ id, name: 'one' }]);
    const { group, entries } = wire.stranger('operator');
    const late = createClaims({
      names,
      layout: { dlqIsLocal: true, locksAreLocal: true },
      commands: wire.commands(),
      group: { ...group, pendingOf: async () => [{ id, consumer: A, idleMs: 0, deliveries: 1 }] },
      entries,
      caller: 'operator',
    });
    expect(await late.claim(id, true)).to.deep.equal({ outcome: 'moved', holder: A });
    expect(await wire.entries(names.lbs)).to.deep.equal([]);
    expect(await owner.lease.refresh(), 'the holder is not disturbed').to.equal('alive');
  });

  for (const command of ['xack', 'xdel', 'hdel', 'pexpire', 'time', 'set']) {
    it(`is not begun by a user who may not ${command.toUpperCase()}`, async () => {
      const owner = await wire.join(A);
      const { id } = await own(owner);
      const before = await suite.redis().xrange(names.lbs, '-', '+');
      await suite.redis().call('ACL', 'SETUSER', 'default', `-${command}`);
      try {
        const error = await rejection(claims().claim(id, true));
        expect(error).to.have.property('code', 'PermissionDenied');
        expect(error.message).to.contain(command.toUpperCase());
      } finally {
        await suite.redis().call('ACL', 'SETUSER', 'default', `+${command}`);
      }
      expect(await suite.redis().xrange(names.lbs, '-', '+')).to.deep.equal(before);
      expect(await wire.pendingIds()).to.deep.equal([id]);
    });
  }
});
