import { expect } from 'chai';
import { openAdmin } from '../../src/admin/open-admin.js';
import { type Admin, createAdmin } from '../../src/index.js';
import { serviceSettings } from '../../src/runtime/service-settings.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';
import { trackedClock } from '../support/tracked-clock.js';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('what an admin changes', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  let admin: Admin;

  beforeEach(() => {
    const { service } = fleet();
    admin = createAdmin({ redis: suite.server().url, service, timeoutMs: keepable(2_000) });
  });
  afterEach(() => admin.close());

  /** Delivers what has been announced to a consumer that is not there. */
  async function deliver(consumer: string, count: number): Promise<void> {
    const { lbs, group } = fleet().names;
    await suite.redis().xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', lbs, '>');
  }

  async function announce(...streams: string[]): Promise<string[]> {
    const { lbs, group } = fleet().names;
    await suite
      .redis()
      .xgroup('CREATE', lbs, group, '0', 'MKSTREAM')
      .catch(() => {});
    return await fleet().announce(streams);
  }

  it('is an entry that is taken from a dead holder, or by force from one that lives [C-ADM-8]', async () => {
    const { names } = fleet();
    const [one, two] = (await announce('one', 'two')) as [string, string];
    await deliver('a~00000001', 2);
    expect(await admin.pendingEntry(one)).to.include({ id: one, name: 'one', isAlive: false });
    expect(await admin.pendingEntry('1-1')).to.equal(null);
    const taken = await admin.claim(one);
    expect(taken).to.include({ outcome: 'requeued', holder: 'a~00000001', retryCount: 0 });
    expect(await admin.pendingEntry(one)).to.equal(null);

    await suite.redis().set(names.presence('a~00000001'), 'v1:1', 'PX', 60_000);
    const alive = await rejection(admin.claim(two));
    expect(alive).to.have.property('code', 'OwnerAlive');
    expect(alive)
      .to.have.property('details')
      .that.includes({ id: two, outcome: 'alive', holder: 'a~00000001' });
    expect(await admin.pendingEntry(two)).to.include({ isAlive: true });
    expect(await admin.claim(two, { force: true })).to.include({ outcome: 'requeued' });
  });

  it('is nothing where there is nothing to take, which is said [C-ADM-8]', async () => {
    expect(await rejection(admin.claim('1-1'))).to.have.property('code', 'AlreadyClaimed');
    const [one] = (await announce('one')) as [string];
    const undelivered = await rejection(admin.claim(one, { force: true }));
    expect(undelivered).to.have.property('code', 'AlreadyClaimed');
    expect(undelivered).to.deep.property('details', { id: one, outcome: 'undelivered' });
  });

  it('has its owner told when it is taken by force [C-ADM-8, C-LOST-2]', async () => {
    const { runtime, log } = await fleet().listening({ capacity: 1 });
    const [one] = (await announce('one')) as [string];
    await log.first('StreamAdded', 'one');
    await admin.claim(one, { force: true });
    expect(await log.first('StreamDisowned', 'one')).to.include({ id: one, reason: 'takenOver' });
    expect(runtime.owned('one')?.id).to.not.equal(one);
  });

  it('is what is stranded, which is announced anew [C-ADM-9]', async () => {
    const { lbs, group } = fleet().names;
    const ids = await announce('one', 'two', 'three');
    await deliver('a~00000001', 2);
    expect(await all(admin.stranded({ settleMs: 0 }))).to.deep.equal([]);
    await suite.redis().xgroup('DELCONSUMER', lbs, group, 'a~00000001');
    expect(await all(admin.stranded({ settleMs: 10 }))).to.deep.equal(ids.slice(0, 2));
    const adopted = await all(admin.adopt([ids[0] as string, ids[2] as string]));
    expect(adopted[0])
      .to.have.property('copyId')
      .that.matches(/^\d+-\d+$/);
    expect(adopted[1]).to.deep.equal({ id: ids[2], copyId: null });
    expect(await all(admin.stranded({ settleMs: 10 }))).to.deep.equal([ids[1]]);
  });

  it('is nothing that was stranded at the second look alone [C-ADM-9]', async () => {
    const { service, lbs, group } = fleet().names;
    const ids = await announce('one', 'two');
    const strand = async (consumer: string) => {
      await deliver(consumer, 1);
      await suite.redis().xgroup('DELCONSUMER', lbs, group, consumer);
    };
    await strand('a~00000001');
    const settleMs = 3_000_000;
    let goOn: (() => void) | undefined;
    const { setTimeout } = trackedClock();
    const clock = trackedClock({
      setTimeout: (callback, ms) => {
        if (ms !== settleMs) return setTimeout(callback, ms);
        goOn = callback;
        return 0;
      },
    });
    const settings = serviceSettings({ redis: suite.server().url, service, timeoutMs: keepable(2_000) });
    await using own = openAdmin(settings, clock);
    const found = all(own.stranded({ settleMs }));
    const second = await eventually('the first look is over', () => goOn ?? null);
    await strand('a~00000002');
    second();
    expect(await found).to.deep.equal([ids[0]]);
    expect(await all(own.stranded({ settleMs: 0 }))).to.deep.equal(ids);
  });

  it('is not waited for between two looks once the signal has aborted [C-ADM-4, C-ADM-9]', async () => {
    const { lbs, group } = fleet().names;
    await announce('one');
    await deliver('a~00000001', 1);
    await suite.redis().xgroup('DELCONSUMER', lbs, group, 'a~00000001');
    const stop = new AbortController();
    const reason = new Error('enough');
    const look = all(admin.stranded({ settleMs: 3_600_000, signal: stop.signal }));
    setImmediate(() => stop.abort(reason));
    expect(await rejection(look)).to.equal(reason);
  });

  it('is a data stream that is cancelled, paused or resumed, as a producer does it [C-ADM-10]', async () => {
    const runtime = await fleet().start({ capacity: 5 });
    expect(await admin.pause('one')).to.deep.equal({ changed: true, parked: 0 });
    expect(await admin.pause('one')).to.deep.equal({ changed: false, parked: 0 });
    await fleet().announce(['one', 'two']);
    await eventually('the other one is owned', () => runtime.owned('two') !== undefined);
    await eventually('it is parked', async () => (await admin.status()).parked?.count === 1);
    expect(await admin.resume('one')).to.deep.equal({ changed: true, parked: 1 });
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    expect(await admin.cancel('none')).to.deep.equal({ cancelled: 'none', ids: [] });
    const cancelled = await admin.cancelMany(['one', 'two']);
    expect(cancelled.map((one) => one.cancelled)).to.deep.equal(['owned', 'owned']);
    const aborted = AbortSignal.abort(new Error('enough'));
    expect(await rejection(admin.pause('two', { signal: aborted }))).to.equal(aborted.reason);
    expect((await admin.status()).paused?.count).to.equal(0);
  });

  it('is refused a wrong argument before any I/O [C-ADM-2]', async () => {
    await using nowhere = createAdmin({ redis: 'redis://127.0.0.1:1', service: 'orders' });
    const refused = [
      nowhere.claim('-'),
      nowhere.claim('1-1', { force: 1 as unknown as boolean }),
      nowhere.pendingEntry('x'),
      nowhere.cancel(''),
      nowhere.cancelMany('one' as unknown as string[]),
      nowhere.pause(''),
      nowhere.resume('one', { force: true } as object),
    ];
    for (const error of await Promise.all(refused.map((call) => rejection(call)))) {
      expect(error).to.have.property('code', 'InvalidOption');
    }
    expect(() => nowhere.adopt(['x'])).to.throw(/^expected ids to be a list of entry ids/);
    expect(() => nowhere.stranded({ settleMs: -1 })).to.throw(/^expected settleMs to be an integer from 0/);
  });
});
