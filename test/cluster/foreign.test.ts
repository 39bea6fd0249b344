/** The address of a node that has died goes to a node of another cluster, as addresses of pods do. */
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createProducer } from '../../src/index.js';
import { type RedisServer, startRedis } from '../../src/testing/index.js';
import { useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { hangingMs, keepable } from '../support/pace.js';

const names = Array.from({ length: 20 }, (_, index) => `stream-${index}`);

describe('a node of another cluster at the address of one of ours', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000), minIdleMs: keepable(3000) });
  const cli = useCli();
  const doctor = useDoctor(cli);
  let foreign: RedisServer | undefined;
  let looking: Redis | undefined;

  afterEach(async () => {
    looking?.disconnect();
    await foreign?.stop();
  });

  /** A cluster of one node that serves every slot, of an epoch that no node of ours has. */
  async function startForeign(port: number): Promise<Redis> {
    foreign = await startRedis({ port, args: ['--cluster-enabled', 'yes'] });
    looking = new Redis(foreign.url);
    await looking.call('CLUSTER', 'SET-CONFIG-EPOCH', '1000');
    await looking.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    const client = looking;
    await eventually('it serves', async () =>
      /cluster_state:ok/.test(String(await client.call('CLUSTER', 'INFO'))),
    );
    return client;
  }

  it('is not followed, by a runtime or a producer: they go with the heir, nothing is lost, and nothing is left there [C-CLU-12]', async () => {
    const cluster = suite.cluster();
    const ours = await crew.start({ onUncertain: 'continue' });
    await using producer = createProducer({
      redis: cluster.url,
      service: crew.service,
      timeoutMs: hangingMs(),
    });
    await crew.announce(...names);
    await ours.awaitNews('StreamAdded', names.length);
    const home = await cluster.masterOf(crew.lbs);
    const onReplica = new Redis(home.url);
    await onReplica.set(`{${crew.lbs}}:written-last`, '1');
    expect(await onReplica.wait(1, 10_000)).to.be.greaterThan(0);
    onReplica.disconnect();
    await cluster.kill(home);
    // Redis itself declares nobody dead whose address answers in another name: an heir comes before the address is given away.
    await cluster.promoted(home);
    const there = await startForeign(home.port);
    await eventually('an heir is followed', () => {
      const { topology, subscriptions } = ours.runtime.snapshot();
      const { ready, reasons } = ours.runtime.health();
      expect({ ready, reasons, subscriptions, topology }).to.deep.include({ ready: true });
      return ours.runtime.snapshot().lease.certain;
    });
    const rounds = () => ours.runtime.snapshot().topology?.rounds ?? 0;
    const before = rounds();
    ours.runtime.resetTopology().catch(() => {});
    await eventually('the nodes were asked again and again', () => rounds() >= before + 3);
    expect(ours.told('StreamDisowned')).to.deep.equal([]);
    expect(ours.runtime.snapshot().topology?.settled).to.equal(true);
    await producer.add('late');
    await ours.awaitNews('StreamAdded', names.length + 1);
    await Promise.all([...ours.runtime.ownedStreams()].map((stream) => stream.done()));
    expect(await there.dbsize()).to.equal(0);
    expect(ours.runtime.snapshot().subscriptions.map(({ master }) => master)).not.to.include(home.address);
    await ours.runtime.stop();
    looking?.disconnect();
    await foreign?.stop();
    foreign = undefined;
    await cluster.restart(home);
    await cluster.settled();
  });

  // The last one of this cluster: who was forgotten newer servers forget again and again for a minute, whoever has met it.
  it('before there is an heir, is named by topology and doctor, and the remedy of doctor heals it', async () => {
    const cluster = suite.cluster();
    const home = await cluster.masterOf(crew.lbs);
    const [replica] = await cluster.replicasOf(home);
    const others = cluster.nodes.filter((node) => node !== home);
    const setTimeouts = async (ms: number) => {
      for (const node of others) await node.call('CONFIG', 'SET', 'cluster-node-timeout', ms);
    };
    const [, usualMs] = (await home.call('CONFIG', 'GET', 'cluster-node-timeout')) as [string, string];
    // Its address is given away before anybody takes it for dead.
    await setTimeouts(600_000);
    // Valkey 8.1 takes a node for dead whose address answers in another name, and the replica would be the heir at once.
    await replica?.call('CONFIG', 'SET', 'cluster-replica-no-failover', 'yes');
    await cluster.kill(home);
    await startForeign(home.port);
    await eventually('all know that it is not there', async () => {
      const views = await Promise.all(others.map((node) => node.call('CLUSTER', 'NODES')));
      return views.every((view) => new RegExp(`^${home.id} \\S+ \\S*noaddr`, 'm').test(String(view)));
    });
    await setTimeouts(Number(usualMs));

    const shown = await cli.run(['topology', '--redis', cluster.url, '--json']);
    const picture = JSON.parse(shown.stdout) as { settled: boolean; others: { address: string }[] };
    const states = await Promise.all(others.map((node) => node.call('CLUSTER', 'INFO')));
    expect(picture.settled).to.equal(states.every((info) => /cluster_state:ok/.test(String(info))));
    expect(picture.others.find(({ address }) => address === home.address)).to.deep.include({
      state: 'foreign',
      keyspaceEvents: null,
      subscribers: null,
    });
    const { code, checks } = await doctor(cluster.url);
    expect(code).to.equal(1);
    expect(checks.topology).to.deep.include({ result: 'bad' });
    // Where the others take the node for dead, they say first that their cluster has failed.
    const found = checks.topology?.found.split('; ') ?? [];
    expect(found.filter((one) => !one.endsWith(' says cluster_state:fail'))).to.deep.equal([
      `${home.address} is a node of another cluster`,
    ]);
    expect(checks['cluster-slots']).to.deep.include({ result: 'bad' });
    expect(checks.reachable?.found).to.equal(`${home.address}: a node of another cluster answers here`);
    // What it is set to is nobody's business here.
    for (const check of ['persistence', 'keyspace-events']) {
      expect(checks[check]?.found).not.to.include(home.address);
      expect(checks[check]?.remedy).not.to.include(home.address);
    }

    const remedy = checks.topology?.remedy ?? '';
    const [failover = ''] = /CLUSTER FAILOVER TAKEOVER/.exec(remedy) ?? [];
    const [forget = ''] = /CLUSTER FORGET/.exec(remedy) ?? [];
    const [, left] = /leave (\S+) out of the URL/.exec(remedy) ?? [];
    expect(left).to.equal(home.address);
    await replica?.call('CLUSTER', ...failover.split(' ').slice(1));
    await eventually('the replica serves', async () => (await replica?.role()) === 'master');
    for (const node of others) await node.call('CLUSTER', ...forget.split(' ').slice(1), home.id);
    const url = `redis-cluster://${others.map(({ address }) => address).join(',')}`;
    await eventually('doctor finds it healed', async () => {
      const healed = await doctor(url);
      expect(healed.checks.topology).to.deep.include({ result: 'good' });
      expect(healed.checks['cluster-slots']).to.deep.include({ result: 'good' });
      return true;
    });
  });
});
