import { expect } from 'chai';
import { openAdmin } from '../../src/admin/open-admin.js';
import { type Admin, type AdminOptions, createAdmin, type PendingRow } from '../../src/index.js';
import { serviceSettings } from '../../src/runtime/service-settings.js';
import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
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

const refusalOf = async (call: Promise<unknown>) => (await rejection(call)) as { readonly code?: string };

function thrownBy(act: () => unknown): { readonly code?: string; readonly message: string } {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, got: none');
}

describe('an admin', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const opened: Admin[] = [];

  const open = (options: Partial<AdminOptions> = {}): Admin => {
    const admin = createAdmin({
      redis: suite.server().url,
      service: fleet().service,
      timeoutMs: keepable(2_000),
      ...options,
    });
    opened.push(admin);
    return admin;
  };

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((admin) => admin.close()));
  });

  /** Two entries are pending for consumers that do not exist. */
  async function deliver(): Promise<string[]> {
    const { names, announce } = fleet();
    const redis = suite.redis();
    await redis.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    const ids = await announce(['one', 'two', 'three']);
    await redis.xreadgroup('GROUP', names.group, 'a~00000001', 'COUNT', 1, 'STREAMS', names.lbs, '>');
    await redis.xreadgroup('GROUP', names.group, 'go', 'COUNT', 1, 'STREAMS', names.lbs, '>');
    return ids;
  }

  // The count of 7.0 and 7.2 says three.
  it('counts what waits, also where all that was before it has been deleted, some of it before anybody had it [C-ADM-1]', async () => {
    const { names, announce } = fleet();
    const redis = suite.redis();
    await redis.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
    const [finished = '', cancelled = ''] = await announce(['one', 'two', 'three', 'four']);
    await redis.xreadgroup('GROUP', names.group, 'a~00000001', 'COUNT', 1, 'STREAMS', names.lbs, '>');
    await redis.xack(names.lbs, names.group, finished);
    await redis.xdel(names.lbs, finished, cancelled);
    const { group } = await open().status();
    expect(group).to.include({ pending: 0, undelivered: 2, stranded: 0 });
  });

  it('tells of the service, its fleet, what is pending, and who owns a name [C-ADM-1]', async () => {
    const { names } = fleet();
    const runtime = await fleet().start({ consumerId: 'me', capacity: 1 });
    await fleet().announce(['order-1', 'order-2'], { colour: 'green' });
    await eventually('one is owned', () => [...runtime.ownedStreams()].length === 1);
    const admin = open();
    expect(admin.service).to.equal(names.service);
    expect(await admin.exists()).to.equal(true);

    const status = await admin.status();
    expect(status.stream).to.deep.equal({ name: names.lbs, length: 2 });
    expect(status.group).to.include({ created: true, pending: 1, undelivered: 1 });
    expect(status.parked).to.deep.equal({ count: 0, names: 0, hottest: [] });

    const [member, ...others] = await admin.fleet();
    expect(others).to.deep.equal([]);
    expect(member).to.include({
      name: runtime.consumer,
      consumerId: 'me',
      kind: 'streamwarden',
      isAlive: true,
      owned: 1,
    });

    const [row] = await all(admin.pending());
    expect(row).to.include({ name: 'order-1', consumer: runtime.consumer, state: 'owned', isAlive: true });
    const owner = await admin.owner('order-1');
    expect(owner).to.include({ state: 'owned', owner: runtime.consumer, id: row?.id });
    expect(await admin.owner('order-9')).to.deep.equal({ state: 'unknown' });
  });

  it('picks rows out, page by page, and tells members that are no consumers of ours as such [C-ADM-1]', async () => {
    const [one, two] = await deliver();
    const admin = open();
    const ids = async (rows: AsyncIterable<PendingRow>) => (await all(rows)).map(({ id }) => id);
    expect(await ids(admin.pending())).to.deep.equal([one, two]);
    expect(await ids(admin.pending({ limit: 1 }))).to.deep.equal([one]);
    expect(await ids(admin.pending({ consumer: 'a' }))).to.deep.equal([one]);
    expect(await ids(admin.pending({ name: 'two', dead: true }))).to.deep.equal([two]);
    expect(await ids(admin.pending({ state: 'gone' }))).to.deep.equal([]);
    expect(await ids(admin.pending({ idleMs: 3_600_000 }))).to.deep.equal([]);
    const members = (await admin.fleet()).map(({ name, kind, isAlive }) => [name, kind, isAlive]);
    expect(members).to.deep.equal([
      ['a~00000001', 'streamwarden', false],
      ['go', 'go', null],
    ]);
  });

  it('says what is not there: no service is an error of its status, and nothing is pending without a group [C-ADM-1]', async () => {
    const admin = open();
    expect(await admin.exists()).to.equal(false);
    expect(await refusalOf(admin.status())).to.include({ code: 'ServiceNotFound', retriable: false });
    expect(await refusalOf(admin.fleet())).to.have.property('code', 'ServiceNotFound');
    expect(await all(admin.pending())).to.deep.equal([]);
    await suite.redis().set(fleet().names.lbs, 'text');
    expect(await refusalOf(admin.status())).to.have.property('code', 'NotAStream');
  });

  it('refuses what is wrong before any I/O [C-ADM-2]', async () => {
    const nowhere = { redis: 'redis://127.0.0.1:1', service: 'orders' };
    expect(thrownBy(() => createAdmin({ ...nowhere, service: '' }))).to.have.property(
      'code',
      'InvalidOption',
    );
    const misspelt = { ...nowhere, timoutMs: 5 } as AdminOptions;
    expect(thrownBy(() => createAdmin(misspelt)).message).to.equal(
      'unknown option timoutMs; did you mean timeoutMs?',
    );
    await using admin = createAdmin(nowhere);
    const wrong: [call: () => unknown, message: RegExp][] = [
      [() => admin.pending({ limit: 0 }), /^expected limit to be an integer of 1 or more, got: 0$/],
      [() => admin.pending({ state: 'lost' as 'gone' }), /^expected state to be one of 'owned', /],
      [() => admin.pending({ idlMs: 5 } as object), /^unknown option idlMs; did you mean idleMs\?$/],
      [() => admin.pending({ signal: {} as AbortSignal }), /^expected signal to be an AbortSignal, got/],
      [() => admin.pending(null as unknown as object), /^expected options to be an object, got: null$/],
    ];
    for (const [call, message] of wrong) {
      expect(thrownBy(call)).to.have.property('code', 'InvalidOption');
      expect(thrownBy(call).message).to.match(message);
    }
    const refused = [
      admin.owner(''),
      admin.owner(5 as unknown as string),
      admin.status({ signal: 1 } as object),
    ];
    for (const call of refused) expect(await refusalOf(call)).to.have.property('code', 'InvalidOption');
  });

  describe('behind a network', () => {
    let proxy: FaultProxy;

    beforeEach(async () => {
      const { host, port } = suite.server();
      proxy = await startFaultProxy({ host, port });
    });
    afterEach(() => proxy.close());

    it('connects with its first call, once, and stays connected until it is closed [C-ADM-3]', async () => {
      const connections = async () =>
        String(await suite.redis().client('LIST')).match(/ name=streamwarden:admin:/g)?.length ?? 0;
      const admin = open();
      expect(await connections()).to.equal(0);
      await Promise.all([admin.exists(), admin.exists()]);
      expect(await connections()).to.equal(1);
      await admin.exists();
      expect(await connections()).to.equal(1);
      await admin.close();
      await eventually('its connection is closed', async () => (await connections()) === 0);
      await admin.close();
    });

    it('waits for Redis as long as it is told to, and says that it was not there [C-ADM-3]', async () => {
      proxy.refuse();
      const admin = open({ redis: proxy.url, timeoutMs: 300 });
      expect(await rejection(admin.exists())).to.deep.include({
        code: 'RedisUnavailable',
        retriable: true,
        details: { sent: false },
      });
      proxy.allow();
      await eventually('it is reached', () =>
        admin.exists().then(
          () => true,
          () => false,
        ),
      );
    });

    it('is asked for the credentials at each connection [C-ADM-3]', async () => {
      let asked = 0;
      const admin = open({
        redis: () => {
          asked += 1;
          return proxy.url;
        },
      });
      await admin.exists();
      proxy.cut();
      await eventually('it is connected again', () =>
        admin.exists().then(
          () => asked > 1,
          () => false,
        ),
      );
    });

    it('ends a look with the reason of its signal [C-ADM-4]', async () => {
      const admin = open({ redis: proxy.url });
      const reason = new Error('nobody wants to know');
      expect(await rejection(admin.exists({ signal: AbortSignal.abort(reason) }))).to.equal(reason);
      await deliver();
      await admin.exists();
      proxy.freeze();
      const stop = new AbortController();
      const looks = [admin.status({ signal: stop.signal }), all(admin.pending({ signal: stop.signal }))];
      stop.abort(reason);
      for (const look of looks) expect(await rejection(look)).to.equal(reason);
      proxy.thaw();
      expect(await admin.exists()).to.equal(true);
    });

    it('has every call end when it is closed, those under way as well [C-ADM-5]', async () => {
      const admin = open({ redis: proxy.url });
      await deliver();
      await admin.exists();
      proxy.freeze();
      const pages = admin.pending();
      const calls = [admin.status(), pages.next()];
      await admin.close();
      for (const call of [...calls, admin.exists(), admin.owner('one')]) {
        expect(await refusalOf(call)).to.have.property('code', 'RuntimeStopped');
      }
      expect(await pages.next()).to.deep.equal({ done: true, value: undefined });

      proxy.refuse();
      const waiting = open({ redis: proxy.url, timeoutMs: 3_600_000 });
      const look = waiting.exists();
      await waiting.close();
      expect(await refusalOf(look)).to.have.property('code', 'RuntimeStopped');
    });

    it('leaves no timer, whatever was under way [C-ADM-5]', async () => {
      const { service } = fleet();
      const settings = serviceSettings({ redis: proxy.url, service, timeoutMs: 3_600_000 });
      const clock = trackedClock();
      const admin = openAdmin(settings, clock);
      await admin.exists();
      const watched = admin.watchTopology({ intervalMs: 3_600_000 });
      await watched.next();
      proxy.freeze();
      const underWay = [admin.exists(), watched.next()];
      await admin.close();
      for (const call of underWay) await refusalOf(call);
      await eventually('no timer is left', () => clock.running === 0);
      proxy.thaw();
      proxy.refuse();
      const waiting = openAdmin(settings, clock);
      const calls = [waiting.exists(), waiting.watchTopology().next(), waiting.doctor()];
      await eventually('it waits', () => clock.running > 0);
      await waiting.close();
      await Promise.allSettled(calls);
      await eventually('no timer is left', () => clock.running === 0);
    });
  });
});
