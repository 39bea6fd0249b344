import { expect } from 'chai';
import type { EntriesOptions } from '../../src/index.js';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import { eventually } from '../support/eventually.js';
import { useProducer } from '../support/producers.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

describe('entries that are removed', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const producer = useProducer(suite, fleet);

  async function append(...numbers: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    for (const n of numbers) ids.push((await suite.redis().xadd('orders', '*', 'n', String(n))) as string);
    return ids;
  }

  async function reading(options: EntriesOptions, meanwhile: (n: string) => unknown = () => {}) {
    const runtime = fleet().create();
    const log = fleet().listen(runtime);
    const seen: string[] = [];
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries(options)) {
        seen.push(fields.n ?? '');
        await meanwhile(fields.n ?? '');
      }
    });
    await runtime.start();
    return { runtime, log, seen };
  }

  const finished = (runtime: { snapshot(): { counters: { finished: number } } }, count = 1) =>
    eventually('it is finished', () => runtime.snapshot().counters.finished === count);

  it('leave a position to whoever commits by hand what has come since [C-DATA-2, C-DATA-10]', async () => {
    const runtime = fleet().create();
    const positions: (string | undefined)[] = [];
    runtime.process(async (stream) => {
      for await (const entry of stream.entries({ trim: 'committed', commit: 'manual' })) {
        await entry.commit();
        const record = await suite.redis().hget(fleet().names.checkpoints, 'orders');
        positions.push(record === null ? undefined : parseCheckpoint(record)?.content.p?.orders);
      }
    });
    await runtime.start();
    const ids: string[] = [];
    for (const round of [1, 2]) {
      ids.push(...(await append(round)));
      await producer().end('orders');
      await finished(runtime, round);
      expect(await suite.redis().exists('orders')).to.equal(0);
    }
    expect(positions).to.deep.equal(ids);
  });

  it('while nobody read are told by whoever goes on behind them [C-DATA-9]', async () => {
    const [, second] = await append(1, 2);
    const { runtime, log, seen } = await reading({ idleMs: 0 });
    await producer().ensure('orders');
    await finished(runtime);
    await append(3, 4, 5);
    const left = (await append(6))[0] as string;
    await suite.redis().xtrim('orders', 'MINID', left);
    await producer().ensure('orders');
    await finished(runtime, 2);
    expect(seen).to.deep.equal(['1', '2', '6']);
    const [told] = log.of('EntriesTrimmed');
    expect(told).to.include({ stream: 'orders', key: 'orders', after: second, first: left, count: 1 });
  });

  it('with the whole stream, which begins anew with smaller ids, are told, and the new ones are read [C-DATA-9]', async () => {
    await append(1);
    const { runtime, log, seen } = await reading({ idleMs: 0 });
    await producer().ensure('orders');
    await finished(runtime);
    await suite.redis().del('orders');
    await suite.redis().xadd('orders', '1-1', 'n', '7');
    await producer().ensure('orders');
    await finished(runtime, 2);
    expect(seen).to.deep.equal(['1', '7']);
    expect(log.of('EntriesTrimmed')[0]).to.include({ first: '1-1', missed: null });
  });

  it('by its own owner once they are committed are not missed [C-DATA-9, C-DATA-10]', async () => {
    await append(1, 2, 3);
    const { runtime, log, seen } = await reading({ trim: 'committed' });
    await producer().ensure('orders');
    await eventually('what is committed is gone', async () => (await suite.redis().xlen('orders')) < 3);
    await runtime.stop();
    const next = await reading({ trim: 'committed' });
    await append(4);
    await eventually('it is read', () => next.seen.includes('4'));
    expect([...seen, ...next.seen]).to.deep.equal(['1', '2', '3', '4']);
    expect([...log.of('EntriesTrimmed'), ...next.log.of('EntriesTrimmed')]).to.deep.equal([]);
  });

  it('with the stream at its end leave nothing behind [C-DATA-10]', async () => {
    await append(1, 2);
    await suite.redis().xadd('orders', '*', '_end', '1');
    const { runtime, seen } = await reading({ trim: 'committed' });
    await producer().ensure('orders');
    await finished(runtime);
    expect(seen).to.deep.equal(['1', '2']);
    expect(await suite.redis().exists('orders')).to.equal(0);
    // Only that, and not for long.
    const kept = await suite.redis().hget(fleet().names.checkpoints, 'orders');
    expect(parseCheckpoint(kept ?? '')).to.deep.include({ number: 0, content: { p: { orders: 'removed' } } });
    await suite.redis().xadd('orders', '1-1', 'n', '3');
    await producer().ensure('orders');
    await eventually('the new one is read', () => seen.includes('3'));
  });

  it('with the stream before a producer announces what it had added keep nobody waiting [C-DATA-14]', async () => {
    await append(1);
    await suite.redis().xadd('orders', '*', '_end', '1');
    const { runtime, seen } = await reading({ trim: 'committed' });
    await producer().ensure('orders');
    await finished(runtime);
    // Late: of the producer of the end mark, say, when another one's announcement came first.
    for (let count = 2; count <= 3; count += 1) {
      await producer().ensure('orders');
      await finished(runtime, count);
    }
    expect(seen).to.deep.equal(['1']);
    await append(2);
    await producer().ensure('orders');
    await eventually('what comes then is read', () => seen.includes('2'));
  });

  it('keep nobody waiting whose owner finished by itself, or saved something of its own [C-DATA-14]', async () => {
    await append(1);
    await suite.redis().xadd('orders', '*', '_end', '1');
    const runtime = fleet().create();
    const given: unknown[] = [];
    runtime.process(async (stream) => {
      given.push(stream.checkpoint);
      for await (const { id } of stream.entries({ trim: 'committed' })) await stream.save(id);
      await stream.done();
    });
    await runtime.start();
    for (let count = 1; count <= 2; count += 1) {
      await producer().ensure('orders');
      await finished(runtime, count);
    }
    expect(given).to.deep.equal([undefined, undefined]);
  });

  for (const [how, position] of [
    ['had removed them', async (mark: string) => (await suite.redis().del('orders')) && mark],
    ['had come to the end mark', async (mark: string) => mark],
  ] as const) {
    it(`of an owner that ${how} and died leave nobody waiting, and nothing behind [C-DATA-10, C-DATA-14]`, async () => {
      await append(1);
      const mark = (await suite.redis().xadd('orders', '*', '_end', '1')) as string;
      const record = JSON.stringify({ p: { orders: await position(mark) } });
      await suite.redis().hset(fleet().names.checkpoints, 'orders', `v1 1-1 1 ${Date.now()} ${record}`);
      await producer().ensure('orders');
      const { runtime, seen } = await reading({ trim: 'committed' });
      await finished(runtime);
      expect(seen).to.deep.equal([]);
      expect(await suite.redis().exists('orders')).to.equal(0);
    });
  }

  it('never take along what comes behind the end [C-DATA-10]', async () => {
    await append(1);
    await suite.redis().xadd('orders', '*', '_end', '1');
    let isFirst = true;
    const { runtime, seen } = await reading({ trim: 'committed', count: 1 }, async (n) => {
      if (n !== '1' || !isFirst) return;
      isFirst = false;
      await append(2);
      await suite.redis().xadd('orders', '*', '_end', '1');
    });
    await producer().ensure('orders');
    await finished(runtime);
    expect(seen).to.deep.equal(['1', '2']);
  });
});
