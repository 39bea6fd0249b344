import { expect } from 'chai';
import { createProducer, isStreamwardenError, type Producer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';

const STREAMS = Array.from({ length: 60 }, (_, n) => `stream-${n}`);

describe('entries of data streams all over a cluster', () => {
  const suite = useCluster({ requireFullCoverage: false });
  const crew = useCrew(suite, { heartbeatMs: keepable(2000), minIdleMs: keepable(6000) });
  let feeding: { stop(): Promise<number> } | undefined;

  afterEach(async () => {
    await feeding?.stop();
    feeding = undefined;
  });

  /** Adds entries to all streams, one after another, until it is stopped; resolves with how many each has. */
  function feed(): { stop(): Promise<number> } {
    const redis = suite.redis();
    let isStopped = false;
    const ended = (async () => {
      let n = 0;
      for (; !isStopped; n += 1) await Promise.all(STREAMS.map((stream) => redis.xadd(stream, '*', 'n', n)));
      return n;
    })();
    return {
      stop() {
        isStopped = true;
        return ended;
      },
    };
  }

  async function reading(options: { readonly trim?: 'committed' } = {}) {
    const member = crew.make();
    const seen = new Map<string, number[]>(STREAMS.map((stream) => [stream, []]));
    member.runtime.process(async (stream) => {
      for await (const { fields } of stream.entries(options)) seen.get(stream.name)?.push(Number(fields.n));
    });
    await member.runtime.start();
    await crew.announce(...STREAMS);
    const handled = () => Math.min(...[...seen.values()].map(({ length }) => length));
    return { member, seen, handled };
  }

  /** Adds this number to each stream once, whatever fails: what had no answer is looked for. */
  async function addOnce(producer: Producer, n: number): Promise<void> {
    for (let left: readonly string[] = STREAMS; left.length > 0; ) {
      const tried = left;
      try {
        await producer.appendMany(tried.map((name) => ({ name, fields: { n } })));
        return;
      } catch (error) {
        if (!isStreamwardenError(error)) throw error;
        const { appended, unknown } = error.details as { appended: (string | null)[]; unknown: number[] };
        const isThere = await Promise.all(
          tried.map(async (name, at) => {
            if (appended[at] !== null) return true;
            if (!unknown.includes(at)) return false;
            const [newest] = await suite.redis().xrevrange(name, '+', '-', 'COUNT', 1);
            return newest?.[1][1] === String(n);
          }),
        );
        left = tried.filter((_, at) => !isThere[at]);
      }
    }
  }

  async function expectAll(seen: ReadonlyMap<string, number[]>, total: number): Promise<void> {
    const wanted = Array.from({ length: total }, (_, n) => n);
    for (const [stream, numbers] of seen) {
      await eventually(`all of ${stream} come`, () => numbers.length >= total);
      expect(numbers, stream).to.deep.equal(wanted);
    }
  }

  it('come from wherever a stream is, each once and in order [C-DATA-1, C-DATA-12]', async () => {
    const { seen, handled, member } = await reading({ trim: 'committed' });
    feeding = feed();
    await eventually('some of each are handled', () => handled() >= 20);
    await expectAll(seen, await feeding.stop());
    expect(member.told('EntriesTrimmed')).to.deep.equal([]);
    await eventually(
      'what is committed is gone',
      async () => (await suite.redis().xlen(STREAMS[0] as string)) <= 1,
    );
  });

  it('come while a slot is moved, and afterwards from where it is then [C-DATA-12]', async () => {
    const cluster = suite.cluster();
    const slot = cluster.slotOf(STREAMS[0] as string);
    const from = await cluster.masterOf(slot);
    const to = (await cluster.masters()).find(({ id }) => id !== from.id);
    if (to === undefined) throw new Error('there is but one master');
    const { seen, handled } = await reading();
    feeding = feed();
    await eventually('some of each are handled', () => handled() >= 5);
    const migration = await cluster.beginSlotMigration([slot], to);
    let before = handled();
    await eventually('they come while it is on its way', () => handled() >= before + 5);
    await migration.moveKeys(1);
    before = handled();
    await eventually('they come when the key has gone ahead', () => handled() >= before + 5);
    await migration.finish();
    before = handled();
    await eventually('they come from its new node', () => handled() >= before + 5);
    await expectAll(seen, await feeding.stop());
  });

  it('of the other masters come while one fails over [C-DATA-7, C-DATA-12]', async () => {
    const cluster = suite.cluster();
    const home = await cluster.masterOf(cluster.slotOf(crew.lbs));
    const victim = (await cluster.masters()).find(({ id }) => id !== home.id);
    if (victim === undefined) throw new Error('there is but one master');
    const slots = new Set(await cluster.slotsOf(victim));
    const there = STREAMS.filter((stream) => slots.has(cluster.slotOf(stream)));
    const others = STREAMS.filter((stream) => !there.includes(stream));
    expect(there).not.to.be.empty;
    const { seen, member } = await reading();
    await Promise.all(STREAMS.map((stream) => suite.redis().xadd(stream, '*', 'n', 0)));
    await eventually('the first of each are handled', () =>
      [...seen.values()].every(({ length }) => length === 1),
    );
    await cluster.kill(victim);
    await Promise.all(others.map((stream) => suite.redis().xadd(stream, '*', 'n', 1)));
    await eventually('the others go on', () => others.every((stream) => seen.get(stream)?.length === 2));
    await eventually('the slots are served again', async () => {
      await Promise.all(there.map((stream) => suite.redis().xadd(stream, '*', 'n', 1)));
    });
    await eventually('those go on as well', () => there.every((stream) => seen.get(stream)?.includes(1)));
    expect(member.told('StreamFailed')).to.deep.equal([]);
  });

  it('are each read once and removed while a master fails over, to the end of each stream [C-DATA-10, C-DATA-12]', async () => {
    const cluster = suite.cluster();
    const home = await cluster.masterOf(cluster.slotOf(crew.lbs));
    const victim = (await cluster.masters()).find(({ id }) => id !== home.id);
    if (victim === undefined) throw new Error('there is but one master');
    const { seen, handled, member } = await reading({ trim: 'committed' });
    await using producer = createProducer({ redis: cluster.url, service: crew.service });
    const add = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) await addOnce(producer, n);
    };
    await add(0, 10);
    await eventually('the first ones are handled', () => handled() === 10);
    await eventually(
      'what is committed is gone',
      async () => (await suite.redis().xlen(STREAMS[0] as string)) <= 1,
    );
    await Promise.all([cluster.kill(victim), add(10, 20)]);
    await expectAll(seen, 20);
    await Promise.all(STREAMS.map((name) => producer.end(name)));
    await eventually(
      'all are finished',
      async () => member.runtime.snapshot().owned === 0 && (await suite.redis().xlen(crew.lbs)) === 0,
    );
    for (const stream of STREAMS) expect(await suite.redis().exists(stream), stream).to.equal(0);
    // What is announced late keeps nobody.
    await producer.ensureMany(STREAMS.map((name) => ({ name, info: null })));
    await eventually(
      'all are finished again',
      async () => member.runtime.snapshot().owned === 0 && (await suite.redis().xlen(crew.lbs)) === 0,
    );
    await expectAll(seen, 20);
    expect(member.told('EntriesTrimmed')).to.deep.equal([]);
    expect(member.told('StreamFailed')).to.deep.equal([]);
  });
});
