import { expect } from 'chai';
import type { RedisClusterNode } from '../../src/testing/index.js';
import { useCluster } from '../support/cluster.js';
import { rejection } from '../support/rejection.js';

describe('startRedisCluster', () => {
  const { cluster, redis } = useCluster({ masters: 3, replicasPerMaster: 1 });

  /** Keys that one master holds, with their values. */
  async function fill(master: RedisClusterNode, count: number): Promise<Map<string, string>> {
    const slots = new Set(await cluster().slotsOf(master));
    const all = new Map<string, string>();
    for (let at = 0; all.size < count; at++) {
      if (slots.has(cluster().slotOf(`key-${at}`))) all.set(`key-${at}`, `value-${at}`);
    }
    await Promise.all([...all].map(([key, value]) => redis().set(key, value)));
    return all;
  }

  async function expectAll(keys: ReadonlyMap<string, string>): Promise<void> {
    for (const [key, value] of keys) expect(await redis().get(key)).to.equal(value);
  }

  /** What CLUSTER SLOTS of a node says of a slot: the port of its master. */
  async function portOfMaster(asked: RedisClusterNode, slot: number): Promise<number | undefined> {
    const rows = (await asked.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    return rows.find(([from, to]) => from <= slot && slot <= to)?.[2][1];
  }

  it('shares all slots among its masters, each with a replica that follows', async () => {
    const masters = await cluster().masters();
    expect(masters).to.have.length(3);
    expect(cluster().nodes).to.have.length(6);
    const counts = await Promise.all(masters.map(async (one) => (await cluster().slotsOf(one)).length));
    expect(counts.sort()).to.deep.equal([5461, 5461, 5462]);
    for (const master of masters) {
      const replicas = await cluster().replicasOf(master);
      expect(replicas).to.have.length(1);
      expect(await replicas[0]?.role()).to.equal('replica');
      expect(await replicas[0]?.call('INFO', 'replication')).to.include('master_link_status:up');
    }
    for (const node of cluster().nodes) {
      expect(await node.call('CLUSTER', 'INFO')).to.include('cluster_state:ok');
      expect(node.port).to.be.below(55_536);
    }
  });

  it('says where clients find it, and which node a key is on', async () => {
    const [first] = cluster().nodes;
    expect(cluster().url).to.match(/^redis-cluster:\/\/127\.0\.0\.1:\d+(,127\.0\.0\.1:\d+){5}$/);
    expect(cluster().startupNodes[0]).to.deep.equal({ host: '127.0.0.1', port: first?.port });
    const master = await cluster().masterOf('{orders}:1');
    expect(await master.call('SET', '{orders}:1', 'here')).to.equal('OK');
    expect(cluster().slotOf('{orders}:1')).to.equal(cluster().slotOf('orders'));
    expect(await master.call('CLUSTER', 'KEYSLOT', 'orders')).to.equal(cluster().slotOf('orders'));
  });

  it('fails over and back without losing what was written', async () => {
    const master = await cluster().masterOf(0);
    const [replica] = await cluster().replicasOf(master);
    const keys = await fill(master, 50);

    expect(await cluster().failOver(master)).to.equal(replica);
    expect(await replica?.role()).to.equal('master');
    expect(await master.role()).to.equal('replica');
    for (const node of cluster().nodes) expect(await portOfMaster(node, 0)).to.equal(replica?.port);
    await expectAll(keys);

    await cluster().failBack(master);
    expect(await cluster().masterOf(0)).to.equal(master);
    for (const node of cluster().nodes) expect(await portOfMaster(node, 0)).to.equal(master.port);
    await expectAll(keys);
  });

  it('fails over again at once, without being refused by masters that have just voted', async () => {
    const master = await cluster().masterOf(0);
    const requests = () =>
      cluster().nodes.flatMap(
        ({ server }) => server.logs().match(/Manual failover user request accepted/g) ?? [],
      ).length;
    const before = requests();
    for (let round = 1; round <= 2; round++) {
      await cluster().failOver(master);
      await cluster().failBack(master);
    }
    expect(requests() - before).to.equal(4);
  });

  it('replaces a master that was killed, which comes back as a replica and, on demand, as master', async () => {
    const master = await cluster().masterOf(0);
    const [replica] = await cluster().replicasOf(master);
    expect(await cluster().killMaster(master)).to.equal(replica);
    expect(master.up).to.equal(false);
    expect(await cluster().masterOf(0)).to.equal(replica);
    for (const node of cluster().nodes.filter(({ up }) => up)) {
      expect(await portOfMaster(node, 0)).to.equal(replica?.port);
    }

    const { id } = master;
    await cluster().restart(master);
    expect(await master.call('CLUSTER', 'MYID')).to.equal(id);
    expect(await cluster().replicasOf(replica as RedisClusterNode)).to.deep.equal([master]);
    await cluster().failBack(master);
    expect(await master.role()).to.equal('master');
  });

  it('says in time that nothing is settled, and why', async () => {
    const [replica] = await cluster().replicasOf(await cluster().masterOf(0));
    await cluster().kill(replica as RedisClusterNode);
    const error = await rejection(cluster().settled({ timeoutMs: 1 }));
    expect(error).to.have.property('code', 'NotSettled');
    expect(error.message).to.match(/expected the cluster to be settled within 1 ms, got: 127\.0\.0\.1:\d+ /);
    expect(error.message).to.include(`${replica?.address} ${replica?.id} does not run`);
    // The rest agrees that it has failed; that is a settled cluster.
    await cluster().settled();
  });

  it('freezes a node, whose peers replace it, and thaws it', async () => {
    const master = await cluster().masterOf(0);
    const cut = await cluster().cutOff(master);
    expect(master.server.running).to.equal(true);
    expect(master.up).to.equal(false);
    const successor = await cluster().promoted(master);
    expect(successor).not.to.equal(master);
    await cut.restore();
    expect(await master.role()).to.equal('replica');
    expect(await cluster().masterOf(0)).to.equal(successor);
    await cut.restore();
  });

  it('adds a master, gives it slots with their keys, empties it and removes it', async () => {
    const from = await cluster().masterOf(0);
    const keys = await fill(from, 300);
    const before = await cluster().slotsOf(from);

    const added = await cluster().addNode();
    expect(await added.role()).to.equal('master');
    expect(await cluster().slotsOf(added)).to.deep.equal([]);
    expect(await cluster().masters()).to.include(added);

    await cluster().reshard({ from, to: added, slots: 1_000 });
    expect(await cluster().slotsOf(added)).to.deep.equal(before.slice(0, 1_000));
    expect(await added.call('DBSIZE')).to.be.above(0);
    await expectAll(keys);
    const refusal = await rejection(cluster().removeNode(added));
    expect(refusal).to.have.property('code', 'InvalidOption');
    expect(refusal.message).to.match(/neither slots nor replicas, got: .* with slots/);

    await cluster().reshard({ from: added, to: from, slots: 1_000 });
    expect(await added.call('DBSIZE')).to.equal(0);
    await cluster().removeNode(added);
    expect(cluster().nodes).not.to.include(added);
    expect(added.server.running).to.equal(false);
    for (const node of cluster().nodes) {
      expect(await node.call('CLUSTER', 'NODES')).not.to.include(added.id);
    }
    await expectAll(keys);
  });

  it('adds a replica and removes it', async () => {
    const master = await cluster().masterOf(0);
    const added = await cluster().addNode({ replicaOf: master, config: { maxclients: 123 } });
    expect(await cluster().replicasOf(master)).to.include(added);
    expect(await added.call('CONFIG', 'GET', 'maxclients')).to.deep.equal(['maxclients', '123']);
    await cluster().removeNode(added);
    expect(await cluster().replicasOf(master)).to.have.length(1);
  });

  it('stops a migration half way: keys on both sides, clients sent after them', async () => {
    const from = await cluster().masterOf('{half}');
    const to = (await cluster().masters()).find((master) => master !== from) as RedisClusterNode;
    const slot = cluster().slotOf('{half}');
    for (let at = 0; at < 10; at++) await redis().set(`{half}:${at}`, at);

    const migration = await cluster().beginSlotMigration(slot, to);
    expect(await migration.moveKeys(4)).to.equal(4);
    expect(await migration.keysLeft()).to.equal(6);
    expect(await from.call('CLUSTER', 'NODES')).to.include(`[${slot}->-${to.id}]`);
    expect(await to.call('CLUSTER', 'NODES')).to.include(`[${slot}-<-${from.id}]`);
    expect(await to.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).to.equal(4);
    expect((await rejection(from.call('GET', '{half}:new'))).message).to.equal(
      `ASK ${slot} 127.0.0.1:${to.port}`,
    );
    for (let at = 0; at < 10; at++) expect(await redis().get(`{half}:${at}`)).to.equal(String(at));

    await migration.abort();
    expect(await cluster().masterOf(slot)).to.equal(from);
    expect(await from.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).to.equal(10);
    expect(await from.call('CLUSTER', 'NODES')).not.to.include(`[${slot}`);

    const again = await cluster().beginSlotMigration(slot, to);
    await again.moveKeys(4);
    await again.finish();
    expect(await cluster().masterOf(slot)).to.equal(to);
    for (const node of cluster().nodes) expect(await portOfMaster(node, slot)).to.equal(to.port);
    expect(await to.call('CLUSTER', 'COUNTKEYSINSLOT', slot)).to.equal(10);
    await cluster().reshard({ from: to, to: from, slots: [slot] });
  });

  it('refuses what only proxies can do', async () => {
    const error = await rejection(cluster().cutOff(await cluster().masterOf(0), 'clients'));
    expect(error).to.have.property('code', 'NotSupported');
    expect(error.message).to.match(/expected a proxied cluster to cut a node off from clients only/);
  });
});
