import { expect } from 'chai';
import {
  type GoConsumer,
  type GoConsumerOptions,
  type GoConsumerProcess,
  type GoNotification,
  spawnGoConsumer,
  startGoConsumer,
} from '../../src/testing/index.js';
import { useConsumerProcesses } from '../support/consumer-process.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { streamNames } from '../support/runtimes.js';

const HEARTBEAT_MS = keepable(800);
const STREAMS = streamNames(20);

const codeOf = (error: unknown) => (error as { code: string }).code;

type Told = { readonly notifications: readonly GoNotification[] };

const toldGo = ({ notifications }: Told, type: GoNotification['type']) =>
  notifications.filter((one) => one.type === type);

// The history is complete only where ours are alone; here the streams themselves say whether anything was lost.
describe('a group shared with consumers of the Go client', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: HEARTBEAT_MS });
  const spawnOurs = useConsumerProcesses();
  const running: AsyncDisposable[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one[Symbol.asyncDispose]()));
  });

  const goOptions = (options: Partial<GoConsumerOptions>): GoConsumerOptions => ({
    redis: suite.server().url,
    service: crew.service,
    heartbeatMs: HEARTBEAT_MS,
    ...options,
  });

  async function startGo(options: Partial<GoConsumerOptions> = {}): Promise<GoConsumer> {
    const go = await startGoConsumer(goOptions(options));
    running.push(go);
    return go;
  }

  async function spawnGo(options: Partial<GoConsumerOptions> = {}): Promise<GoConsumerProcess> {
    const go = await spawnGoConsumer(goOptions(options));
    running.push(go);
    return go;
  }

  /** All streams are announced, and this Go consumer is given them. */
  async function goOwnsAll(go: Told): Promise<string[]> {
    const ids = await crew.announce(...STREAMS);
    await toldGoOf(go, 'StreamAdded', STREAMS.length);
    return ids;
  }

  async function toldGoOf(go: Told, type: GoNotification['type'], count: number): Promise<GoNotification[]> {
    await eventually(`the Go consumer is told of ${count} ${type}`, () => toldGo(go, type).length >= count);
    return toldGo(go, type);
  }

  const lockOf = (stream: string, id: string) => `${stream}<MUTEX_KEY_SEP>${id}`;

  /** Finishes what each side owns. Resolves with the names, which are all there ever were: nothing is lost, nothing twice. */
  async function finishAll(ours: readonly Member[], go?: GoConsumer): Promise<void> {
    const finished: string[] = [];
    for (const { runtime } of ours) {
      for (const stream of [...runtime.ownedStreams()]) {
        await stream.done();
        finished.push(stream.name);
      }
    }
    for (const stream of [...(go?.owned.keys() ?? [])]) {
      expect(await go?.done(stream), stream).to.equal(true);
      finished.push(stream);
    }
    expect(finished).to.have.members(STREAMS);
    await nothingLeft();
  }

  async function nothingLeft(): Promise<void> {
    expect(await suite.redis().xlen(crew.lbs)).to.equal(0);
    expect(await suite.redis().xlen(crew.dlq)).to.equal(0);
    const [pending] = (await suite.redis().xpending(crew.lbs, crew.group)) as [number];
    expect(pending).to.equal(0);
  }

  async function retryCounts(): Promise<Set<string | undefined>> {
    const entries = await suite.redis().xrange(crew.lbs, '-', '+');
    return new Set(entries.map(([, fields]) => fields[fields.indexOf('_retry_count') + 1]));
  }

  /** Scans and verifications of ours have come round several times. */
  async function threeScans({ runtime }: Member): Promise<void> {
    const { scans } = runtime.snapshot().reconciler;
    await eventually('three scans', () => runtime.snapshot().reconciler.scans >= scans + 3);
  }

  describe('when the Go side dies', () => {
    it('loses its streams to ours as soon as its locks are heard to expire [C-EXP-3, C-EXP-5]', async () => {
      const go = await spawnGo();
      await goOwnsAll(go);
      // The scan would not look at them within this test.
      const ours = await crew.start({ minIdleMs: 60_000 });
      await go.kill();
      const added = await ours.awaitNews('StreamAdded', STREAMS.length);
      expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([1]));
      const expired = ours.told('StreamExpired');
      expect(expired.map(({ stream }) => stream)).to.have.members(STREAMS);
      expect(new Set(expired.map(({ owner }) => owner))).to.deep.equal(new Set(['redis-consumer-go']));
      await finishAll([ours]);
    });

    it('loses its streams to the scan of ours where nobody hears events [C-DEG-3]', async () => {
      const go = await startGo();
      await goOwnsAll(go);
      const ours = await crew.start({ keyspaceEvents: 'off', reconcileEveryMs: 200 });
      go.kill();
      const added = await ours.awaitNews('StreamAdded', STREAMS.length);
      expect(new Set(added.map(({ retryCount }) => retryCount))).to.deep.equal(new Set([1]));
      await finishAll([ours]);
    });

    it('loses its streams to another Go consumer and ours together, each to one of them', async () => {
      const dead = await startGo({ name: 'redis-consumer-dead' });
      await goOwnsAll(dead);
      const ours = await crew.start({ reconcileEveryMs: 200 });
      const go = await startGo();
      dead.kill();
      const all = () => [...toldGo(go, 'StreamAdded'), ...ours.told('StreamAdded')];
      await eventually('every stream has an owner', () => all().length >= STREAMS.length);
      await threeScans(ours);
      expect(all().map(({ stream }) => stream)).to.have.members(STREAMS);
      expect(await retryCounts()).to.deep.equal(new Set(['1']));
      await finishAll([ours], go);
    });
  });

  it('never robs a Go owner that lives [C-EXP-1]', async () => {
    const go = await startGo();
    const ids = await goOwnsAll(go);
    const ours = await crew.start({ reconcileEveryMs: 100 });
    await eventually('scans have passed all of them', () => {
      const { lastScan } = ours.runtime.snapshot().reconciler;
      return lastScan?.lockAlive === STREAMS.length;
    });
    for (let round = 0; round < 3; round += 1) await threeScans(ours);
    const values = await suite.redis().mget(ids.map((id, index) => lockOf(STREAMS[index] as string, id)));
    expect(new Set(values)).to.deep.equal(new Set([go.name]));
    expect(ours.news).to.deep.equal([]);
    expect(toldGo(go, 'StreamDisowned')).to.deep.equal([]);
    expect(ours.runtime.snapshot().counters.requeued).to.equal(0);
    await finishAll([], go);
  });

  it('survives a Go owner that freezes and takes its locks back: ours has the streams, and keeps them [C-OVL-5]', async () => {
    const go = await spawnGo();
    const ids = await goOwnsAll(go);
    const ours = await crew.start({ reconcileEveryMs: 200 });
    go.signal('SIGSTOP');
    await ours.awaitNews('StreamAdded', STREAMS.length);
    go.signal('SIGCONT');
    await eventually('it has its old locks again, as a Go consumer does', async () => {
      const values = await suite.redis().mget(ids.map((id, index) => lockOf(STREAMS[index] as string, id)));
      return values.every((value) => value === 'redis-consumer-go');
    });
    await threeScans(ours);
    // Both work on it now, and the Go side is not told. What it says does nothing to ours.
    expect(await go.done(STREAMS[0] as string)).to.equal(false);
    expect(ours.told('StreamDisowned')).to.deep.equal([]);
    expect(ours.told('StreamAdded')).to.have.length(STREAMS.length);
    await finishAll([ours]);
  });

  describe('when our side dies', () => {
    for (const others of ['only a Go consumer', 'a Go consumer and one of ours'] as const) {
      it(`loses its streams to ${others}, each to one`, async () => {
        const victim = await spawnOurs(crew.options());
        await victim.start();
        await crew.announce(...STREAMS);
        await victim.awaitNews('StreamAdded', STREAMS.length);
        const go = await startGo();
        const ours = others === 'only a Go consumer' ? [] : [await crew.start()];
        await victim.kill();
        const all = () => [
          ...toldGo(go, 'StreamAdded'),
          ...ours.flatMap((member) => member.told('StreamAdded')),
        ];
        await eventually('every stream has an owner', () => all().length >= STREAMS.length);
        expect(all().map(({ stream }) => stream)).to.have.members(STREAMS);
        expect(await retryCounts()).to.deep.equal(new Set(['1']));
        await finishAll(ours, go);
      });
    }

    it('(frozen) hears what it lost to a Go consumer when it wakes, and cannot finish it [C-DONE-4, C-OVL-4]', async () => {
      const frozen = await spawnOurs(crew.options());
      await frozen.start();
      const ids = await crew.announce(...STREAMS);
      await frozen.awaitNews('StreamAdded', STREAMS.length);
      // Copies that its own parked read is given are found by the scan of the Go consumer.
      const go = await startGo({ reconcileEveryMs: 200, minIdleMs: HEARTBEAT_MS });
      await frozen.freeze();
      await toldGoOf(go, 'StreamAdded', STREAMS.length);
      const done = rejection(frozen.done(ids[0] as string));
      frozen.thaw();
      expect(codeOf(await done)).to.equal('StreamNotOwned');
      await frozen.awaitNews('StreamDisowned', STREAMS.length);
      expect(Object.keys(await frozen.aborted())).to.have.members(STREAMS);
      expect(go.owned.size).to.equal(STREAMS.length);
      await finishAll([], go);
    });
  });

  it('where a Go consumer saw a lock of ours expire and took the entry: ours notices within five heartbeats [C-OVL-5, C-LOST-1, C-DONE-2]', async () => {
    const ours = await crew.start();
    const ids = await crew.announce(...STREAMS);
    await ours.awaitNews('StreamAdded', STREAMS.length);
    const handle = ours.runtime.owned('stream-1');
    const signal = handle?.signal;
    const go = await startGo();
    const lock = lockOf('stream-1', ids[0] as string);
    // Ours takes a missing lock back when it is the first to look: then again.
    await eventually('the Go consumer has taken the entry', async () => {
      await suite.redis().pexpire(lock, 1);
      await eventually('the lock runs out', async () => (await suite.redis().exists(lock)) === 0, {
        everyMs: 1,
      });
      return (
        toldGo(go, 'StreamExpired').length > 0 &&
        (await suite.redis().xrange(crew.lbs, ids[0] as string, ids[0] as string)).length === 0
      );
    });
    const takenAt = performance.now();
    const [disowned] = await ours.awaitNews('StreamDisowned');
    expect(performance.now() - takenAt).to.be.below(allowedMs(5 * HEARTBEAT_MS));
    expect(disowned).to.include({ stream: 'stream-1', id: ids[0], reason: 'takenOver' });
    expect(signal?.reason).to.include({ code: 'StreamNotOwned' });
    expect(codeOf(await rejection(handle?.done() ?? Promise.resolve()))).to.equal('StreamNotOwned');
    const other = () => go.owned.get('stream-1') ?? ours.runtime.owned('stream-1')?.id ?? null;
    const next = await eventually('it has another owner', other);
    expect(next).not.to.equal(ids[0]);
    expect(ours.told('StreamDisowned')).to.have.length(1);
    await finishAll([ours], go);
  });

  it('where ours looks first, a lock of ours that is lost is taken back, and the Go consumer leaves it alone [C-OVL-5]', async () => {
    const ours = await crew.start();
    const ids = await crew.announce(...STREAMS);
    await ours.awaitNews('StreamAdded', STREAMS.length);
    const go = await startGo({ claims: false });
    const locks = ids.map((id, index) => lockOf(STREAMS[index] as string, id));
    await suite.redis().del(...locks);
    await eventually(
      'all locks are back',
      async () => (await suite.redis().exists(...locks)) === locks.length,
    );
    expect(await go.claim(ids[0] as string)).to.equal('locked');
    expect(ours.told('StreamDisowned')).to.deep.equal([]);
    await finishAll([ours]);
  });
  it('where an entry was delivered to ours in vain, the Go consumer ignores the count and keeps it, and it ends when one of ours owns the entry [C-POI-6]', async () => {
    const fields = async () => {
      const entries = await suite.redis().xrange(crew.lbs, '-', '+');
      return entries.map(([, all]) =>
        Object.fromEntries(all.flatMap((one, at) => (at % 2 ? [] : [[one, all[at + 1]]]))),
      );
    };
    const dead = await startGo({ name: 'redis-consumer-dead' });
    const payload = JSON.stringify({ DataStreamName: 'one' });
    // Far more than ours would deliver it once more with.
    const counts = ['_retry_count', '0', '_delivery_count', '40'];
    const id = String(await suite.redis().xadd(crew.lbs, '*', 'lbs-input', payload, ...counts));
    await toldGoOf(dead, 'StreamAdded', 1);
    const go = await startGo({ claims: false });
    dead.kill();
    await eventually('it claims the entry', async () => (await go.claim(id)) === 'requeued');
    await toldGoOf(go, 'StreamAdded', 1);
    expect(await fields()).to.deep.equal([
      { 'lbs-input': payload, _retry_count: '1', _delivery_count: '40' },
    ]);
    go.kill();
    const ours = await crew.start({ reconcileEveryMs: 200 });
    const [added] = await ours.awaitNews('StreamAdded', 1);
    expect(added).to.include({ stream: 'one', retryCount: 2 });
    await ours.runtime.stop();
    const [left] = await fields();
    expect(left)
      .to.include({ 'lbs-input': payload, _retry_count: '2' })
      .and.not.to.have.property('_delivery_count');
    expect(await suite.redis().xlen(crew.dlq)).to.equal(0);
  });
});
