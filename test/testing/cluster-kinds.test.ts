import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { openServers, type RedisClusterNode, startRedisCluster } from '../../src/testing/index.js';
import { makeCertificate } from '../support/certificate.js';
import { useCluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-alive.js';
import { rejection } from '../support/rejection.js';
import { takeRunLock } from '../support/run-lock.js';

describe('a proxied cluster', () => {
  const { cluster, redis } = useCluster({ proxied: true, password: 'p"a ss@' });

  it('has clients go through the proxies', async () => {
    const node = await cluster().masterOf('key');
    expect(node.port).to.equal(node.proxy?.port);
    expect(node.port).not.to.equal(node.server.port);
    const armed = node.proxy?.arm({ fault: 'cutReply', matches: ([command]) => command === 'incr' });
    await rejection(oneClient(node, (client) => client.incr('key')));
    expect(armed?.struck).to.equal(1);
    expect(await redis().get('key')).to.equal('1');
  });

  it('moves keys although the nodes want a password', async () => {
    const from = await cluster().masterOf('{moved}');
    const to = (await cluster().masters()).find((master) => master !== from) as RedisClusterNode;
    await redis().set('{moved}', 'along');
    const slot = cluster().slotOf('{moved}');
    await cluster().reshard({ from, to, slots: [slot] });
    expect(await to.call('GET', '{moved}')).to.equal('along');
    expect(await redis().get('{moved}')).to.equal('along');
    await cluster().reshard({ from: to, to: from, slots: [slot] });
  });

  it('cuts a master off from clients, while its peers find it well', async () => {
    const master = await cluster().masterOf('key');
    const cut = await cluster().cutOff(master, 'clients');
    await rejection(oneClient(master, (client) => client.get('key')));
    await cluster().settled();
    expect(await cluster().masterOf('key')).to.equal(master);

    await cut.restore();
    expect(await oneClient(master, (client) => client.get('key'))).to.equal(null);
    expect(await cluster().replicasOf(master)).to.have.length(1);
  });

  it('cuts a master off from its peers, which replace it while it goes on serving', async () => {
    const master = await cluster().masterOf('{lost}');
    const cut = await cluster().cutOff(master, 'peers');
    expect(await oneClient(master, (client) => client.set('{lost}', 'soon'))).to.equal('OK');
    const successor = await cluster().promoted(master);
    expect(await cluster().masters()).not.to.include(master);
    // Alone it does not serve any more; what it was told meanwhile is lost when it comes back.
    await eventually('the isolated master has noticed', async () =>
      String(await master.call('CLUSTER', 'INFO')).includes('cluster_state:fail'),
    );
    await successor.call('DEL', '{lost}');
    await cut.restore();
    expect(await master.role()).to.equal('replica');
    expect(await successor.call('EXISTS', '{lost}')).to.equal(0);
    expect(await redis().get('{lost}')).to.equal(null);
  });

  async function oneClient<T>(node: RedisClusterNode, use: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(node.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on('error', () => undefined);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  }
});

describe('startRedisCluster', () => {
  let release: () => Promise<void>;
  before(async () => {
    ({ release } = await takeRunLock('cluster'));
  });
  after(() => release());

  it('serves TLS, to clients and between its nodes', async () => {
    await using certificate = await makeCertificate();
    await using cluster = await startRedisCluster({ masters: 2, replicasPerMaster: 1, tls: certificate });
    expect(cluster.url).to.match(/^rediss-cluster:/);
    const [one, other] = (await cluster.masters()) as [RedisClusterNode, RedisClusterNode];
    const [slot = -1] = await cluster.slotsOf(one);
    await cluster.reshard({ from: one, to: other, slots: [slot] });
    expect(await cluster.masterOf(slot)).to.equal(other);
    expect(await one.call('CONFIG', 'GET', 'port')).to.deep.equal(['port', '0']);
  });

  it('stands with a single master, and is gone with its files when it is stopped', async () => {
    const before = openServers();
    const cluster = await startRedisCluster({ masters: 1, replicasPerMaster: 0, requireFullCoverage: false });
    const [node] = cluster.nodes;
    expect(await cluster.slotsOf(node as RedisClusterNode)).to.have.length(16_384);
    expect(await node?.call('CONFIG', 'GET', 'cluster-require-full-coverage')).to.include('no');
    await cluster.stop();
    expect(openServers()).to.have.members(before);
    expect(node?.server.running).to.equal(false);
    await cluster.stop();
  });

  it('dies with a parent that is killed', async () => {
    const program = `
      import { startRedisCluster } from './dist/testing/index.js';
      const cluster = await startRedisCluster({ masters: 1, replicasPerMaster: 1 });
      console.log(JSON.stringify(cluster.nodes.map(({ server }) => server.pid)));
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).to.have.length(2);
    parent.kill('SIGKILL');
    await eventually('the orphans are gone', () => !pids.some(isAlive));
  });

  it('refuses shapes that cannot be, and leaves nothing behind when it fails', async () => {
    for (const options of [{ masters: 0 }, { replicasPerMaster: -1 }, { masters: 1.5 }]) {
      expect(await rejection(startRedisCluster(options))).to.have.property('code', 'InvalidOption');
    }
    const before = openServers();
    const failed = await rejection(startRedisCluster({ config: { maxmemory: 'plenty' } }));
    expect(failed).to.have.property('code', 'StartFailed');
    expect(openServers()).to.have.members(before);
  });
});
