import { expect } from 'chai';
import {
  DEAD_LETTER_REASONS,
  type DeadLetterReason,
  dueConsumer,
  dueReason,
} from '../../src/redis/due-consumer.js';
import type { DueLetter, Verdict, WrittenLetter } from '../../src/redis/due-letters.js';
import type { EntryRef, LeaseSettings } from '../../src/redis/lease-store.js';
import { isIncarnation } from '../../src/redis/names.js';
import { deadLetters } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000001';
const TAKE = { minIdleMs: 0, spendAlways: false, lockKeys: [] } as const;
const EXCEEDED = dueConsumer('max_retries_exceeded');
const APART: Partial<LeaseSettings> = { dlqIsLocal: false, maxRetries: 0 };

async function claim(
  { due }: WireConsumer,
  reason: DeadLetterReason,
  ids: readonly string[],
  minIdleMs: number,
  verdict?: Verdict,
  error?: string,
): Promise<readonly DueLetter[]> {
  const entries = ids.map((id) => ({ id, error }));
  return (await due.claim(reason, entries, minIdleMs, verdict)).letters;
}

describe('a dead-letter stream in another slot', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;

  /** Entries of which the last retry is spent. */
  async function makeDue(consumer: WireConsumer, ...streams: string[]): Promise<string[]> {
    const batch = await wire.own(consumer, ...streams);
    await consumer.lease.giveBack('failed', batch);
    return batch.map(({ id }) => id);
  }

  async function write(consumer: WireConsumer, letters: readonly DueLetter[]): Promise<WrittenLetter[]> {
    const added = await consumer.deadLetters.add(letters.map(({ fields }) => fields));
    return letters.map(({ id, name, retryCount }, index) => {
      const outcome = added[index];
      if (outcome === undefined || outcome instanceof Error) throw outcome;
      return { id, name, retryCount, copyId: outcome.id };
    });
  }

  const pending = async () =>
    (await suite.redis().xpending(names.lbs, names.group, '-', '+', 1000)) as [string, string, number][];

  it('leaves what has spent its retries pending for nobody, and its name free', async () => {
    const consumer = await wire.join(A, APART);
    const [id] = (await wire.own(consumer, 'one')).map((ref) => ref.id);
    const { moved, trimmed, dlqLength } = await consumer.lease.giveBack('failed', [
      { id: id as string, name: 'one' },
    ]);
    expect(moved).to.deep.equal([
      { outcome: 'deadLetterDue', copyId: '', retryCount: 1, reason: 'max_retries_exceeded' },
    ]);
    expect({ trimmed, dlqLength }).to.deep.equal({ trimmed: 0, dlqLength: 0 });
    expect((await pending()).map((row) => row.slice(0, 2))).to.deep.equal([[id, EXCEEDED]]);
    expect(await suite.redis().hkeys(names.owners)).to.deep.equal(['']);
    expect(await suite.redis().exists(names.dlq)).to.equal(0);
    expect((await wire.history()).at(-1)).to.deep.include({
      op: 'deadLetterDue',
      id,
      name: 'one',
      from: A,
      by: A,
      to: EXCEEDED,
      count: 1,
      reason: 'max_retries_exceeded',
    });
    const next = await wire.own(consumer, 'one');
    expect(await consumer.lease.done(next)).to.deep.equal([true]);
  });

  it('leaves what is taken from a dead consumer likewise, by its reason', async () => {
    const a = await wire.join(A, APART);
    const b = await wire.join(B, APART);
    const owned = await wire.own(a, 'one');
    await wire.announce('two', '_delivery_count', '9');
    await suite.redis().xadd(names.lbs, '*', 'lbs-input', 'junk');
    await suite.redis().xadd(names.lbs, '*', 'lbs-input', 'x'.repeat(2_000_000));
    const batch = [...owned, ...(await a.read())];
    await a.vanish();
    const result = await b.group.requeue(A, batch.slice(0, 3), TAKE);
    const large = await b.group.requeue(A, batch.slice(3), { ...TAKE, nameless: 'tooLarge' });
    if (result === 'alive' || large === 'alive') throw new Error('expected it to be dead');
    expect([...result.moved, ...large.moved].map(({ outcome, reason }) => [outcome, reason])).to.deep.equal([
      ['deadLetterDue', 'max_retries_exceeded'],
      ['deadLetterDue', 'delivery_limit'],
      ['deadLetterDue', 'unparseable'],
      ['deadLetterDue', 'tooLarge'],
    ]);
    const { moved } = await b.lease.giveBack('rejected', await wire.own(b, 'three'));
    expect(moved.map(({ outcome, reason }) => [outcome, reason])).to.deep.equal([
      ['deadLetterDue', 'rejected'],
    ]);
    expect((await pending()).map(([, consumer]) => dueReason(consumer))).to.deep.equal(DEAD_LETTER_REASONS);
  });

  it('takes nothing else: what has retries left is requeued, what is gone is cleared away', async () => {
    const consumer = await wire.join(A, { ...APART, maxRetries: 1 });
    const batch = await wire.own(consumer, 'fine', 'deleted');
    await suite.redis().xdel(names.lbs, batch[1]?.id ?? '');
    const { moved } = await consumer.lease.giveBack('failed', batch);
    expect(moved.map(({ outcome }) => outcome)).to.deep.equal(['requeued', 'gone']);
    expect(await pending()).to.deep.equal([]);
  });

  it('gets the same letters as one in the same slot, byte for byte', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28, 0x0d, 0x0a]);
    const payload = '{"DataStreamName":"one"}';
    const many = Array.from({ length: 9000 }, (_, index) => `f${index}`);
    const entries: readonly (readonly (string | Buffer)[])[] = [
      ['lbs-input', payload],
      ['lbs-input', payload, '_retry_count', '4', bytes, bytes],
      ['lbs-input', payload, '_retry_count', '007', '_retry_count', '+2', '_dlq_reason', 'forged'],
      ['lbs-input', payload, '_retry_count', '999999999999999', '', ''],
      ['lbs-input', payload, '_retry_count', 'many'],
      [...many, 'lbs-input', payload],
      [bytes, '1', bytes, '2', 'lbs-input', bytes],
    ];
    for (const reason of ['failed', 'unparseable'] as const) {
      const together = await wire.join(A, { maxRetries: 0 });
      const apart = await wire.join(B, APART);
      for (const consumer of [together, apart]) {
        for (const fields of entries) await suite.redis().xadd(names.lbs, '*', ...fields);
        const batch = await consumer.read();
        const error = reason === 'failed' ? 'what was thrown' : '';
        const thrown = batch.map((ref) => ({ ...ref, error }));
        const { moved } = await consumer.lease.giveBack(reason, thrown);
        if (consumer === together) continue;
        const why = reason === 'failed' ? 'max_retries_exceeded' : 'unparseable';
        const ids = batch.map(({ id }) => id);
        const letters = await claim(consumer, why, ids, 0, { cause: 'failed', owner: A }, error);
        expect(letters.map(({ retryCount }) => retryCount)).to.deep.equal(
          moved.map(({ retryCount }) => retryCount),
        );
        await consumer.due.finish(why, await write(consumer, letters));
      }
      // But for the millisecond.
      const all = (await deadLetters(suite.redis(), names.dlq)).map(({ raw }) => {
        const at = raw.findIndex((field) => String(field) === '_dlq_at');
        expect(String(raw[at + 1])).to.match(/^\d{13}$/);
        return raw.filter((_, index) => index !== at + 1);
      });
      expect(all).to.have.lengthOf(2 * entries.length);
      expect(all.slice(entries.length)).to.deep.equal(all.slice(0, entries.length));
      expect(await wire.entries(names.lbs)).to.deep.equal([]);
      await suite.redis().del(names.dlq, names.presence(A), names.presence(B));
    }
  });

  it('is told the names of the data streams, where there are any', async () => {
    const consumer = await wire.join(A, APART);
    await wire.announce('名前');
    await suite.redis().xadd(names.lbs, '*', 'lbs-input', 'junk');
    const batch = await consumer.read();
    await consumer.lease.giveBack('unparseable', batch);
    const letters = await claim(
      consumer,
      'unparseable',
      batch.map(({ id }) => id),
      0,
    );
    expect(letters.map(({ name }) => name)).to.deep.equal(['名前', '']);
  });

  it('acknowledges an entry when its letter is written, once', async () => {
    const a = await wire.join(A, APART);
    const b = await wire.join(B, APART);
    const ids = await makeDue(a, 'one', 'two');
    const [one, two] = await write(a, await claim(a, 'max_retries_exceeded', ids, 0));
    expect(await a.due.finish('max_retries_exceeded', [one as WrittenLetter])).to.deep.equal([true]);
    expect((await wire.history()).at(-1)).to.deep.include({
      op: 'deadLettered',
      id: one?.id,
      name: 'one',
      from: EXCEEDED,
      by: A,
      copy: one?.copyId,
      count: 1,
      reason: 'max_retries_exceeded',
    });
    expect(await wire.pendingIds()).to.deep.equal([two?.id]);
    const both = [one, two] as WrittenLetter[];
    expect(await b.due.finish('max_retries_exceeded', both)).to.deep.equal([false, true]);
    expect(await b.due.finish('max_retries_exceeded', both)).to.deep.equal([false, false]);
    expect(await wire.entries(names.lbs)).to.deep.equal([]);
  });

  it('does not acknowledge what is not due: a real owner keeps it', async () => {
    const consumer = await wire.join(A, APART);
    const [ref] = (await wire.own(consumer, 'one')) as [EntryRef];
    expect(await claim(consumer, 'max_retries_exceeded', [ref.id], 0)).to.deep.equal([]);
    const written = { ...ref, copyId: '1-1', retryCount: 1 };
    expect(await consumer.due.finish('max_retries_exceeded', [written])).to.deep.equal([false]);
    expect((await pending()).map(([, owner]) => owner)).to.deep.equal([A]);
  });

  it('by two at once, every letter is made for one of them only', async () => {
    const a = await wire.join(A, APART);
    const b = await wire.join(B, APART);
    const ids = await makeDue(a, ...Array.from({ length: 40 }, (_, index) => `s${index}`));
    expect(await claim(b, 'max_retries_exceeded', ids, 60_000)).to.deep.equal([]);
    await suite.redis().call('XCLAIM', names.lbs, names.group, EXCEEDED, 0, ...ids, 'IDLE', 90_000, 'JUSTID');
    const both = await Promise.all(
      [a, b].map((consumer) => claim(consumer, 'max_retries_exceeded', ids, 60_000)),
    );
    expect(
      both
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).to.deep.equal([...ids].sort());
  });

  it('gets no letter of an entry whose payload somebody deleted; that is cleared away', async () => {
    const consumer = await wire.join(A, APART);
    const [id] = (await makeDue(consumer, 'one')) as [string];
    await suite.redis().xdel(names.lbs, id);
    expect(await claim(consumer, 'max_retries_exceeded', [id], 0)).to.deep.equal([]);
    expect(await pending()).to.deep.equal([]);
    expect((await wire.history()).at(-1)).to.include({ op: 'gone', id, from: EXCEEDED, by: A });
  });

  it('gets what was decided, whoever writes it and however many retries that one allows', async () => {
    const strict = await wire.join(A, APART);
    const lenient = await wire.join(B, { dlqIsLocal: false, maxRetries: 9 });
    const ids = await makeDue(strict, 'one');
    const [letter] = await claim(lenient, 'max_retries_exceeded', ids, 0);
    const fields = letter?.fields.map(String) ?? [];
    expect(fields.slice(-6, -3)).to.deep.equal(['_retry_count', '1', '_dlq_at']);
    expect(fields.slice(-2)).to.deep.equal(['_dlq_reason', 'max_retries_exceeded']);
  });

  it('says as much of why and from whose hands as whoever writes it knows [C-POI-9]', async () => {
    const consumer = await wire.join(A, APART);
    const factsOf = async (letters: Promise<readonly DueLetter[]>) => {
      const [letter] = await letters;
      const fields = letter?.fields.map(String) ?? [];
      const named = fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1]]] : []));
      const { _failures, _deaths, _dlq_owner, _dlq_error } = Object.fromEntries(named);
      return { _failures, _deaths, _dlq_owner, _dlq_error };
    };
    const ids = await makeDue(consumer, 'one');
    const none = { _failures: undefined, _deaths: undefined, _dlq_owner: undefined, _dlq_error: undefined };
    expect(await factsOf(claim(consumer, 'max_retries_exceeded', ids, 0))).to.deep.equal(none);
    const died = { cause: 'dead', owner: B } as const;
    expect(await factsOf(claim(consumer, 'max_retries_exceeded', ids, 0, died))).to.deep.equal({
      ...none,
      _deaths: '1',
      _dlq_owner: B,
    });
    const failed = { cause: 'failed', owner: A } as const;
    expect(await factsOf(claim(consumer, 'max_retries_exceeded', ids, 0, failed, 'e'))).to.deep.equal({
      ...none,
      _failures: '1',
      _dlq_owner: A,
      _dlq_error: 'e',
    });
  });

  it('is trimmed to about its cap, and the trimmed are counted', async () => {
    await suite.redis().config('SET', 'stream-node-max-entries', '10');
    const { deadLetters: store } = await wire.join(A, { ...APART, dlqMaxLen: 20 });
    const letters = Array.from({ length: 100 }, (_, index) => [Buffer.from('f'), Buffer.from(`${index}`)]);
    const added = await store.add(letters);
    let trimmed = 0;
    for (const outcome of added) if (!(outcome instanceof Error)) trimmed += outcome.trimmed;
    const length = await suite.redis().xlen(names.dlq);
    expect(length).to.be.within(20, 30);
    expect(trimmed).to.equal(100 - length);
    expect(added.at(-1)).to.include({ dlqLength: length });
  });

  it('that refuses says so letter by letter', async () => {
    const { deadLetters: store } = await wire.join(A, APART);
    await suite.redis().set(names.dlq, 'no stream');
    const [one, two] = await store.add([['a', 'b'].map((text) => Buffer.from(text)), []]);
    expect(one).to.be.an.instanceOf(Error).that.includes({ code: 'RedisRefused' });
    expect(two).to.be.an.instanceOf(Error);
  });

  describe('the consumers that entries wait for', () => {
    it('are those that the scripts mean, and no consumers of the Go client', async () => {
      for (const reason of DEAD_LETTER_REASONS) {
        expect(dueReason(dueConsumer(reason))).to.equal(reason);
        expect(isIncarnation(dueConsumer(reason))).to.equal(true);
      }
      expect(dueReason(A)).to.equal(undefined);
    });

    it('are forgotten only when nothing waits for them', async () => {
      const consumer = await wire.join(A, APART);
      const ids = await makeDue(consumer, 'one');
      expect(await consumer.group.forget(EXCEEDED)).to.equal(false);
      const letters = await claim(consumer, 'max_retries_exceeded', ids, 0);
      await consumer.due.finish('max_retries_exceeded', await write(consumer, letters));
      expect(await consumer.group.forget(EXCEEDED)).to.equal(true);
    });
  });

  describe('without memory for the load balancer stream', () => {
    afterEach(async () => {
      await suite.redis().config('SET', 'maxmemory', '0');
    });

    it('what is decided stays decided, and nothing is lost', async () => {
      const consumer = await wire.join(A, { ...APART, historyKey: undefined });
      const batch = await wire.own(consumer, 'one');
      await suite.redis().config('SET', 'maxmemory', '1');
      const { moved } = await consumer.lease.giveBack('failed', batch);
      expect(moved[0]?.outcome).to.equal('deadLetterDue');
      const ids = batch.map(({ id }) => id);
      const letters = await claim(consumer, 'max_retries_exceeded', ids, 0);
      const [refused] = await consumer.deadLetters.add(letters.map(({ fields }) => fields));
      expect(refused).to.be.an.instanceOf(Error).that.includes({ retriable: true });
      expect(await wire.pendingIds()).to.deep.equal(ids);
      await suite.redis().config('SET', 'maxmemory', '0');
      expect(await consumer.due.finish('max_retries_exceeded', await write(consumer, letters))).to.deep.equal(
        [true],
      );
      expect(await suite.redis().xlen(names.dlq)).to.equal(1);
    });
  });
});
