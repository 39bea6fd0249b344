import { expect } from 'chai';
import type { Clock } from '../../src/index.js';
import { type GoConsumer, type GoConsumerOptions, startGoConsumer } from '../../src/testing/index.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { streamNames } from '../support/runtimes.js';

const STREAMS = streamNames(40);
/** `WithLBSIdleTime`, as it is unless it is set. */
const LBS_IDLE_MS = 40_000;

/** Eight seconds pass in one: rounds of touching need not be waited for. Redis's own clock runs as ever. */
const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 8,
  random: () => Math.random(),
  setTimeout: (callback, ms) => setTimeout(callback, ms / 8),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

describe('a consumer of the Go client, v0.4, that starts beside ours', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: keepable(3000), minIdleMs: 60_000 });
  const running: AsyncDisposable[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()));
  });

  async function startGo(options: Partial<GoConsumerOptions> = {}): Promise<GoConsumer> {
    const { service } = crew;
    const go = await startGoConsumer({
      redis: suite.server().url,
      service,
      version: 'v0.4',
      lbsIdleMs: LBS_IDLE_MS,
      ...options,
    });
    running.push(go);
    return go;
  }

  const pending = async () =>
    (await suite.redis().xpending(crew.lbs, crew.group, '-', '+', 100)) as [string, string, number, number][];

  async function holding(
    options: Parameters<typeof crew.start>[0],
  ): Promise<{ ours: Member; ids: string[] }> {
    const ours = await crew.start(options);
    const ids = await crew.announce(...STREAMS);
    await ours.awaitNews('StreamAdded', STREAMS.length);
    return { ours, ids };
  }

  /** It looks as if it had been holding these for a minute. */
  async function age({ name }: Member, ids: readonly string[]): Promise<void> {
    await suite.redis().xclaim(crew.lbs, crew.group, name, 0, ...ids, 'IDLE', 60_000, 'JUSTID');
  }

  /** A Go consumer that has been given an entry: before that, Redis does not list it. */
  async function oneMemberOfGo({ runtime }: Member): Promise<void> {
    const go = await startGo({ name: 'redis-consumer-first' });
    await runtime.pause();
    await crew.announce('its own');
    await eventually('it is a member', () => go.owned.size === 1);
    await go.done('its own');
  }

  const looksYoung = () =>
    eventually('all of it looks young', async () =>
      (await pending()).every(([, , idleMs]) => idleMs < LBS_IDLE_MS / 2),
    );

  it('takes all that has been held for longer than its idle time from who does not touch it, whatever its locks', async () => {
    const { ours, ids } = await holding({});
    await age(ours, ids);
    const go = await startGo();
    const lost = await ours.awaitNews('StreamDisowned', STREAMS.length);
    expect(new Set(lost.map(({ reason }) => reason))).to.deep.equal(new Set(['takenOver']));
    await eventually(
      'it claims them when the locks of ours have run out',
      () => go.owned.size === STREAMS.length,
    );
  });

  for (const lockKeys of [true, false]) {
    it(`takes nothing from ours, ${lockKeys ? 'which keeps lock keys' : 'which keeps no lock keys and sees one in the group'}, and the deliveries that Redis counts stay as they are [C-GO-1]`, async () => {
      const { ours, ids } = await holding({ clock: fastClock, lockKeys });
      if (!lockKeys) await oneMemberOfGo(ours);
      await age(ours, ids);
      await looksYoung();
      const go = await startGo({ name: 'redis-consumer-second' });
      expect(go.notifications).to.deep.equal([]);
      expect(await pending()).to.have.length(STREAMS.length);
      for (const [, owner, , deliveries] of await pending()) {
        expect({ owner, deliveries }).to.deep.equal({ owner: ours.name, deliveries: 1 });
      }
      expect(ours.told('StreamDisowned')).to.deep.equal([]);
      await Promise.all([...ours.runtime.ownedStreams()].map((stream) => stream.done()));
      expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    });
  }

  it('works on a name at the same time as ours where that is announced twice [C-NAME-5]', async () => {
    const ours = await crew.start();
    await crew.announce('twice');
    await ours.awaitNews('StreamAdded', 1);
    await ours.runtime.pause();
    const go = await startGo();
    const [second] = await crew.announce('twice');
    await eventually('the Go consumer works on it', () => go.owned.get('twice') === second);
    expect(ours.runtime.owned('twice')?.signal.aborted).to.equal(false);
    expect(await go.done('twice')).to.equal(true);
    await ours.runtime.owned('twice')?.done();
    expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
  });

  it('an entry whose payload a tool has deleted is told as gone when it is touched [C-GO-2, C-LOST-2]', async () => {
    const ours = await crew.start({ clock: fastClock });
    const [gone = ''] = await crew.announce('gone', 'there');
    await ours.awaitNews('StreamAdded', 2);
    await age(ours, [gone]);
    await suite.redis().xdel(crew.lbs, gone);
    const [lost] = await ours.awaitNews('StreamDisowned', 1);
    expect(lost).to.include({ stream: 'gone', reason: 'entryGone' });
    // The scan at the start may have found it first: it is told of before it is taken off.
    await eventually('it is off the list', async () => (await pending()).every(([id]) => id !== gone));
    expect(ours.runtime.owned('there')).not.to.equal(undefined);
  });
  it('takes its locks back when it was frozen and wakes, is told nothing, and finishes what is ours by then a second time, with success [C-OVL-5]', async () => {
    const streams = streamNames(4);
    const go = await startGo({ heartbeatMs: keepable(800) });
    const ids = await crew.announce(...streams);
    await eventually('it owns them', () => go.owned.size === streams.length);
    // A copy that its own parked read is given is found by the scan.
    const ours = await crew.start({ reconcileEveryMs: 200, minIdleMs: keepable(3000) });
    go.freeze();
    await ours.awaitNews('StreamAdded', streams.length);
    go.thaw();
    const locks = ids.map((id, index) => `${streams[index]}<MUTEX_KEY_SEP>${id}`);
    await eventually('it has its locks again', async () =>
      (await suite.redis().mget(...locks)).every((value) => value === go.name),
    );
    expect(go.owned.size).to.equal(streams.length);
    expect(go.notifications.filter(({ type }) => type === 'StreamDisowned')).to.deep.equal([]);
    // Either may be the first. That nothing is acknowledged (false) the Go client does not look at: its application hears no error.
    for (const [index, stream] of streams.entries()) {
      const finishes = [() => go.done(stream), () => ours.runtime.owned(stream)?.done()];
      const results: unknown[] = [];
      for (const finish of index % 2 ? finishes.reverse() : finishes) results.push(await finish());
      expect(results.sort()).to.deep.equal([false, undefined]);
    }
    expect(ours.told('StreamDisowned')).to.deep.equal([]);
    expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    expect(await suite.redis().xlen(crew.dlq)).to.equal(0);
  });
});
