import { expect } from 'chai';
import * as z from 'zod';
import { type Entry, UnrecoverableError } from '../../src/index.js';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('an entry that fails', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const backoff = { handlerBackoff: { initialMs: 1, maxMs: 1 } };

  async function append(...numbers: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    for (const n of numbers) ids.push((await suite.redis().xadd('orders', '*', 'n', String(n))) as string);
    return ids;
  }

  type Options = { readonly onEntryError?: 'stop' | 'skip' | 'deadLetter'; readonly entryRetries?: number };

  /** A handler that throws at the entry with number 2. */
  async function failing(options: Options, error = new Error('no two'), runtimeOptions = {}) {
    const runtime = fleet().create({ ...backoff, ...runtimeOptions });
    const log = fleet().listen(runtime);
    const seen: string[] = [];
    runtime.process(async (stream) => {
      for await (const { fields, attempt } of stream.entries({ ...options, idleMs: 0 })) {
        seen.push(`${fields.n}.${attempt}`);
        if (fields.n === '2') throw error;
      }
    });
    await runtime.start();
    await fleet().announce(['orders']);
    return { runtime, log, seen };
  }

  it('stops the stream as any error does; how often it was tried is known, also to the next owner [C-DATA-8]', async () => {
    await append(1, 2, 3);
    const { log, seen } = await failing({});
    const dead = await log.first('StreamDeadLettered', 'orders');
    expect(dead.reason).to.equal('max_retries_exceeded');
    expect(seen).to.deep.equal(['1.1', '2.1', '2.2', '2.3', '2.4']);
    expect(log.of('EntryFailed')).to.deep.equal([]);
  });

  it('is skipped once its retries are used up, told, and the stream goes on [C-DATA-8]', async () => {
    const [, id] = await append(1, 2, 3);
    const { runtime, log, seen } = await failing({ onEntryError: 'skip', entryRetries: 1 });
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1.1', '2.1', '2.2', '3.1']);
    const [told] = log.of('EntryFailed');
    expect(told).to.include({
      stream: 'orders',
      key: 'orders',
      entryId: id,
      attempts: 2,
      letterId: null,
      count: 1,
    });
    expect(told?.error.message).to.equal('no two');
    // The one that was a retry; the last one is the entry's own affair.
    expect(log.of('StreamFailed')).to.have.length(1);
  });

  it('is copied before it is skipped, with where it comes from and why [C-DATA-8]', async () => {
    const [, id] = await append(1, 2, 3);
    const { runtime, log, seen } = await failing({ onEntryError: 'deadLetter', entryRetries: 0 });
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1.1', '2.1', '3.1']);
    const [letter] = await suite.redis().xrange(fleet().names.entriesDlq, '-', '+');
    expect(letter?.[0]).to.equal(log.of('EntryFailed')[0]?.letterId);
    const fields = letter?.[1] ?? [];
    expect(fields.slice(0, 8)).to.deep.equal([
      '_stream',
      'orders',
      '_key',
      'orders',
      '_id',
      id,
      '_error',
      'no two',
    ]);
    expect(fields.slice(10)).to.deep.equal(['n', '2']);
  });

  it('is passed over at once when no try can mend it [C-DATA-8]', async () => {
    await append(1, 2, 3);
    const { runtime, seen } = await failing({ onEntryError: 'skip' }, new UnrecoverableError('never'));
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1.1', '2.1', '3.1']);
  });

  it('is left out, and commits nothing, where what stands before it has not been committed by hand [C-DATA-2, C-DATA-8]', async () => {
    const ids = await append(1, 2, 3, 4);
    const runtime = fleet().create(backoff);
    const log = fleet().listen(runtime);
    const seen: string[] = [];
    const positions: (string | undefined)[] = [];
    const positionNow = async () => {
      const record = await suite.redis().hget(fleet().names.checkpoints, 'orders');
      return (record === null ? undefined : parseCheckpoint(record)?.content.p?.orders) ?? undefined;
    };
    runtime.process(async (stream) => {
      const options = { commit: 'manual', onEntryError: 'skip', entryRetries: 0, idleMs: 0 } as const;
      for await (const entry of stream.entries(options)) {
        seen.push(entry.fields.n ?? '');
        if (entry.fields.n === '2') throw new Error('no two');
        if (entry.fields.n === '3') positions.push(await positionNow());
        if (entry.fields.n !== '4') continue;
        await entry.commit();
        positions.push(await positionNow());
      }
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2', '1', '3', '4']);
    expect(positions).to.deep.equal([undefined, ids[3]]);
    expect(log.of('EntryFailed').map(({ entryId }) => entryId)).to.deep.equal([ids[1]]);
  });

  it('is found among those of a batch, which come one by one then [C-DATA-8]', async () => {
    await append(1, 2, 3);
    const runtime = fleet().create(backoff);
    const batches: string[][] = [];
    const options = { onEntryError: 'skip', entryRetries: 0, idleMs: 0 } as const;
    runtime.process(async (stream) => {
      for await (const { entries } of stream.batches(options)) {
        const numbers = entries.map(({ fields }) => fields.n ?? '');
        batches.push(numbers);
        if (numbers.includes('2')) throw new Error('no two');
      }
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(batches).to.deep.equal([['1', '2', '3'], ['1'], ['2'], ['3']]);
  });

  it('is one that is being handled: not the one with which the handler left its loop some time before it threw [C-DATA-8]', async () => {
    await append(1, 2);
    const runtime = fleet().create({ ...backoff, maxRetries: 2 });
    const log = fleet().listen(runtime);
    const seen: string[] = [];
    const options = { onEntryError: 'skip', entryRetries: 0 } as const;
    runtime.process(async (stream) => {
      for await (const { fields, attempt } of stream.entries(options)) {
        seen.push(`${fields.n}.${attempt}`);
        break;
      }
      await suite.redis().ping();
      throw new Error('what comes after the loop fails');
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await log.first('StreamDeadLettered', 'orders');
    expect(seen).to.deep.equal(['1.1', '1.1', '1.1']);
    expect(log.of('EntryFailed')).to.deep.equal([]);
  });

  it('is one that is being handled: not one that was committed before the handler left its loop [C-DATA-8]', async () => {
    await append(1);
    const runtime = fleet().create({ ...backoff, maxRetries: 1 });
    const log = fleet().listen(runtime);
    runtime.process(async (stream) => {
      for await (const entry of stream.entries({ onEntryError: 'skip', entryRetries: 0, idleMs: 0 })) {
        await entry.commit();
        break;
      }
      throw new Error('what comes after the loop fails');
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await log.first('StreamDeadLettered', 'orders');
    expect(log.of('EntryFailed')).to.deep.equal([]);
  });

  it('that does not satisfy the schema is refused with EntryInvalid, or passed over [C-DATA-8]', async () => {
    const [first] = await append(1);
    await suite.redis().xadd('orders', '*', 'm', '2');
    await append(3);
    const schema = z.object({ n: z.coerce.number() });
    const seen: (number | string)[] = [];
    const runtime = fleet().create({ ...backoff, maxRetries: 0 });
    const log = fleet().listen(runtime);
    let options: { onEntryError?: 'skip' } = {};
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries({ schema, idleMs: 0, ...options })) seen.push(fields.n);
    });
    await runtime.start();
    await fleet().announce(['orders']);
    const { error } = await log.first('StreamFailed', 'orders');
    expect(error).to.include({ code: 'EntryInvalid' });
    expect(error.message).to.match(/^entry \S+ of orders does not satisfy the schema at n: /);
    await log.first('StreamDeadLettered', 'orders');
    expect(await suite.redis().hget(fleet().names.checkpoints, 'orders')).to.contain(first);
    options = { onEntryError: 'skip' };
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal([1, 3]);
    expect(log.of('EntryFailed')).to.have.length(1);
  });

  it('of a key that is no stream, or may not be read, fails its handler and touches nobody else [C-DATA-7]', async () => {
    const { redis, server } = suite;
    await redis().set('no-stream', 'x');
    await append(1);
    const url = new URL(server().url);
    url.username = 'reader';
    url.password = 'secret';
    await redis().acl('SETUSER', 'reader', 'on', '>secret', '+@all', '~*', '&*');
    const runtime = fleet().create({
      redis: url.href,
      lockKeys: false,
      keyspaceEvents: 'off',
      maxRetries: 0,
      ...backoff,
    });
    const log = fleet().listen(runtime);
    const seen: Entry[] = [];
    runtime.process(async (stream) => {
      for await (const entry of stream.entries()) seen.push(entry);
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('the first is read', () => seen.length === 1);
    await fleet().announce(['no-stream']);
    expect((await log.first('StreamFailed', 'no-stream')).error).to.include({ code: 'NotAStream' });
    await redis().acl('SETUSER', 'reader', 'resetkeys', '%RW~*service*', '%RW~orders');
    await fleet().announce(['forbidden']);
    expect((await log.first('StreamFailed', 'forbidden')).error).to.include({ code: 'PermissionDenied' });
    await append(2);
    await eventually('the others go on', () => seen.length === 2);
    await redis().acl('DELUSER', 'reader');
  });
});
