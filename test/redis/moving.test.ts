import { expect } from 'chai';
import { compareFencingTokens } from '../../src/index.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import { lasting } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000001';
const TAKE = { minIdleMs: 0, spendAlways: false, lockKeys: [] } as const;

describe('moving entries in Redis', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  describe('giving back', () => {
    it('on a hand-over puts a copy on the stream, with its retry count unchanged and a larger id', async () => {
      const consumer = await wire.join(A);
      const id = await wire.announce(
        'one',
        'traceparent',
        '00-1-2-01',
        '_retry_count',
        '2',
        'raw',
        '\u00ff\u0000',
      );
      const batch = await consumer.read();
      await consumer.lease.acquire(batch);
      const { moved, trimmed, dlqLength } = await consumer.lease.giveBack('handOver', batch);
      const [[copyId, fields]] = (await wire.entries(names.lbs)) as [[string, string[]]];
      expect(moved).to.deep.equal([{ outcome: 'requeued', copyId, retryCount: 2 }]);
      expect({ trimmed, dlqLength }).to.deep.equal({ trimmed: 0, dlqLength: 0 });
      expect(fields).to.deep.equal([
        'lbs-input',
        '{"DataStreamName":"one"}',
        'traceparent',
        '00-1-2-01',
        'raw',
        '\u00ff\u0000',
        '_retry_count',
        '2',
      ]);
      expect(compareFencingTokens(copyId, id)).to.be.above(0);
      expect(await wire.pendingIds()).to.deep.equal([]);
      expect(await wire.redis().hkeys(names.owners)).to.deep.equal(['']);
      expect((await wire.history()).at(-1)).to.deep.include({
        op: 'requeued',
        id,
        copy: copyId,
        name: 'one',
        from: A,
        by: A,
        count: 2,
        why: 'handOver',
      });
    });

    it('keeps bytes that are no text, byte for byte', async () => {
      const consumer = await wire.join(A);
      const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0d, 0x0a]);
      const payload = '{"DataStreamName":"one"}';
      await wire
        .redis()
        .call(
          'XADD',
          names.lbs,
          '*',
          'lbs-input',
          payload,
          bytes as unknown as string,
          bytes as unknown as string,
        );
      await consumer.lease.giveBack('handOver', await consumer.read());
      const [[, fields]] = (await wire.redis().xrangeBuffer(names.lbs, '-', '+')) as unknown as [
        [Buffer, Buffer[]],
      ];
      expect(fields[2]).to.deep.equal(bytes);
      expect(fields[3]).to.deep.equal(bytes);
    });

    it('of an entry with more fields than a script can pass on keeps its payload', async () => {
      const consumer = await wire.join(A);
      const many = Array.from({ length: 9000 }, (_, index) => `f${index}`);
      await wire.redis().xadd(names.lbs, '*', ...many, 'lbs-input', '{"DataStreamName":"one"}');
      await wire.announce('two');
      const { moved } = await consumer.lease.giveBack('handOver', await consumer.read());
      expect(moved.map(({ outcome }) => outcome)).to.deep.equal(['requeued', 'requeued']);
      const [[, fields]] = (await wire.entries(names.lbs)) as [[string, string[]]];
      expect(fields.slice(0, 2)).to.deep.equal(['f0', 'f1']);
      expect(fields.slice(-4)).to.deep.equal(['lbs-input', '{"DataStreamName":"one"}', '_retry_count', '0']);
    });

    for (const [text, read] of [
      ['', 0],
      ['-3', 0],
      ['seven', 0],
      ['1.5', 0],
      ['+2', 2],
      ['007', 7],
      ['9999999999999999999', 0],
    ] as const) {
      it(`reads the retry count '${text}' as ${read}`, async () => {
        const consumer = await wire.join(A, { maxRetries: 100 });
        await wire.announce('one', '_retry_count', text);
        const { moved } = await consumer.lease.giveBack('failed', await consumer.read());
        expect(moved[0]).to.include({ outcome: 'requeued', retryCount: read + 1 });
      });
    }

    it('of a failed handler spends a retry, until none is left [C-HAND-3, C-POI-2]', async () => {
      const consumer = await wire.join(A, { maxRetries: 2 });
      await wire.own(consumer, 'one');
      const counts: string[] = [];
      for (let round = 0; round < 3; round++) {
        const batch =
          round === 0 ? (await wire.pendingIds()).map((id) => ({ id, name: 'one' })) : await consumer.read();
        const { moved, dlqLength } = await consumer.lease.giveBack('failed', batch);
        counts.push(`${moved[0]?.outcome} ${moved[0]?.retryCount} ${dlqLength}`);
      }
      expect(counts).to.deep.equal(['requeued 1 0', 'requeued 2 0', 'deadLettered 3 1']);
      expect(await wire.entries(names.lbs)).to.deep.equal([]);
      const [[copy, letter]] = (await wire.entries(names.dlq)) as [[string, string[]]];
      expect(lasting(letter)).to.deep.equal([
        'lbs-input',
        '{"DataStreamName":"one"}',
        '_retry_count',
        '3',
        '_failures',
        '3',
        '_dlq_reason',
        'max_retries_exceeded',
      ]);
      expect((await wire.history()).at(-1)).to.include({
        op: 'deadLettered',
        copy,
        count: 3,
        reason: 'max_retries_exceeded',
      });
    });

    it('of what cannot be parsed goes to the dead-letter stream, its count unchanged', async () => {
      const consumer = await wire.join(A);
      await wire
        .redis()
        .xadd(names.lbs, '*', 'anything', 'at all', '_retry_count', '2', '_dlq_reason', 'forged');
      const { moved } = await consumer.lease.giveBack('unparseable', await consumer.read());
      expect(moved[0]).to.include({ outcome: 'deadLettered', retryCount: 2 });
      const [[, letter]] = (await wire.entries(names.dlq)) as [[string, string[]]];
      expect(lasting(letter)).to.deep.equal([
        'anything',
        'at all',
        '_retry_count',
        '2',
        '_dlq_reason',
        'unparseable',
      ]);
    });

    it('of a waiter happens only when its name is free [C-NAME-2]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const owned = await wire.own(a, 'one');
      await wire.announce('one');
      const waiting = await b.read();
      expect((await b.lease.giveBack('waiting', waiting)).moved[0]?.outcome).to.equal('waiting');
      expect(await wire.pendingIds()).to.have.length(2);
      await a.lease.done(owned);
      expect((await b.lease.giveBack('waiting', waiting)).moved[0]).to.include({
        outcome: 'requeued',
        retryCount: 0,
      });
    });

    it('of several waiters for one name lets one go at a time', async () => {
      const consumer = await wire.join(A);
      await wire.announce('one');
      await wire.announce('one');
      await wire.announce('two');
      const { moved } = await consumer.lease.giveBack('waiting', await consumer.read());
      expect(moved.map(({ outcome }) => outcome)).to.deep.equal(['requeued', 'waiting', 'requeued']);
    });

    it('by somebody whose it is not does nothing and says so', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'one');
      for (const reason of ['handOver', 'failed', 'waiting', 'unparseable'] as const) {
        expect((await b.lease.giveBack(reason, batch)).moved).to.deep.equal([
          { outcome: 'notMine', copyId: '', retryCount: 0 },
        ]);
      }
      expect(await wire.pendingIds()).to.deep.equal(batch.map(({ id }) => id));
      expect(await wire.entries(names.dlq)).to.deep.equal([]);
    });

    it('of an entry that was deleted from the stream takes it off the pending list and says it is gone', async () => {
      const consumer = await wire.join(A);
      const batch = await wire.own(consumer, 'one');
      await wire.redis().xdel(names.lbs, batch[0]?.id ?? '');
      const { moved } = await consumer.lease.giveBack('handOver', batch);
      expect(moved).to.deep.equal([{ outcome: 'gone', copyId: '', retryCount: 0 }]);
      expect(await wire.pendingIds()).to.deep.equal([]);
      expect(await wire.entries(names.lbs)).to.deep.equal([]);
      expect(await wire.redis().hkeys(names.owners)).to.deep.equal(['']);
      expect((await wire.history()).at(-1)).to.include({ op: 'gone', from: A, by: A });
    });
  });

  describe('the dead-letter stream', () => {
    it('is trimmed to about its cap, and the trimmed are counted [C-POI-4]', async () => {
      await wire.redis().config('SET', 'stream-node-max-entries', '10');
      const consumer = await wire.join(A, { maxRetries: 0, dlqMaxLen: 20 });
      let trimmed = 0;
      let length = 0;
      for (let index = 0; index < 100; index++) {
        await wire.announce(`s${index}`);
        const result = await consumer.lease.giveBack('failed', await consumer.read());
        trimmed += result.trimmed;
        length = result.dlqLength;
      }
      expect(length).to.equal(await wire.redis().xlen(names.dlq));
      expect(length).to.be.within(20, 30);
      expect(trimmed).to.equal(100 - length);
    });

    it('with a cap of 0 is never trimmed', async () => {
      await wire.redis().config('SET', 'stream-node-max-entries', '10');
      const consumer = await wire.join(A, { maxRetries: 0, dlqMaxLen: 0 });
      for (let index = 0; index < 50; index++) await wire.announce(`s${index}`);
      const { trimmed, dlqLength } = await consumer.lease.giveBack('failed', await consumer.read());
      expect({ trimmed, dlqLength }).to.deep.equal({ trimmed: 0, dlqLength: 50 });
    });
  });

  describe('taking from a consumer', () => {
    it('that is alive is refused [C-EXP-1]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'one');
      expect(await b.group.requeue(A, batch, TAKE)).to.equal('alive');
      expect(await wire.pendingIds()).to.deep.equal(batch.map(({ id }) => id));
    });

    it('that is dead spends a retry on what it owned, and none on what it had not got to own [C-EXP-5]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      await wire.own(a, 'owned');
      await wire.announce('read only');
      await a.read();
      await a.vanish();
      const batch = (await wire.pendingIds()).map((id, index) => ({
        id,
        name: ['owned', 'read only'][index] ?? '',
      }));
      const result = await b.group.requeue(A, batch, TAKE);
      if (result === 'alive') throw new Error('expected it to be dead');
      expect(result.moved.map(({ outcome, retryCount }) => [outcome, retryCount])).to.deep.equal([
        ['requeued', 1],
        ['requeued', 0],
      ]);
      expect((await wire.history()).at(-1)).to.include({ op: 'requeued', from: A, by: B, why: 'dead' });
    });

    it('that keeps no records spends a retry on everything', async () => {
      const b = await wire.join(B);
      const go = wire.stranger('redis-consumer-go');
      await wire.announce('one');
      const batch = await go.read();
      const result = await b.group.requeue(go.name, batch, { ...TAKE, spendAlways: true });
      expect(result).to.have.nested.property('moved[0].retryCount', 1);
    });

    it('past its retries dead-letters [C-POI-2]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B, { maxRetries: 0 });
      const batch = await wire.own(a, 'one');
      await a.vanish();
      const result = await b.group.requeue(A, batch, TAKE);
      expect(result).to.have.nested.property('moved[0].outcome', 'deadLettered');
      expect(await wire.entries(names.dlq)).to.have.length(1);
      expect(await wire.entries(names.lbs)).to.deep.equal([]);
    });

    it('an entry that cannot be parsed dead-letters it whatever its retries', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      await wire.redis().xadd(names.lbs, '*', 'lbs-input', 'junk');
      const batch = await a.read();
      await a.vanish();
      const result = await b.group.requeue(A, batch, TAKE);
      expect(result).to.have.nested.property('moved[0].outcome', 'deadLettered');
      const [[, letter]] = (await wire.entries(names.dlq)) as [[string, string[]]];
      expect(letter.slice(-2)).to.deep.equal(['_dlq_reason', 'unparseable']);
    });

    it('an entry that is gone from the stream clears it away', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'one');
      await wire.redis().xdel(names.lbs, batch[0]?.id ?? '');
      await a.vanish();
      const result = await b.group.requeue(A, batch, TAKE);
      expect(result).to.have.nested.property('moved[0].outcome', 'gone');
      expect(await wire.pendingIds()).to.deep.equal([]);
    });

    it('leaves alone what has not been idle for long enough', async () => {
      const b = await wire.join(B);
      const go = wire.stranger('redis-consumer-go');
      await wire.announce('one');
      await wire.announce('two');
      const batch = await go.read();
      const [fresh, old] = batch as [EntryRef, EntryRef];
      const claim = [
        'XCLAIM',
        names.lbs,
        names.group,
        go.name,
        '0',
        old.id,
        'IDLE',
        '30000',
        'JUSTID',
      ] as const;
      await wire.redis().call(...claim);
      const result = await b.group.requeue(go.name, batch, { ...TAKE, minIdleMs: 20_000 });
      if (result === 'alive') throw new Error('expected it to be dead');
      expect(result.moved.map(({ outcome }) => outcome)).to.deep.equal(['notPending', 'requeued']);
      expect(await wire.pendingIds()).to.deep.equal([fresh.id]);
    });

    it('leaves alone what is locked, and says for how long [C-EXP-1]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'timed', 'for ever', 'free');
      const lockKeys = batch.map(({ name, id }) => names.lock(name, id));
      await wire.redis().set(lockKeys[0] ?? '', 'somebody', 'PX', 5000);
      await wire.redis().set(lockKeys[1] ?? '', 'somebody');
      await a.vanish();
      const result = await b.group.requeue(A, batch, { ...TAKE, lockKeys });
      if (result === 'alive') throw new Error('expected it to be dead');
      const [timed, forEver, free] = result.moved;
      expect(timed).to.include({ outcome: 'locked', copyId: '' });
      expect(timed?.lockTtlMs).to.be.within(1000, 5000);
      expect(forEver).to.include({ outcome: 'locked', lockTtlMs: -1 });
      expect(free).to.include({ outcome: 'requeued', retryCount: 1 });
      expect(await wire.pendingIds()).to.deep.equal(batch.slice(0, 2).map(({ id }) => id));
      // The list of keys that ends with lock keys has the history in its place all the same.
      expect((await wire.history()).at(-1)).to.include({ op: 'requeued', name: 'free' });
    });

    it('works without a history, with and without lock keys', async () => {
      const a = await wire.join(A, { historyKey: undefined });
      const b = await wire.join(B, { historyKey: undefined });
      const batch = await wire.own(a, 'one', 'two');
      await a.vanish();
      const lockKeys = batch.map(({ name, id }) => names.lock(name, id));
      await wire.redis().set(lockKeys[0] ?? '', 'somebody', 'PX', 5000);
      const result = await b.group.requeue(A, batch, { ...TAKE, lockKeys });
      expect(result).to.have.nested.property('moved[0].outcome', 'locked');
      expect(result).to.have.nested.property('moved[1].outcome', 'requeued');
      expect(await b.group.requeue(A, batch.slice(0, 1), TAKE)).to.have.nested.property(
        'moved[0].outcome',
        'requeued',
      );
      expect(await wire.redis().keys('*')).not.to.include(wire.historyKey);
    });

    it('at once by two lets exactly one win each entry [C-EXP-3]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const c = await wire.join('c~00000001');
      const streams = Array.from({ length: 40 }, (_, index) => `s${index}`);
      const batch = await wire.own(a, ...streams);
      await a.vanish();
      const results = await Promise.all([b.group.requeue(A, batch, TAKE), c.group.requeue(A, batch, TAKE)]);
      const outcomes = results.flatMap((result) =>
        result === 'alive' ? [] : result.moved.map(({ outcome }) => outcome),
      );
      expect(outcomes.filter((outcome) => outcome === 'requeued')).to.have.length(40);
      expect(outcomes.filter((outcome) => outcome === 'notPending')).to.have.length(40);
      expect(await wire.entries(names.lbs)).to.have.length(40);
    });

    it('that wakes between look and act is refused, as look and act are one [C-EXP-1]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'one');
      await a.vanish();
      expect(await b.group.presence([A])).to.deep.equal([-2]);
      expect(await a.lease.raise(2)).to.deep.equal({ raised: true, wasPresent: false });
      expect(await b.group.requeue(A, batch, TAKE)).to.equal('alive');
    });
  });

  describe('without memory', () => {
    afterEach(async () => {
      await suite.redis().config('SET', 'maxmemory', '0');
    });

    it('moves nothing, and has acknowledged nothing either [C-POI-4]', async () => {
      const a = await wire.join(A);
      const b = await wire.join(B);
      const batch = await wire.own(a, 'one', 'two');
      await suite.redis().config('SET', 'maxmemory', '1');
      for (const reason of ['handOver', 'failed', 'unparseable'] as const) {
        const error = await a.lease.giveBack(reason, batch).catch((thrown: unknown) => thrown);
        expect(error).to.include({ code: 'RedisRefused', retriable: true });
      }
      await a.vanish();
      const error = await b.group.requeue(A, batch, TAKE).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: 'RedisRefused', retriable: true });
      expect(await wire.pendingIds()).to.deep.equal(batch.map(({ id }) => id));
      expect(await wire.entries(names.lbs)).to.have.length(2);
      await suite.redis().config('SET', 'maxmemory', '0');
      const result = await b.group.requeue(A, batch, TAKE);
      expect(result).to.have.nested.property('moved.length', 2);
      expect(await wire.entries(names.lbs)).to.have.length(2);
    });

    it('prolongs presence and locks and finishes work all the same', async () => {
      const consumer = await wire.join(A, { historyKey: undefined });
      const batch = await wire.own(consumer, 'one');
      const keys = batch.map(({ name, id }) => names.lock(name, id));
      await consumer.locks.take(keys);
      await suite.redis().config('SET', 'maxmemory', '1');
      expect(await consumer.lease.refresh()).to.equal('alive');
      expect(await consumer.locks.extend(keys)).to.deep.equal([]);
      expect(await consumer.lease.done(batch)).to.deep.equal([true]);
      await consumer.locks.release(keys);
      expect(await wire.redis().exists(...keys)).to.equal(0);
    });
  });
});
