import { once } from 'node:events';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { allowedMs } from '../support/pace.js';
import { useProducer } from '../support/producers.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

/** So long after its last entry a stream is looked at as seldom as it gets, in milliseconds. */
const QUIET_MS = 1500;

describe('entries that producers append', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const producer = useProducer(suite, fleet);

  async function reading() {
    const runtime = fleet().create();
    const handled: { readonly n: string | undefined; readonly at: number }[] = [];
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries()) handled.push({ n: fields.n, at: performance.now() });
    });
    await runtime.start();
    return { runtime, handled };
  }

  const wakers = async () => String(await suite.redis().client('LIST')).match(/name=\S+:waker/g) ?? [];

  it('are read by the owner that their announcement finds, up to the end, and the stream is finished [C-PRO-7, C-PRO-10]', async () => {
    const { runtime, handled } = await reading();
    await producer().appendMany([1, 2, 3].map((n) => ({ name: 'one', fields: { n } })));
    await producer().append('one', { n: 4 });
    await eventually('all are handled', () => handled.length === 4);
    await producer().end('one');
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(handled.map(({ n }) => n)).to.deep.equal(['1', '2', '3', '4']);
    await producer().append('one', { n: 5 });
    await eventually('the next one is handled', () => handled.length === 5);
    expect(handled.at(-1)?.n).to.equal('5');
  });

  it('end with the end mark where they are removed once committed, and the stream is finished [C-PRO-10]', async () => {
    const runtime = fleet().create();
    const seen: (string | undefined)[] = [];
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries({ trim: 'committed' })) seen.push(fields.n);
    });
    await runtime.start();
    for (let n = 1; n <= 3; n += 1) {
      await producer().append('one', { n });
      await producer().end('one');
      await eventually('it is finished', () => runtime.snapshot().counters.finished === n);
    }
    expect(seen).to.deep.equal(['1', '2', '3']);
    expect(await suite.redis().exists('one')).to.equal(0);
  });

  it('are handled at once, however quiet the stream was [C-WAKE-2]', async () => {
    const { handled } = await reading();
    await producer().append('one', { n: 0 });
    await eventually('it is handled', () => handled.length === 1);
    await eventually('the owner listens', async () => (await wakers()).length === 1);
    const took: number[] = [];
    for (let n = 1; n <= 3; n += 1) {
      await eventually('it is quiet', () => performance.now() - (handled.at(-1)?.at ?? 0) > QUIET_MS);
      const began = performance.now();
      await producer().append('one', { n });
      await eventually('it is handled', () => handled.length === n + 1);
      took.push((handled.at(-1)?.at ?? 0) - began);
    }
    // Without wakes it would be 125 ms on the average.
    expect(Math.min(...took), took.join(' ')).to.be.below(allowedMs(20));
  });

  it('are heard of on a connection that exists only while somebody iterates [C-WAKE-2]', async () => {
    const { runtime, handled } = await reading();
    expect(await wakers()).to.deep.equal([]);
    await producer().append('one', { n: 1 });
    await eventually('the owner listens', async () => (await wakers()).length === 1);
    await producer().end('one');
    await eventually('nobody iterates', () => runtime.snapshot().counters.finished === 1);
    await eventually('nobody listens', async () => (await wakers()).length === 0);
    expect(handled).to.have.length(1);
    await producer().append('two', { n: 2 });
    await eventually('somebody listens again', async () => (await wakers()).length === 1);
    await eventually('it is handled', () => handled.length === 2);
  });

  it('are looked for where their wake was lost, and when the waker is cut [C-WAKE-3]', async () => {
    const { runtime, handled } = await reading();
    await producer().append('one', { n: 1 });
    await eventually('it is handled', () => handled.length === 1);
    await eventually('the owner listens', async () => (await wakers()).length === 1);
    const redis = suite.redis();
    const kill = async () => {
      const [, id] = /id=(\d+) [^\n]*:waker/.exec(String(await redis.client('LIST'))) ?? [];
      await redis.call('CLIENT', 'KILL', 'ID', String(id));
    };
    await kill();
    await redis.xadd('one', '*', 'n', '2');
    await eventually('it is found all the same', () => handled.length === 2);
    await eventually('the owner listens again', async () => (await wakers()).length === 1);
    expect(runtime.snapshot().failures).to.deep.equal([]);
    expect(runtime.snapshot().state).to.equal('running');
  });

  it('are read by the next owner after a hand-over in between, each once [C-PRO-7]', async () => {
    const seen: string[] = [];
    const hold = async () => {
      const runtime = fleet().create();
      runtime.process(async (stream) => {
        for await (const { fields } of stream.entries()) {
          seen.push(String(fields.n));
          if (stream.signal.aborted) await once(stream.signal, 'abort');
        }
      });
      await runtime.start();
      return runtime;
    };
    const first = await hold();
    await producer().appendMany([1, 2].map((n) => ({ name: 'one', fields: { n } })));
    await eventually('both are handled', () => seen.length === 2);
    await producer().append('one', { n: 3 });
    await eventually('the third as well', () => seen.length === 3);
    await first.stop();
    await hold();
    await producer().appendMany([4, 5].map((n) => ({ name: 'one', fields: { n } })));
    await eventually('the others are handled', () => seen.at(-1) === '5');
    expect([...new Set(seen)]).to.deep.equal(['1', '2', '3', '4', '5']);
    // The last one that the first owner had may not have been committed.
    expect(seen.length).to.be.at.most(6);
  });
});
