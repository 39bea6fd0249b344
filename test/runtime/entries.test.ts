import { once } from 'node:events';
import { expect } from 'chai';
import * as z from 'zod';
import type { EntriesOptions, Entry, StreamHandle } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useProducer } from '../support/producers.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

describe('the entries of a data stream', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const producer = useProducer(suite, fleet);

  /** Adds entries with these numbers. Returns their ids. */
  async function append(key: string, ...numbers: readonly (number | string)[]): Promise<string[]> {
    const ids: string[] = [];
    for (const n of numbers) ids.push((await suite.redis().xadd(key, '*', 'n', String(n))) as string);
    return ids;
  }

  const end = (key: string) => suite.redis().xadd(key, '*', '_end', '1');

  /** A runtime whose handler notes what it is given. */
  async function reading(
    options?: EntriesOptions,
    each: (entry: Entry, stream: StreamHandle) => unknown = () => {},
    runtimeOptions = {},
  ) {
    const runtime = fleet().create(runtimeOptions);
    const log = fleet().listen(runtime);
    const seen: string[] = [];
    let calls = 0;
    runtime.process(async (stream) => {
      calls += 1;
      for await (const entry of stream.entries(options)) {
        seen.push(entry.fields.n ?? '');
        await each(entry, stream as StreamHandle);
      }
    });
    await runtime.start();
    return { runtime, log, seen, calls: () => calls };
  }

  const seenAll = (seen: readonly string[], count: number) =>
    eventually(`${count} entries are handled`, () => seen.length >= count);

  it('come in order, those that were there and those that come, with id, fields and attempt [C-DATA-1]', async () => {
    const [first] = await append('orders', 1, 2, 3);
    const entries: Entry[] = [];
    const { seen } = await reading({}, (entry) => entries.push(entry));
    await fleet().announce(['orders']);
    await seenAll(seen, 3);
    expect(entries[0]).to.deep.include({ id: first, fields: { n: '1' }, attempt: 1 });
    await append('orders', 4, 5);
    await seenAll(seen, 5);
    expect(seen).to.deep.equal(['1', '2', '3', '4', '5']);
  });

  it('go on behind the last commit with the next owner [C-DATA-1, C-DATA-2]', async () => {
    await append('orders', 1, 2, 3, 4);
    const first = await reading({}, async ({ fields }, { signal }) => {
      if (fields.n === '3' && !signal.aborted) await once(signal, 'abort');
    });
    await fleet().announce(['orders']);
    await seenAll(first.seen, 3);
    await first.runtime.stop();
    const second = await reading();
    await append('orders', 5);
    await seenAll(second.seen, 2);
    expect(first.seen).to.deep.equal(['1', '2', '3']);
    expect(second.seen).to.deep.equal(['4', '5']);
  });

  it('end at the end mark, and the stream is finished; its position stays [C-DATA-4, C-DATA-5]', async () => {
    await append('orders', 1, 2);
    await end('orders');
    const { seen, runtime } = await reading();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2']);
    await append('orders', 3);
    await fleet().announce(['orders']);
    await seenAll(seen, 3);
    expect(seen).to.deep.equal(['1', '2', '3']);
  });

  it('end once at an end mark that touches the owner, whatever the owner has heard of by then [C-DATA-4]', async () => {
    const { runtime, seen, calls } = await reading();
    for (const trim of ['never', 'committed'] as const) {
      const other = await reading({ trim });
      await runtime.stop();
      for (let n = 0; n < 5; n += 1) await producer().append(`s-${trim}`, { n });
      await seenAll(other.seen, 5);
      await producer().end(`s-${trim}`);
      await eventually('it is finished', () => other.runtime.snapshot().counters.finished === 1);
      expect(other.calls()).to.equal(1);
      await other.runtime.stop();
    }
    expect([seen, calls()]).to.deep.equal([[], 0]);
  });

  it('are over for the next owner, where the last one died between the end mark and done() [C-DATA-4]', async () => {
    const key = 'orders';
    await append(key, 1, 2);
    const mark = (await end(key)) as string;
    const record = (position: string) => `v1 1-1 1 1 ${JSON.stringify({ p: { [key]: position } })}`;
    await suite.redis().hset(fleet().names.checkpoints, key, record(mark));
    const { runtime, seen } = await reading();
    await fleet().announce([key]);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    await suite.redis().del(key);
    await suite.redis().hset(fleet().names.checkpoints, key, record('removed'));
    await fleet().announce([key]);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 2);
    expect(seen).to.deep.equal([]);
    // Another stream of that name begins with its first entry.
    await suite.redis().hset(fleet().names.checkpoints, key, record('removed'));
    await append(key, 3);
    await fleet().announce([key]);
    await seenAll(seen, 1);
  });

  it('go on for the same owner where more stands behind the end mark [C-DATA-4]', async () => {
    await append('orders', 1);
    await end('orders');
    await append('orders', 2);
    await end('orders');
    const { seen, calls, runtime } = await reading();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2']);
    expect(calls()).to.equal(2);
  });

  it('end when nothing comes for idleMs, and then the stream is finished [C-DATA-4]', async () => {
    await append('orders', 1);
    const { seen, runtime } = await reading({ idleMs: 0 });
    await producer().ensure('orders');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1']);
    expect(await producer().ensure('orders')).to.include({ created: true });
  });

  it('are looked for once more where the stream was touched after the last look [C-DATA-5]', async () => {
    await append('orders', 1);
    let calls = 0;
    const seen: string[] = [];
    const runtime = fleet().create();
    runtime.process(async (stream) => {
      calls += 1;
      for await (const { fields } of stream.entries({ idleMs: 0 })) seen.push(fields.n ?? '');
      // After the last look, and before done.
      if (calls > 1) return;
      await append('orders', 2);
      await producer().ensure('orders');
    });
    await runtime.start();
    await producer().ensure('orders');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2']);
    expect(calls).to.equal(2);
  });

  it('end after the one that until names, or for which it holds [C-DATA-4]', async () => {
    const [, second] = await append('orders', 1, 2, 3);
    const { seen, runtime } = await reading({ until: second as string });
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2']);
    await runtime.stop();
    const other = await reading({ until: ({ fields }) => fields.n === '3' });
    await append('orders', 4);
    await fleet().announce(['orders']);
    await eventually('it is finished', () => other.runtime.snapshot().counters.finished === 1);
    expect(other.seen).to.deep.equal(['3']);
  });

  it("begin behind the last one there is with from: 'new', also for the next owner [C-DATA-3]", async () => {
    await append('orders', 1, 2);
    const first = await reading({ from: 'new' });
    await fleet().announce(['orders']);
    await eventually('where it begins is recorded', () =>
      suite.redis().hget(fleet().names.checkpoints, 'orders'),
    );
    await first.runtime.stop();
    await append('orders', 3);
    const second = await reading({ from: 'new' });
    await seenAll(second.seen, 1);
    expect(second.seen).to.deep.equal(['3']);
  });

  it('begin behind an id [C-DATA-3]', async () => {
    const [, second] = await append('orders', 1, 2, 3);
    const { seen } = await reading({ from: second as string });
    await fleet().announce(['orders']);
    await seenAll(seen, 1);
    expect(seen).to.deep.equal(['3']);
  });

  it('come from another key, and from another deployment [C-DATA-1]', async () => {
    await append('elsewhere', 1);
    const data = new URL(suite.server().url);
    data.pathname = '/1';
    const { seen, runtime } = await reading({ key: 'elsewhere' });
    await fleet().announce(['orders']);
    await seenAll(seen, 1);
    await runtime.stop();
    const apart = suite.connect({ db: 1 });
    await apart.xadd('customers', '*', 'n', '7');
    const other = fleet().create({ data: data.href });
    const found: string[] = [];
    other.process(async (stream) => {
      for await (const { fields } of stream.entries({ idleMs: 0 })) found.push(fields.n ?? '');
    });
    await other.start();
    await fleet().announce(['customers']);
    await seenAll(found, 1);
    expect(found).to.deep.equal(['7']);
  });

  it('are bytes with raw, and what a schema makes of them [C-DATA-1]', async () => {
    const bytes = Buffer.from([0, 255, 10]);
    await suite.redis().xadd('orders', '1-1', 'a', bytes, '__proto__', 'x');
    await suite.redis().xadd('orders', '1-2', 'a', '12');
    const found: unknown[] = [];
    const runtime = fleet().create();
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries({ raw: true, until: '1-1' })) found.push(fields);
      const schema = z.object({ a: z.coerce.number() });
      for await (const { fields } of stream.entries({ schema, idleMs: 0 })) found.push(fields.a + 1);
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(found[1]).to.equal(13);
    const [raw] = found as [Record<string, Buffer>];
    expect(raw.a?.equals(bytes)).to.equal(true);
    expect(Object.keys(raw)).to.deep.equal(['a', '__proto__']);
  });

  it('come several at a time by batches() [C-DATA-1]', async () => {
    await append('orders', 1, 2, 3, 4, 5);
    const sizes: number[] = [];
    const seen: string[] = [];
    const runtime = fleet().create();
    runtime.process(async (stream) => {
      for await (const { entries } of stream.batches({ count: 2, idleMs: 0 })) {
        sizes.push(entries.length);
        seen.push(...entries.map(({ fields }) => fields.n ?? ''));
      }
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(seen).to.deep.equal(['1', '2', '3', '4', '5']);
    expect(Math.max(...sizes)).to.equal(2);
  });

  it("are committed by commit() alone with commit: 'manual' [C-DATA-2]", async () => {
    const ids = await append('orders', 1, 2, 3);
    const { seen, runtime } = await reading({ commit: 'manual' }, async (entry) => {
      if (entry.fields.n === '1') await entry.commit();
    });
    await fleet().announce(['orders']);
    await seenAll(seen, 3);
    expect(await suite.redis().hget(fleet().names.checkpoints, 'orders')).to.contain(ids[0]);
    await runtime.stop();
    const next = await reading();
    await seenAll(next.seen, 2);
    expect(next.seen).to.deep.equal(['2', '3']);
  });

  it('are asked for no more once the signal has aborted: the next one rejects with its reason [C-DATA-6]', async () => {
    await append('orders', 1);
    let thrown: unknown;
    const runtime = fleet().create();
    const seen: string[] = [];
    runtime.process(async (stream) => {
      try {
        for await (const { fields } of stream.entries()) seen.push(fields.n ?? '');
      } catch (error) {
        thrown = error;
        throw error;
      }
    });
    await runtime.start();
    await fleet().announce(['orders']);
    await seenAll(seen, 1);
    await runtime.release(runtime.owned('orders') as StreamHandle, { afterMs: 60_000 });
    expect(thrown).to.include({ code: 'StreamReleased' });
    expect(runtime.snapshot().counters.handlerFailures).to.equal(0);
  });

  it('end quietly when the stream is done by hand [C-DATA-6]', async () => {
    await append('orders', 1);
    const { seen, runtime, calls } = await reading();
    await fleet().announce(['orders']);
    await seenAll(seen, 1);
    await (runtime.owned('orders') as StreamHandle).done();
    await runtime.stop();
    expect(calls()).to.equal(1);
  });

  it('are refused twice at a time, and with options that are none [C-DATA-1, C-APP-4]', async () => {
    const { runtime } = await fleet().listening();
    await fleet().announce(['orders']);
    await eventually('it is owned', () => runtime.owned('orders') !== undefined);
    const stream = runtime.owned('orders') as StreamHandle;
    const entries = stream.entries();
    expect(() => stream.entries())
      .to.throw()
      .with.property('code', 'InvalidState');
    await entries.return?.();
    expect(await entries.next()).to.deep.equal({ done: true, value: undefined });
    const again = stream.entries();
    void again.next();
    expect(await rejection(again.next())).to.include({ code: 'InvalidState' });
    await again.return?.();
    for (const options of [
      { count: 0 },
      { from: 'end' },
      { until: 7 },
      { idleMs: -1 },
      { key: '' },
      { commit: 'never' },
      { schema: {} },
      { onEntryError: 'skip', entryRetries: 4 },
      { other: 1 },
      7,
    ]) {
      expect(() => stream.entries(options as never), JSON.stringify(options))
        .to.throw()
        .with.property('code', 'InvalidOption');
    }
  });
});
