import { expect } from 'chai';
import { ensureEntries } from '../../src/redis/announcing.js';
import { cancelStreams } from '../../src/redis/cancelling.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import { createParkedStore, pauseStreams } from '../../src/redis/parking.js';
import { checkHistory, type HistoryRecord, readStanding } from '../../src/testing/index.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const A = 'a~00000001';
const B = 'b~00000002';

describe('parking entries whose name is not free', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, announce, join, own } = wire;
  const [parked, parkedNames, parkedCounts, turns] = names.parking;

  const fieldsOf = async () => (await wire.entries(names.lbs)).map(([, fields]) => fields);
  const markOf = (fields: string[]) => fields[fields.indexOf('mark') + 1];
  const marksOnStream = async () => (await fieldsOf()).map(markOf);
  const howMany = async (name: string) => Number(await suite.redis().zscore(parkedCounts, name));
  const store = () => createParkedStore(wire.commands(), names, { consumer: A, historyKey: wire.historyKey });

  /** Announces one that can be told from the others of its name, and has the consumer read and acquire it. */
  async function arrive(consumer: WireConsumer, name: string, mark: string): Promise<string> {
    await announce(name, 'mark', mark);
    return await take(consumer);
  }

  async function take(consumer: WireConsumer): Promise<string> {
    const refs = await consumer.read(1);
    const [acquired] = await consumer.lease.acquire(refs);
    return acquired?.result ?? 'nothing';
  }

  async function finish(consumer: WireConsumer, held: readonly EntryRef[]): Promise<void> {
    expect(await consumer.lease.done(held)).to.deep.equal(held.map(() => true));
  }

  async function expectRefusal(work: Promise<unknown>): Promise<void> {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.an('error').with.property('message').that.includes('presence');
  }

  async function isTidy(): Promise<void> {
    expect(await suite.redis().exists(parkedNames, parkedCounts, turns)).to.equal(0);
    expect(await suite.redis().xlen(parked)).to.equal(0);
  }

  afterEach(async () => {
    const records = (await wire.history()) as unknown as HistoryRecord[];
    const onStream = await readStanding(suite.redis(), names.lbs);
    expect(checkHistory({ records, onStream }).ownedByTwo).to.deep.equal([]);
  });

  it('takes them off the stream and gives them back one by one, in order, byte for byte [C-NAME-6]', async () => {
    const [a, b] = [await join(A), await join(B)];
    const [held] = await own(a, 'n');
    const odd = ['mark', '1', '_retry_count', '2', '_trial', '7', '', '\u0000é', 'mark2', ''];
    await announce('n', ...odd);
    expect(await take(b)).to.equal('parked');
    expect(await arrive(b, 'n', '2')).to.equal('parked');
    expect(await arrive(b, 'n', '3')).to.equal('parked');
    expect(await arrive(b, 'other', 'o')).to.equal('owned');
    expect(await wire.pendingIds()).to.have.length(2);
    expect(await howMany('n')).to.equal(3);
    expect(await suite.redis().xlen(names.lbs)).to.equal(2);

    await finish(a, [held as EntryRef]);
    const [first] = (await fieldsOf()).slice(-1);
    expect(first).to.deep.equal(['lbs-input', '{"DataStreamName":"n"}', ...odd]);
    for (const mark of ['1', '2', '3']) {
      expect((await marksOnStream()).slice(-1)).to.deep.equal([mark]);
      const refs = await a.read(1);
      expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
      await finish(a, refs);
    }
    await isTidy();
  });

  it('lets nobody go before whose turn it is, and has retries go first [C-NAME-7]', async () => {
    const [a, b] = [await join(A), await join(B)];
    const held = await own(a, 'n');
    await announce('n', 'mark', '1');
    await announce('n', 'mark', '2');
    expect(await take(b)).to.equal('parked');
    const { moved } = await a.lease.giveBack('failed', held);
    // The second one stood on the stream before the copy.
    expect(await take(b)).to.equal('parked');
    const refs = await b.read(1);
    expect(refs[0]?.id).to.equal(moved[0]?.copyId);
    expect(await b.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
    await finish(b, refs);
    expect((await marksOnStream()).at(-1)).to.equal('1');
  });

  it('gives the next one back however an ownership ends', async () => {
    const b = await join(B, { maxRetries: 0 });
    const ways: readonly [what: string, end: (held: EntryRef[]) => Promise<unknown>][] = [
      ['failed', (held) => b.lease.giveBack('failed', held)],
      ['rejected', (held) => b.lease.giveBack('rejected', held)],
      ['delayed', (held) => b.lease.delay(held, 3_600_000)],
      [
        'payload gone',
        async (held) => {
          await suite.redis().xdel(names.lbs, held[0]?.id as string);
          await b.lease.giveBack('handOver', held);
        },
      ],
      [
        'cancelled',
        async (held) => {
          await cancelStreams(wire.commands(), names, ['cancelled']);
          await b.lease.giveBack('handOver', held);
        },
      ],
    ];
    for (const [what, end] of ways) {
      const held = await own(b, what);
      expect(await arrive(b, what, what)).to.equal('parked');
      await end(held);
      const isDropped = what === 'cancelled';
      expect(await marksOnStream(), what).to.deep.equal(isDropped ? [] : [what]);
      if (isDropped) continue;
      const refs = await b.read(1);
      expect(await b.lease.acquire(refs), what).to.deep.equal([{ result: 'owned' }]);
      await finish(b, refs);
    }
    await isTidy();
  });

  it('knows the copy of what is taken from the dead for the next one', async () => {
    const [a, b] = [await join(A), await join(B)];
    const held = await own(a, 'n');
    expect(await arrive(b, 'n', '1')).to.equal('parked');
    await a.vanish();
    const options = { minIdleMs: 0, spendAlways: false, lockKeys: [] };
    await b.group.requeue(A, held, options);
    expect(await howMany('n')).to.equal(1);
    const refs = await b.read(1);
    expect(await b.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
    await finish(b, refs);
    expect(await marksOnStream()).to.deep.equal(['1']);
  });

  it('is harmless twice: an answer that was lost [C-NAME-6]', async () => {
    const a = await join(A);
    await own(a, 'n');
    await announce('n', 'mark', '1');
    const refs = await a.read(1);
    expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'parked' }]);
    expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'notMine' }]);
    expect(await howMany('n')).to.equal(1);
  });

  it('finds what is parked and free: turns that were deleted, groups that were emptied [C-NAME-8]', async () => {
    const [a, b] = [await join(A), await join(B)];
    const [held] = await own(a, 'n');
    for (const mark of ['1', '2']) expect(await arrive(b, 'n', mark)).to.equal('parked');
    expect(await store().unpark(undefined)).to.deep.equal({ next: undefined, count: 0 });
    await suite.redis().xack(names.lbs, names.group, held?.id as string);
    await suite.redis().xdel(names.lbs, held?.id as string);
    expect(await store().unpark(undefined)).to.deep.equal({ next: undefined, count: 1 });
    expect(await store().unpark(undefined)).to.deep.equal({ next: undefined, count: 0 });
    const [[id]] = (await wire.entries(names.lbs)) as [[string, string[]]];
    await suite.redis().xdel(names.lbs, id);
    expect(await store().unpark(undefined)).to.deep.equal({ next: undefined, count: 1 });
    // Delivered, acknowledged, and left there, as a consumer of the Go client may leave it.
    const refs = await b.read(1);
    await suite.redis().xack(names.lbs, names.group, refs[0]?.id as string);
    expect(await store().pruneTurns()).to.equal(1);
    await isTidy();
  });

  it('coalesces: what comes while another one waits is finished [C-NAME-9]', async () => {
    const a = await join(A, { duplicates: 'coalesce' });
    const held = await own(a, 'n');
    expect(await arrive(a, 'n', '1')).to.equal('parked');
    expect(await arrive(a, 'n', '2')).to.equal('coalesced');
    await announce('n', 'mark', '3');
    await finish(a, held);
    // Its turn has come, and it is still to be given to somebody.
    expect(await take(a)).to.equal('coalesced');
    expect(await marksOnStream()).to.deep.equal(['1']);
    const refs = await a.read(1);
    expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
    expect(await arrive(a, 'n', '4')).to.equal('parked');
  });

  it('coalesces nothing into what a consumer has been given, as the record of its owner may be lost [C-NAME-9, C-ADD-9]', async () => {
    const a = await join(A, { duplicates: 'coalesce' });
    const held = await own(a, 'n');
    expect(await arrive(a, 'n', '1')).to.equal('parked');
    await finish(a, held);
    const refs = await a.read(1);
    expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
    await suite.redis().hset(names.owners, 'n', 'no id');
    expect(await arrive(a, 'n', '2')).to.equal('parked');
    expect(await arrive(a, 'n', '3')).to.equal('coalesced');
  });

  it('parks much in several goes', async () => {
    const a = await join(A);
    await own(a, 'n');
    for (let count = 0; count < 4; count += 1) await announce('n', 'pad', 'x'.repeat(700_000));
    const refs = await a.read();
    expect(await a.lease.acquire(refs)).to.deep.equal(refs.map(() => ({ result: 'parked' })));
  });

  it('cancels however much is parked, of several names', async () => {
    const a = await join(A);
    await pauseStreams(wire.commands(), names, 'pause', ['n', 'm']);
    for (const name of ['n', 'm']) for (let count = 0; count < 310; count += 1) await announce(name);
    for (let refs = await a.read(100); refs.length > 0; refs = await a.read(100)) await a.lease.acquire(refs);
    let cancelled = await cancelStreams(wire.commands(), names, ['n', 'm']);
    let calls = 1;
    for (; cancelled.length === 0; calls += 1)
      cancelled = await cancelStreams(wire.commands(), names, ['n', 'm']);
    expect(calls).to.equal(3);
    expect(cancelled.map((each) => each.cancelled)).to.deep.equal(['waiting', 'waiting']);
    await isTidy();
  });

  it('ensures and cancels what is parked', async () => {
    const a = await join(A);
    await pauseStreams(wire.commands(), names, 'pause', ['n']);
    for (const mark of ['1', '2']) expect(await arrive(a, 'n', mark)).to.equal('parked');
    const ensure = async () => {
      const [ensured] = await ensureEntries(
        wire.commands(),
        names,
        [{ name: 'n', payload: '{}' }],
        undefined,
      );
      return ensured;
    };
    const [[first]] = (await wire.entries(parked)) as [[string, string[]]];
    expect(await ensure()).to.deep.equal({ id: `parked:${first}`, created: false });
    const [cancelled] = await cancelStreams(wire.commands(), names, ['n']);
    expect(cancelled).to.have.property('cancelled', 'waiting');
    expect(cancelled?.ids).to.have.length(2);
    await isTidy();
    expect(await ensure()).to.have.property('created', true);
  });

  it('gives nobody what is paused; who owns it goes on [C-PAUSE-1, C-PAUSE-2]', async () => {
    const a = await join(A);
    const held = await own(a, 'n');
    const change = (what: 'pause' | 'resume') => pauseStreams(wire.commands(), names, what, ['n', 'never']);
    expect(await change('pause')).to.deep.equal([
      { changed: true, parked: 0 },
      { changed: true, parked: 0 },
    ]);
    expect(await change('pause')).to.deep.include({ changed: false, parked: 0 });
    expect(await arrive(a, 'n', '1')).to.equal('parked');
    await finish(a, held);
    expect(await marksOnStream()).to.deep.equal([]);
    expect(await arrive(a, 'n', '2')).to.equal('parked');
    expect(await store().unpark(undefined)).to.have.property('count', 0);
    expect((await change('resume'))[0]).to.deep.equal({ changed: true, parked: 2 });
    expect(await store().unpark(undefined)).to.have.property('count', 1);
    // Paused while it is on its way: it keeps its place.
    await change('pause');
    expect(await take(a)).to.equal('parked');
    await change('resume');
    expect(await store().unpark(undefined)).to.have.property('count', 1);
    expect(await marksOnStream()).to.deep.equal(['1']);
  });

  it("leaves an owner whose record was lost what it works on, paused or another one's turn [C-PAUSE-2]", async () => {
    const a = await join(A);
    const held = await own(a, 'n', 'm');
    expect(await arrive(a, 'm', '1')).to.equal('parked');
    await pauseStreams(wire.commands(), names, 'pause', ['n']);
    // A replica was promoted that knows of a turn, and not of the owner.
    await suite.redis().hdel(names.owners, 'n', 'm');
    expect(await store().unpark(undefined)).to.have.property('count', 1);
    expect(await a.lease.acquire(held, true)).to.deep.equal([{ result: 'owned' }, { result: 'owned' }]);
    expect(await take(a)).to.equal('parked');
    await finish(a, held);
    expect(await marksOnStream()).to.deep.equal(['1']);
  });

  it('finds a turn that is stranded where nothing else is announced [C-NAME-8]', async () => {
    const [a, b] = [await join(A), await join(B)];
    const held = await own(a, 'n');
    for (const mark of ['1', '2']) expect(await arrive(a, 'n', mark)).to.equal('parked');
    await finish(a, held);
    await b.read(1);
    await suite.redis().xgroup('DELCONSUMER', names.lbs, names.group, B);
    expect(await store().unpark(undefined)).to.have.property('count', 1);
    expect(await marksOnStream()).to.deep.equal(['1', '2']);
  });

  it('pauses nothing for a consumer of the Go client: it is given what it reads [C-PAUSE-4]', async () => {
    const a = await join(A);
    await pauseStreams(wire.commands(), names, 'pause', ['n']);
    for (const mark of ['1', '2']) await announce('n', 'mark', mark);
    const [given] = await wire.stranger('redis-consumer-0').read(1);
    expect(given).to.have.property('name', 'n');
    expect(await take(a)).to.equal('parked');
    await pauseStreams(wire.commands(), names, 'resume', ['n']);
    expect(await store().unpark(undefined)).to.have.property('count', 1);
    expect(await wire.pendingIds()).to.deep.equal([given?.id]);
  });

  it('tells with the heartbeat how much is parked, and of which names most [C-NAME-10]', async () => {
    const a = await join(A);
    await a.lease.refresh();
    expect(a.lease.parkedHeard()).to.deep.equal({ count: 0, hottest: [] });
    await own(a, 'n', 'm');
    for (const name of ['m', 'n', 'n']) await arrive(a, name, '');
    await a.lease.refresh();
    expect(a.lease.parkedHeard()).to.deep.equal({
      count: 3,
      hottest: [
        { name: 'n', parked: 2 },
        { name: 'm', parked: 1 },
      ],
    });
  });

  it('parks what is next on the stream without giving it to the caller, up to the first that an application is to have [C-NAME-6, C-NAME-7]', async () => {
    const [a, b] = [await join(A), await join(B)];
    const [held] = await own(a, 'n');
    for (const mark of ['1', '2', '3', '4']) await announce('n', 'mark', mark);
    await announce('m', 'mark', 'm');
    await announce('n', 'mark', '5');
    const { last, ...some } = await b.lease.parkAhead(3);
    expect(some).to.deep.equal({ parked: 3, coalesced: 0, left: 0, isMore: true });
    expect(last).to.be.a('string');
    expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 1, isMore: false });
    expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 0, isMore: false, last: undefined });
    expect(await marksOnStream()).to.deep.equal(['lbs-input', 'm', '5']);
    expect(await take(b)).to.equal('owned');
    expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 1, isMore: false });
    expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 0 });
    expect(await wire.pendingIds()).to.have.length(2);
    expect(await howMany('n')).to.equal(5);
    await finish(a, [held as EntryRef]);
    for (const mark of ['1', '2', '3', '4', '5']) {
      expect((await marksOnStream()).slice(-1)).to.deep.equal([mark]);
      const refs = await a.read(1);
      expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'owned' }]);
      await finish(a, refs);
    }
    await isTidy();
  });

  it('parks behind the one whose turn it is, and not that one [C-NAME-7]', async () => {
    const a = await join(A);
    const held = await own(a, 'n');
    await announce('n', 'mark', '1');
    await announce('n', 'mark', '2');
    expect(await a.lease.parkAhead(1)).to.deep.include({ parked: 1 });
    // Now the first one stands behind the second one.
    await finish(a, held);
    expect(await marksOnStream()).to.deep.equal(['2', '1']);
    expect(await a.lease.parkAhead(128)).to.deep.include({ parked: 1, isMore: false });
    expect(await marksOnStream()).to.deep.equal(['1']);
    expect(await take(a)).to.equal('owned');
  });

  for (const duplicates of ['queue', 'coalesce'] as const) {
    it(`leaves alone what is owned, when a group that was set back gives it out once more (${duplicates}) [C-NAME-6, C-OUT-5]`, async () => {
      const [a, b] = [await join(A), await join(B, { duplicates })];
      const [held] = await own(a, 'n');
      await announce('n', 'mark', '1');
      expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 1 });
      await suite.redis().xgroup('SETID', names.lbs, names.group, '0');
      expect(await b.lease.parkAhead(128)).to.deep.include({ parked: 0, coalesced: 0, isMore: false });
      await finish(a, [held as EntryRef]);
    });
  }

  it('leaves to the reader what is not certain, or large, and what is cancelled', async () => {
    const a = await join(A);
    await pauseStreams(wire.commands(), names, 'pause', ['n']);
    const add = (...fields: string[]) => suite.redis().xadd(names.lbs, '*', ...fields);
    const drop = async () => {
      expect(await a.lease.parkAhead(128)).to.deep.include({ parked: 0, isMore: false });
      expect(await a.read()).to.have.length(1);
    };
    await add('lbs-input', '{"DataStreamName":"n","datastreamname":"n"}');
    await drop();
    await announce('n', 'pad', 'x'.repeat(70_000));
    await drop();
    await announce('n', ...Array.from({ length: 7900 }, () => ''));
    await drop();
    await suite.redis().hset(names.cancels, await announce('n'), '1');
    await drop();
    await announce('n', 'pad', 'x'.repeat(60_000));
    expect(await a.lease.parkAhead(128)).to.deep.include({ parked: 1, isMore: false });
  });

  it('coalesces what is next on the stream [C-NAME-9]', async () => {
    const a = await join(A, { duplicates: 'coalesce' });
    await own(a, 'n');
    for (const mark of ['1', '2', '3']) await announce('n', 'mark', mark);
    expect(await a.lease.parkAhead(128)).to.deep.include({ parked: 1, coalesced: 2, left: 0 });
    expect(await howMany('n')).to.equal(1);
  });

  it('reads nothing ahead for a user who may not ask for groups; what cannot be added again stays pending [C-NAME-4]', async () => {
    const a = await join(A);
    const held = await own(a, 'n');
    for (const mark of ['1', '2']) await announce('n', 'mark', mark);
    const without = async (command: string) => {
      await suite.redis().call('ACL', 'SETUSER', 'default', `-${command}`);
      try {
        return await a.lease.parkAhead(128);
      } finally {
        await suite.redis().call('ACL', 'SETUSER', 'default', `+${command}`);
      }
    };
    for (const command of ['xinfo', 'xack', 'xreadgroup'])
      expect(await without(command), command).to.deep.include({ parked: 0, left: 0, isMore: false });
    expect(await wire.pendingIds()).to.have.length(1);
    expect(await without('xadd')).to.deep.include({ parked: 0, left: 2, isMore: false });
    expect(await wire.pendingIds()).to.have.length(3);
    await isTidy();
    await finish(a, held);
  });

  it('parks nothing ahead for whose presence has lapsed', async () => {
    const a = await join(A);
    await own(a, 'n');
    await announce('n');
    await a.vanish();
    await expectRefusal(a.lease.parkAhead(128));
    expect(await wire.pendingIds()).to.have.length(1);
  });

  it('parks nothing for a user who may not acknowledge, and piles up no copies [C-NAME-4]', async () => {
    const a = await join(A);
    await own(a, 'n');
    await announce('n', 'mark', '1');
    const refs = await a.read(1);
    await suite.redis().call('ACL', 'SETUSER', 'default', '-xack');
    try {
      for (let times = 0; times < 3; times += 1) {
        expect((await a.lease.acquire(refs))[0]).to.have.property('result', 'contended');
      }
    } finally {
      await suite.redis().call('ACL', 'SETUSER', 'default', '+xack');
    }
    await isTidy();
    expect(await a.lease.acquire(refs)).to.deep.equal([{ result: 'parked' }]);
  });
});
