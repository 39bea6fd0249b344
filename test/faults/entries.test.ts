import { setInterval } from 'node:timers/promises';
import { expect } from 'chai';
import { compareEntryIds } from '../../src/core/entry-id.js';
import type { EntriesOptions } from '../../src/index.js';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import { spawnGoConsumer } from '../../src/testing/index.js';
import { type EntriesProcess, useEntriesProcesses } from '../support/entries-process.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const HEARTBEAT_MS = keepable(500);
const STREAMS = Array.from({ length: 20 }, (_, n) => `stream-${n}`);
const HANDLED = 'handled:';
const FEED_EVERY_MS = 20;

// Entries flow through owners that are killed, frozen, cut off and replaced. Each has a number, and every owner writes down what it has handled.
describe('entries of data streams, when owners fail', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);
  const spawn = useEntriesProcesses();
  /** Id of each entry → stream and number. */
  const ids = new Map<string, Map<number, string>>();
  let feeding: { stop(): Promise<void> } | undefined;

  beforeEach(() => ids.clear());
  afterEach(async () => {
    await feeding?.stop();
    feeding = undefined;
  });

  const options = (more: object = {}) => ({
    redis: suite.server().url,
    service: fleet().service,
    heartbeatMs: HEARTBEAT_MS,
    ...more,
  });

  const start = (more: object = {}, reading: EntriesOptions = {}) =>
    spawn({ options: options(more), url: suite.server().url, handledPrefix: HANDLED, reading });

  /** Adds so many to each of these. */
  async function add(streams: readonly string[], from: number, count: number): Promise<void> {
    for (let n = from; n < from + count; n += 1) {
      for (const stream of streams) {
        const id = await suite.redis().xadd(stream, '*', 'n', String(n));
        const ofStream = ids.get(stream) ?? new Map<number, string>();
        ids.set(stream, ofStream.set(n, String(id)));
      }
    }
  }

  /** Adds entries to all streams, at a pace that leaves the processors to their owners, until it is stopped. */
  function feed(): { stop(): Promise<void> } {
    const redis = suite.connect();
    let isStopped = false;
    const ended = (async () => {
      const rounds = setInterval(FEED_EVERY_MS);
      let n = -1;
      for await (const _ of rounds) {
        if (isStopped) return;
        n += 1;
        const pipeline = redis.pipeline();
        for (const stream of STREAMS) pipeline.xadd(stream, '*', 'n', String(n));
        const replies = (await pipeline.exec()) ?? [];
        STREAMS.forEach((stream, index) => {
          const ofStream = ids.get(stream) ?? new Map<number, string>();
          ids.set(stream, ofStream.set(n, String(replies[index]?.[1])));
        });
      }
    })();
    return {
      async stop() {
        isStopped = true;
        await ended;
      },
    };
  }

  const handled = async (stream: string): Promise<{ readonly owner: string; readonly n: number }[]> =>
    (await suite.redis().lrange(`${HANDLED}${stream}`, 0, -1)).map((text) => {
      const [owner = '', n] = text.split(' ');
      return { owner, n: Number(n) };
    });

  const handledBy = async (owner: string): Promise<number> => {
    let count = 0;
    for (const stream of STREAMS)
      count += (await handled(stream)).filter((one) => one.owner === owner).length;
    return count;
  };

  const busy = (one: EntriesProcess, count = 200) =>
    eventually(`${one.consumer} has handled ${count}`, async () => (await handledBy(one.consumer)) >= count);

  const positionOf = async (stream: string): Promise<string> => {
    const record = await suite.redis().hget(fleet().names.checkpoints, stream);
    return (record === null ? undefined : parseCheckpoint(record)?.content.p?.[stream]) ?? '0-0';
  };

  /** Everything that was added has been handled: without a gap, in order within each owner's life. */
  async function expectAll(streams: readonly string[] = STREAMS): Promise<void> {
    for (const stream of streams) {
      const total = ids.get(stream)?.size ?? 0;
      await eventually(
        `all of ${stream} is handled`,
        async () => (await handled(stream)).at(-1)?.n === total - 1,
      );
      const all = await handled(stream);
      const numbers = new Set(all.map(({ n }) => n));
      expect(numbers.size, `${stream}: none is skipped`).to.equal(total);
      for (const owner of new Set(all.map((one) => one.owner))) {
        const own = all.filter((one) => one.owner === owner).map(({ n }) => n);
        expect(own, `${stream}: in order`).to.deep.equal([...own].sort((a, b) => a - b));
      }
    }
  }

  it('are repeated only behind the last commit that Redis has when one is killed, and none is skipped [C-DATA-2, C-DATA-11]', async () => {
    const first = await start();
    await fleet().announce(STREAMS);
    feeding = feed();
    await busy(first);
    await first.kill();
    const positions = new Map<string, string>();
    for (const stream of STREAMS) positions.set(stream, await positionOf(stream));
    const second = await start();
    await busy(second);
    await feeding.stop();
    await expectAll();
    let committed = 0;
    for (const stream of STREAMS) {
      const position = positions.get(stream) as string;
      if (position !== '0-0') committed += 1;
      const again = (await handled(stream)).filter((one) => one.owner === second.consumer);
      for (const { n } of again) {
        expect(compareEntryIds(ids.get(stream)?.get(n) as string, position), `${stream}: ${n}`).to.be.above(
          0,
        );
      }
    }
    expect(committed).to.be.above(0);
  });

  it('go to another one while it is frozen, and what it commits when it wakes is refused [C-DATA-2, C-DATA-11]', async () => {
    const first = await start();
    await fleet().announce(STREAMS);
    feeding = feed();
    await busy(first);
    await first.freeze();
    const second = await start();
    await busy(second);
    first.thaw();
    await eventually('it knows what it has lost', () => first.told('StreamDisowned').length > 0);
    await feeding.stop();
    await expectAll();
    await first.kill();
    // The position is that of the last entry, whoever came late.
    for (const stream of STREAMS) {
      const last = ids.get(stream)?.get((ids.get(stream)?.size ?? 0) - 1);
      await eventually(
        `the position of ${stream} is the last entry`,
        async () => (await positionOf(stream)) === last,
      );
    }
  });

  it('wait out an outage in which the handler hears nothing [C-DATA-7, C-DATA-11]', async () => {
    const first = await start({ redis: proxy().url });
    await fleet().announce(STREAMS);
    feeding = feed();
    await busy(first);
    proxy().refuse();
    await first.awaitNews('StreamUncertain');
    const before = await handledBy(first.consumer);
    proxy().allow();
    await busy(first, before + 200);
    await feeding.stop();
    await expectAll();
    expect(first.told('StreamFailed')).to.deep.equal([]);
    expect(first.told('StreamDisowned')).to.deep.equal([]);
  });

  it('change hands under load: nothing that was committed is handled again [C-DATA-11]', async () => {
    const first = await start();
    await fleet().announce(STREAMS);
    feeding = feed();
    await busy(first);
    const second = await start();
    // It is given half of them, and then all.
    await busy(second, 50);
    await first.stop();
    await busy(second, 400);
    await feeding.stop();
    await expectAll();
    for (const stream of STREAMS) {
      const numbers = (await handled(stream)).map(({ n }) => n);
      expect(numbers, `${stream}: each once`).to.deep.equal([...new Set(numbers)]);
    }
  });

  const isRemoval = ([command = '', , , key]: readonly string[]) =>
    /^eval(sha)?$/i.test(command) && key === 'stream-0';
  const isTrim = ([command = '', key]: readonly string[]) => /^xtrim$/i.test(command) && key === 'stream-0';
  for (const [what, fault, matches] of [
    ['what is committed, and had removed it', 'swallowReply', isTrim],
    ['what is committed, and had not removed it', 'cutBefore', isTrim],
    ['the stream at its end, and had removed it', 'swallowReply', isRemoval],
    ['the stream at its end, and had not removed it', 'cutBefore', isRemoval],
  ] as const) {
    it(`are read to their end, and removed, when one is killed that was about to remove ${what} [C-DATA-10, C-DATA-14]`, async () => {
      const [stream = ''] = STREAMS;
      const trimming = { trim: 'committed' } as const;
      const armed = proxy().arm({ fault, matches });
      const first = await start({ redis: proxy().url }, trimming);
      await add([stream], 0, 50);
      await suite.redis().xadd(stream, '*', '_end', '1');
      await fleet().announce([stream]);
      await armed.first;
      await first.kill();
      const position = await positionOf(stream);
      const second = await start({}, trimming);
      await eventually('it is finished', async () => (await suite.redis().xlen(fleet().names.lbs)) === 0);
      await expectAll([stream]);
      expect(await suite.redis().exists(stream)).to.equal(0);
      const again = (await handled(stream)).filter(({ owner }) => owner === second.consumer);
      for (const { n } of again)
        expect(compareEntryIds(ids.get(stream)?.get(n) as string, position), String(n)).to.be.above(0);
      // What is announced now has been read.
      await fleet().announce([stream]);
      await eventually('it is finished', async () => (await suite.redis().xlen(fleet().names.lbs)) === 0);
      await expectAll([stream]);
      expect(second.told('EntriesTrimmed')).to.deep.equal([]);
    });
  }

  it('wait while an owner of the Go client has their streams, and go on behind the last commit when it dies [C-DATA-2, C-DATA-11]', async () => {
    const streams = STREAMS.slice(0, 5);
    const taking = { reconcileEveryMs: 200, minIdleMs: HEARTBEAT_MS };
    const first = await start(taking);
    await fleet().announce(streams);
    await add(streams, 0, 20);
    await busy(first, 100);
    await using go = await spawnGoConsumer({
      redis: suite.server().url,
      service: fleet().service,
      heartbeatMs: HEARTBEAT_MS,
    });
    await first.stop();
    const given = () => go.notifications.filter(({ type }) => type === 'StreamAdded');
    await eventually('it has them', () => given().length === streams.length);
    await add(streams, 20, 20);
    const second = await start(taking);
    await go.kill();
    await busy(second, 100);
    await expectAll(streams);
    for (const stream of streams) {
      const numbers = (await handled(stream)).map(({ n }) => n);
      expect(numbers, `${stream}: each once`).to.deep.equal([...new Set(numbers)]);
    }
  });
});
