import { expect } from 'chai';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { checkHistory, type HistoryReport } from '../../src/testing/history.js';
import { readHistory } from '../../src/testing/history-records.js';
import { readStanding } from '../../src/testing/standing.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { type FreezePoint, useFrozenProcess } from '../support/frozen-process.js';
import { keepable } from '../support/pace.js';
import { parked } from '../support/parked.js';
import { useRedis } from '../support/redis.js';

const HEARTBEAT_MS = keepable(500);
const STREAMS = ['a', 'b', 'c'];
const MOMENTS = ['before', 'sent', 'answered'] as const;
type Moment = (typeof MOMENTS)[number];

const PHRASES: Record<Moment, string> = {
  before: 'before it is sent',
  sent: 'when it is sent and not answered',
  answered: 'when it is answered',
};

// A real process stops (SIGSTOP) between two of its steps, the others take what it has, and it wakes. Contract: C-OVL-1, C-OVL-4.
describe('a process that freezes', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS });
  const process = useFrozenProcess();

  before(async () => {
    // So that what is sent is executed, and not refused for want of the script.
    for (const { source } of Object.values(SCRIPTS)) await suite.redis().script('LOAD', source);
  });

  const presenceOf = (name: string) => `{${crew.lbs}}:presence:${name}`;
  const lockOf = (stream: string, id: string) => `${stream}<MUTEX_KEY_SEP>${id}`;

  const outcome = (promise: Promise<unknown>) =>
    promise.then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    );

  /** Its presence has run out in Redis, so that it may be robbed. */
  async function lapsed(): Promise<void> {
    const key = presenceOf(process().consumer);
    await eventually('its presence has run out', async () => (await suite.redis().exists(key)) === 0);
  }

  /** The heir is given these streams, and finishes them. */
  async function takesOver(heir: Member, streams: readonly string[], retryCount: number): Promise<void> {
    const added = await heir.awaitNews('StreamAdded', streams.length);
    expect(added.map(({ stream }) => stream)).to.have.members(streams);
    expect(new Set(added.map((one) => one.retryCount))).to.deep.equal(new Set([retryCount]));
    await Promise.all([...heir.runtime.ownedStreams()].map((stream) => stream.done()));
  }

  /** It has been awake for a heartbeat and has renewed its lease: whatever it would do by itself it has done. */
  async function twoBeats(): Promise<void> {
    const validUntil = await eventually('it has woken', async () => {
      const { lease } = await process().snapshot();
      return lease.certain && (lease.validUntil ?? 0);
    });
    await eventually('two beats of the woken one', async () => {
      const { lease } = await process().snapshot();
      return lease.certain && (lease.validUntil ?? 0) >= validUntil + HEARTBEAT_MS;
    });
  }

  /** It holds nothing, has brought no lock back, and is as good as new. */
  async function isOfUse(heir: Member, streams: readonly string[], ids: readonly string[]): Promise<void> {
    await twoBeats();
    expect((await process().snapshot()).owned).to.equal(0);
    for (const [index, id] of ids.entries()) {
      expect(await suite.redis().exists(lockOf(streams[index] as string, id)), id).to.equal(0);
    }
    await heir.runtime.pause();
    const [later] = await crew.announce('later');
    await eventually('it is given new work', () =>
      process()
        .told('StreamAdded')
        .some(({ id }) => id === later),
    );
    await process().done(later as string);
  }

  async function sound(finished: number): Promise<HistoryReport> {
    const records = await readHistory(suite.redis(), crew.historyKey);
    const onStream = await readStanding(suite.redis(), crew.lbs);
    const report = checkHistory({ records, onStream });
    expect(report.violations).to.deep.equal([]);
    expect(report.ends).to.include({ finished });
    return report;
  }

  async function ownsAll(options = {}): Promise<string[]> {
    await process().start(crew.options(options));
    const ids = await crew.announce(...STREAMS);
    await process().awaitNews('StreamAdded', STREAMS.length);
    return ids;
  }

  /** What it has lost it says, of each stream once. */
  async function lostAll(reason = 'StreamNotOwned'): Promise<void> {
    const disowned = await process().awaitNews('StreamDisowned', STREAMS.length);
    expect(disowned.map(({ stream }) => stream)).to.have.members(STREAMS);
    expect(new Set(disowned.map((one) => one.reason))).to.deep.equal(new Set(['takenOver']));
    const aborted = await process().aborted();
    expect(aborted).to.deep.equal(Object.fromEntries(STREAMS.map((stream) => [stream, reason])));
  }

  describe('before the application has been given a stream', () => {
    /** A heir that reads nothing yet, so that the frozen one is given what is announced. */
    async function waitingHeir(): Promise<Member> {
      const heir = await crew.start();
      await heir.runtime.pause();
      return heir;
    }

    /** In one transaction, so that one read gets them all. */
    async function announceTogether(): Promise<string[]> {
      const transaction = suite.redis().multi();
      for (const stream of STREAMS)
        transaction.xadd(crew.lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: stream }));
      return ((await transaction.exec()) ?? []).map(([, id]) => String(id));
    }

    async function isNotGivenTo(
      heir: Member,
      ids: readonly string[],
      retryCount: number,
      had = STREAMS.length,
    ): Promise<void> {
      await lapsed();
      heir.runtime.resume();
      await takesOver(heir, STREAMS, retryCount);
      process().thaw();
      await isOfUse(heir, STREAMS, ids);
      expect(process().told('StreamAdded')).to.have.length(1);
      expect(process().told('StreamDisowned')).to.deep.equal([]);
      const report = await sound(STREAMS.length + 1);
      // It did have them pending.
      expect(report.recovered).to.be.at.least(had);
    }

    it('in its blocking read: it wakes with a reply that is stale, and refuses it [C-ADD-1, C-OVL-1]', async () => {
      const heir = await waitingHeir();
      await process().start(crew.options());
      await parked(suite.redis(), process().consumer);
      await process().freeze();
      await process().frozen();
      const ids = await announceTogether();
      // A read that waits is given two of them.
      await isNotGivenTo(heir, ids, 0, 2);
    });

    const points: readonly [FreezePoint, number][] = [
      [{ store: 'locks', operation: 'take', when: 'before' }, 0],
      [{ store: 'locks', operation: 'take', when: 'sent' }, 0],
      [{ store: 'lease', operation: 'acquire', when: 'before' }, 0],
      // From here on it is the owner as far as Redis knows, so its death costs a retry.
      [{ store: 'lease', operation: 'acquire', when: 'sent' }, 1],
      [{ store: 'lease', operation: 'acquire', when: 'answered' }, 1],
    ];
    for (const [point, retryCount] of points) {
      it(`at ${point.store}.${point.operation}, ${PHRASES[point.when]}: nothing is told of [C-ADD-1, C-OVL-1]`, async () => {
        const heir = await waitingHeir();
        await process().start(crew.options());
        await parked(suite.redis(), process().consumer);
        await process().freezeAt(point);
        const ids = await announceTogether();
        await process().frozen();
        await isNotGivenTo(heir, ids, retryCount);
      });
    }
  });

  describe('while it owns streams', () => {
    for (const [store, operation] of [
      ['locks', 'extend'],
      ['lease', 'refresh'],
    ] as const) {
      for (const when of MOMENTS) {
        it(`at ${store}.${operation}, ${PHRASES[when]}: it is told that all are lost [C-OVL-4, C-LOST-1, C-EXP-1]`, async () => {
          const ids = await ownsAll();
          const heir = await crew.start();
          await process().freezeAt({ store, operation, when } as FreezePoint);
          await process().frozen();
          await takesOver(heir, STREAMS, 1);
          process().thaw();
          await lostAll();
          await isOfUse(heir, STREAMS, ids);
          const report = await sound(STREAMS.length + 1);
          // Its parked read may have been given the copies too: nobody had them, so no retry is spent on those.
          expect(report.recovered).to.be.within(STREAMS.length, 2 * STREAMS.length);
        });
      }
    }

    for (const when of ['before', 'sent'] as const) {
      it(`at lease.refresh, ${PHRASES[when]}, and nobody is there: it keeps all, and nothing is done twice [C-UNC-4]`, async () => {
        const ids = await ownsAll();
        await process().freezeAt({ store: 'lease', operation: 'refresh', when });
        await process().frozen();
        await lapsed();
        for (const [index, id] of ids.entries()) {
          const lock = lockOf(STREAMS[index] as string, id);
          await eventually('its locks have run out', async () => (await suite.redis().exists(lock)) === 0);
        }
        process().thaw();
        await process().awaitNews('StreamConfirmed', STREAMS.length);
        expect(process().told('StreamUncertain')).to.have.length(STREAMS.length);
        await twoBeats();
        for (const [index, id] of ids.entries()) {
          expect(await suite.redis().exists(lockOf(STREAMS[index] as string, id))).to.equal(1);
        }
        for (const id of ids) await process().done(id);
        expect(process().told('StreamAdded')).to.have.length(STREAMS.length);
        expect(process().told('StreamDisowned')).to.deep.equal([]);
        expect(await process().aborted()).to.deep.equal({});
        const report = await sound(STREAMS.length);
        expect(report.recovered).to.equal(0);
      });
    }
  });

  describe('while it finishes a stream', () => {
    it(`${PHRASES.before}: done() rejects, the stream is another's [C-DONE-4]`, async () => {
      const ids = await ownsAll();
      const heir = await crew.start();
      await process().freezeAt({ store: 'lease', operation: 'done', when: 'before' });
      const done = outcome(process().done(ids[0] as string));
      await process().frozen();
      await takesOver(heir, STREAMS, 1);
      process().thaw();
      expect(await done).to.equal('StreamNotOwned');
      await lostAll();
      await isOfUse(heir, STREAMS, ids);
      await sound(STREAMS.length + 1);
    });

    for (const when of ['sent', 'answered'] as const) {
      it(`${PHRASES[when]}: that one is finished, once, and only the others are lost`, async () => {
        const ids = await ownsAll();
        const heir = await crew.start();
        await process().freezeAt({ store: 'lease', operation: 'done', when });
        const done = outcome(process().done(ids[0] as string));
        await process().frozen();
        await takesOver(heir, ['b', 'c'], 1);
        process().thaw();
        expect(await done).to.be.oneOf(when === 'sent' ? ['resolved', 'OutcomeUnknown'] : ['resolved']);
        await process().awaitNews('StreamDisowned', 2);
        await isOfUse(heir, STREAMS, ids);
        expect(process().told('StreamDisowned')).to.have.length(2);
        const report = await sound(STREAMS.length + 1);
        expect(report.chains.get(ids[0] as string)?.records.at(-1)).to.include({
          op: 'finished',
          owner: process().consumer,
        });
      });
    }
  });

  describe('while it gives streams back', () => {
    it(`(a stop) ${PHRASES.before}: it has handed nothing over`, async () => {
      await ownsAll();
      const heir = await crew.start();
      await process().freezeAt({ store: 'lease', operation: 'giveBack', when: 'before' });
      const stop = process().stop();
      await process().frozen();
      await takesOver(heir, STREAMS, 1);
      process().thaw();
      expect((await stop).handedOver).to.equal(0);
      await lostAll('RuntimeStopped');
      expect(process().told('StreamTerminated')).to.have.length(1);
      const report = await sound(STREAMS.length);
      expect(report.handedOver).to.equal(0);
    });

    for (const when of ['sent', 'answered'] as const) {
      it(`(a stop) ${PHRASES[when]}: others have the streams at once, no retry spent [C-STOP-1, C-STOP-2]`, async () => {
        await ownsAll();
        const heir = await crew.start();
        await process().freezeAt({ store: 'lease', operation: 'giveBack', when });
        const stop = process().stop();
        await process().frozen();
        await takesOver(heir, STREAMS, 0);
        await lapsed();
        process().thaw();
        expect(await stop).to.deep.equal({ mode: 'handOver', handedOver: 3, stragglers: [], abandoned: [] });
        expect(process().told('StreamDisowned')).to.deep.equal([]);
        const report = await sound(STREAMS.length);
        expect(report.handedOver).to.equal(STREAMS.length);
      });
    }

    it(`(a release) ${PHRASES.before}: release() resolves, the stream is another's [C-REL-3]`, async () => {
      const ids = await ownsAll();
      const heir = await crew.start();
      await process().freezeAt({ store: 'lease', operation: 'giveBack', when: 'before' });
      const release = outcome(process().release(ids[0] as string));
      await process().frozen();
      await takesOver(heir, STREAMS, 1);
      process().thaw();
      expect(await release).to.equal('resolved');
      await process().awaitNews('StreamDisowned', STREAMS.length);
      expect(await process().aborted()).to.include({ a: 'StreamReleased', b: 'StreamNotOwned' });
      await isOfUse(heir, STREAMS, ids);
      expect((await sound(STREAMS.length + 1)).handedOver).to.equal(0);
    });

    it(`(a release) ${PHRASES.sent}: the stream was given back once, whoever was given it first`, async () => {
      const ids = await ownsAll();
      const heir = await crew.start();
      await process().freezeAt({ store: 'lease', operation: 'giveBack', when: 'sent' });
      const release = outcome(process().release(ids[0] as string));
      await process().frozen();
      const added = await heir.awaitNews('StreamAdded', STREAMS.length);
      // Perhaps its own parked read was given the copy and slept on it: then nobody had it, and no retry is spent.
      expect(added.find(({ stream }) => stream === 'a')?.retryCount).to.equal(0);
      await Promise.all([...heir.runtime.ownedStreams()].map((stream) => stream.done()));
      process().thaw();
      expect(await release).to.equal('resolved');
      await process().awaitNews('StreamDisowned', 2);
      await isOfUse(heir, STREAMS, ids);
      expect(process().told('StreamDisowned')).to.have.length(2);
      expect((await sound(STREAMS.length + 1)).handedOver).to.equal(1);
    });
  });

  describe('while it takes streams from a dead owner', () => {
    for (const when of MOMENTS) {
      it(`${PHRASES[when]}: another one does, and each is given out once`, async () => {
        const victim = await crew.start();
        const ids = await crew.announce(...STREAMS);
        await victim.awaitNews('StreamAdded', STREAMS.length);
        await process().start(crew.options());
        await process().freezeAt({ store: 'group', operation: 'requeue', when });
        await victim.runtime.stop({ mode: 'abandon' });
        await process().frozen();
        const heir = await crew.start();
        await takesOver(heir, STREAMS, 1);
        await lapsed();
        process().thaw();
        await isOfUse(heir, STREAMS, ids);
        expect(process().told('StreamAdded')).to.have.length(1);
        expect(process().told('StreamDisowned')).to.deep.equal([]);
        // What the frozen one had requeued may have been delivered to it, and is then taken from it as well.
        expect((await sound(STREAMS.length + 1)).recovered).to.be.within(3, 6);
      });
    }
  });
});
