import { expect } from 'chai';
import { type Admin, createAdmin } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('what an admin tells of the servers', () => {
  const suite = useRedis();
  let admin: Admin;

  beforeEach(() => {
    admin = createAdmin({ redis: suite.server().url, service: 'orders', timeoutMs: keepable(2_000) });
  });
  afterEach(() => admin.close());

  const connections = async () =>
    String(await suite.redis().client('LIST')).match(/ name=streamwarden:admin/g)?.length ?? 0;

  it('is who they are, once or again and again, over connections that are closed then [C-ADM-11]', async () => {
    const { host, port } = suite.server();
    const picture = await admin.topology();
    expect(picture).to.deep.include({ kind: 'single', settled: true, problems: [] });
    expect(picture.masters.map(({ address, state }) => [address, state])).to.deep.equal([
      [`${host}:${port}`, 'up'],
    ]);
    const kinds: string[] = [];
    for await (const { kind } of admin.watchTopology({ intervalMs: 5 })) {
      kinds.push(kind);
      if (kinds.length === 3) break;
    }
    expect(kinds).to.deep.equal(['single', 'single', 'single']);
    await eventually('nothing is connected', async () => (await connections()) === 0);
  });

  it('has what does not answer in it: that is no error of a topology, and one of doctor [C-ADM-11]', async () => {
    await using nowhere = createAdmin({ redis: 'redis://127.0.0.1:1', service: 'orders', timeoutMs: 300 });
    const { settled, masters } = await nowhere.topology();
    expect({ settled, state: masters[0]?.state }).to.deep.equal({ settled: false, state: 'unreachable' });
    const error = await rejection(nowhere.doctor());
    expect(error).to.deep.include({ code: 'RedisUnavailable', details: { sent: false } });
    expect(error.message).to.match(/^no connection to Redis at 127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  it('is whether they are fit for consumers [C-ADM-11]', async () => {
    const findings = await admin.doctor({ keyspaceEvents: 'off' });
    const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
    expect(byCheck.get('reachable')).to.deep.include({ result: 'good', remedy: null });
    expect(byCheck.get('service')?.found).to.include('orders');
    expect(byCheck.get('permissions')?.result).to.equal('good');
    await suite.redis().call('ACL', 'SETUSER', 'weak', 'reset', 'on', '>x', '~*', '&*', '+@all', '-xadd');
    const [weak] = (await admin.doctor({ aclUser: 'weak' })).filter(({ check }) => check === 'permissions');
    expect(weak?.found).to.match(/XADD/);
    await eventually('nothing is connected', async () => (await connections()) === 0);
  });

  it('asks a function where they are each time, and ends with its signal or its admin [C-ADM-4, C-ADM-5, C-ADM-11]', async () => {
    let asked = 0;
    const redis = () => {
      asked += 1;
      return suite.server().url;
    };
    await using own = createAdmin({ redis, service: 'orders', timeoutMs: keepable(2_000) });
    expect((await own.topology()).settled).to.equal(true);
    expect((await own.topology()).settled).to.equal(true);
    expect(asked).to.equal(2);

    const stop = new AbortController();
    const reason = new Error('enough');
    const watched = own.watchTopology({ intervalMs: 3_600_000, signal: stop.signal });
    await watched.next();
    const next = watched.next();
    stop.abort(reason);
    expect(await rejection(next)).to.equal(reason);

    const calls = [own.doctor(), own.topology(), own.watchTopology().next()];
    await own.close();
    for (const call of calls) expect(await rejection(call)).to.have.property('code', 'RuntimeStopped');
    await eventually('nothing is connected', async () => (await connections()) === 0);
  });

  it('is refused a wrong option before any I/O [C-ADM-2]', async () => {
    await using nowhere = createAdmin({ redis: 'redis://127.0.0.1:1', service: 'orders' });
    expect(() => nowhere.watchTopology({ intervalMs: 0 })).to.throw(/^expected intervalMs to be an integer/);
    for (const call of [
      nowhere.doctor({ heartbeatMs: 5 }),
      nowhere.doctor({ keyspaceEvents: 'on' as 'off' }),
      nowhere.topology({ sginal: 1 } as object),
    ]) {
      expect(await rejection(call)).to.have.property('code', 'InvalidOption');
    }
  });
});
