import * as chai from 'chai';
import { expect } from 'chai';
import { compareFencingTokens, type StreamHandle } from '../../src/index.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { startFaultProxy } from '../../src/testing/fault-proxy.js';
import { checkHistory, loadRecording, readHistory, recordings } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { useProducer } from '../support/producers.js';
import { useFolder } from '../support/recordings.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

chai.use(recordings);

const HOUR_MS = 3_600_000;

describe('a stream that is given out later', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const folder = useFolder();
  const producer = useProducer(suite, fleet);

  const onStream = () => suite.redis().xlen(fleet().names.lbs);
  const delayed = () => suite.redis().xlen(fleet().names.delayed);

  /** By the clock of Redis, in milliseconds. */
  async function redisNow(): Promise<number> {
    const [seconds, micros] = await suite.redis().time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  }

  it('comes back when its owner has released it so, not before, with a larger token and no retry spent [C-DLY-1, C-DLY-3]', async () => {
    const runtime = fleet().create();
    const begun: { handle: StreamHandle; at: number }[] = [];
    let releasedAt = 0;
    runtime.process(async (stream) => {
      begun.push({ handle: stream, at: await redisNow() });
      if (begun.length > 1) return;
      releasedAt = await redisNow();
      await stream.release({ afterMs: 300 });
    });
    await runtime.start();
    await producer().add('one', { a: 1 });
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    const [first, second] = begun;
    expect((second?.at ?? 0) - releasedAt).to.be.at.least(299);
    expect(second?.handle).to.include({ name: 'one', retryCount: 0, failures: 0 });
    expect(second?.handle.info).to.deep.equal({ a: 1 });
    const tokens = [first?.handle.fencingToken ?? '', second?.handle.fencingToken ?? ''] as const;
    expect(compareFencingTokens(...tokens)).to.equal(-1);
    expect(first?.handle.signal.reason).to.include({ code: 'StreamReleased' });
    expect(runtime.snapshot().counters).to.include({ delayed: 1, delaysEnded: 1 });
    const records = await readHistory(suite.redis(), fleet().historyKey);
    expect(checkHistory({ records }).violations).to.deep.equal([]);
    expect(records.map(({ op }) => op)).to.deep.equal([
      'acquired',
      'delayed',
      'undelayed',
      'acquired',
      'finished',
    ]);
  });

  it('is added so by a producer, among others, in their order [C-DLY-1]', async () => {
    const { runtime, log } = await fleet().listening();
    const ids = await producer().addMany([
      { name: 'now' },
      { name: 'later', delayMs: 200 },
      { name: 'never', delayMs: HOUR_MS },
      { name: 'now too' },
    ]);
    expect(ids.map((id) => id.startsWith('delayed:'))).to.deep.equal([false, true, true, false]);
    await eventually(
      'three are told of',
      () => log.all.filter(({ type }) => type === 'StreamAdded').length === 3,
    );
    expect(await delayed()).to.equal(1);
    expect(runtime.owned('never')).to.equal(undefined);
  });

  it('outlives those who run, and waits for nobody [C-DLY-2]', async () => {
    const before = await fleet().start();
    await producer().add('one', null, { delayMs: 50 });
    await before.stop();
    const runtime = await fleet().start();
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    expect(await delayed()).to.equal(0);
  });

  it('is given out once though the answer was lost [C-DLY-2]', async () => {
    const { host, port } = suite.server();
    const proxy = await startFaultProxy({ host, port });
    try {
      const armed = proxy.arm({
        fault: 'cutReply',
        matches: (args) => args[1] === SCRIPTS['end-delays'].sha,
      });
      const first = await fleet().start({ redis: proxy.url });
      // The script is known from then on, so that its name is sent.
      await suite.redis().script('LOAD', SCRIPTS['end-delays'].source);
      await producer().add('one', null, { delayMs: 1 });
      await eventually('it is owned', () => first.owned('one') !== undefined);
      expect(armed.struck).to.equal(1);
      expect(await onStream()).to.equal(1);
    } finally {
      await proxy.close();
    }
  });

  it('is no entry until then: a consumer of the Go client cannot see it [C-DLY-6]', async () => {
    await fleet().start();
    await producer().add('one', null, { delayMs: HOUR_MS });
    expect(await onStream()).to.equal(0);
    const { lbs, group } = fleet().names;
    expect(await suite.redis().xreadgroup('GROUP', group, 'go', 'STREAMS', lbs, '>')).to.equal(null);
  });

  it('is refused where the time is none [C-APP-4]', async () => {
    const { runtime } = await fleet().listening();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    const handle = runtime.owned('one') as StreamHandle;
    for (const wrong of [-1, 1.5, '1', null, Number.NaN, 31_622_400_001] as number[]) {
      expect(await rejection(handle.release({ afterMs: wrong }))).to.include({ code: 'InvalidOption' });
      expect(await rejection(producer().add('two', null, { delayMs: wrong }))).to.include({
        code: 'InvalidOption',
      });
    }
    expect(await rejection(handle.release(7 as never))).to.include({ code: 'InvalidOption' });
    expect(await rejection(producer().add('two', null, 7 as never))).to.include({ code: 'InvalidOption' });
    expect(handle.signal.aborted).to.equal(false);
  });

  it('costs nothing while it waits: of thousands a beat says no more than of one [C-DLY-5]', async () => {
    const streams = Array.from({ length: 5_000 }, (_, index) => ({ name: `s-${index}`, delayMs: HOUR_MS }));
    await producer().addMany(streams);
    const runtime = await fleet().start();
    await eventually('it has begun', () => runtime.snapshot().lease.lastVerify !== null);
    await suite.redis().config('RESETSTAT');
    const calls = async () => {
      const stats = await suite.redis().info('commandstats');
      return new Map(
        [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, count]) => [name, Number(count)]),
      );
    };
    await eventually('it has beaten a few times', async () => ((await calls()).get('zrange') ?? 0) >= 4);
    const found = await calls();
    // Three looks a beat, at what is due, at what is parked and at whose presence runs out next, and nothing for each stream.
    expect(found.get('zrange')).to.be.at.most(3 * (found.get('evalsha') ?? 0));
    // Of its own presence.
    expect(found.get('zadd') ?? 0).to.be.at.most(found.get('evalsha') ?? 0);
    for (const command of ['zrem', 'xadd', 'xdel']) expect(found.get(command), command).to.equal(undefined);
    expect(runtime.snapshot().counters.delaysEnded).to.equal(0);
    expect(await delayed()).to.equal(5_000);
  });

  it('is recorded so that it replays [C-DLY-1]', async () => {
    const { runtime } = await fleet().listening();
    await producer().add('one');
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    const recording = runtime.record({ file: folder('delayed.jsonl') });
    await (runtime.owned('one') as StreamHandle).release({ afterMs: 100 });
    await eventually('it is owned again', () => runtime.owned('one') !== undefined);
    await recording.stop();
    expect(await loadRecording(folder('delayed.jsonl'))).to.replay();
  });
});

describe('releasing many streams', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('releases those for which the predicate holds, and says how many [C-REL-4]', async () => {
    const { runtime } = await fleet().listening();
    await fleet().announce(['a-1', 'a-2', 'b-1']);
    await eventually('all are owned', () => [...runtime.ownedStreams()].length === 3);
    await runtime.pause();
    const report = await runtime.releaseMany(({ name }) => name.startsWith('a-'));
    expect(report).to.deep.equal({ matched: 2, released: 2, ended: 0, failed: 0 });
    expect([...runtime.ownedStreams()].map(({ name }) => name)).to.deep.equal(['b-1']);
    expect(await runtime.releaseMany(() => false)).to.deep.equal({
      matched: 0,
      released: 0,
      ended: 0,
      failed: 0,
    });
    const delayed = await runtime.releaseMany(() => true, { afterMs: 3_600_000 });
    expect(delayed).to.include({ matched: 1, released: 1 });
    expect(await suite.redis().xlen(fleet().names.delayed)).to.equal(1);
    expect(await suite.redis().xlen(fleet().names.lbs)).to.equal(2);
  });

  it('releases none where the predicate throws, or is none [C-REL-4]', async () => {
    const { runtime } = await fleet().listening();
    await fleet().announce(['one', 'two']);
    await eventually('all are owned', () => [...runtime.ownedStreams()].length === 2);
    const thrown = new Error('no');
    const error = await rejection(
      runtime.releaseMany(({ name }) => {
        if (name === 'two') throw thrown;
        return true;
      }),
    );
    expect(error).to.equal(thrown);
    expect(await rejection(runtime.releaseMany(7 as never))).to.include({ code: 'InvalidOption' });
    expect([...runtime.ownedStreams()]).to.have.length(2);
  });
});
