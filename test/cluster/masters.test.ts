import { expect } from 'chai';
import { useCluster } from '../support/cluster.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover, awaitHearing, subscribersOn } from '../support/masters.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);
const names = Array.from({ length: 30 }, (_, index) => `stream-${index}`);

describe('a runtime on a cluster whose masters change', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(2000) });
  let member: Member;

  beforeEach(async () => {
    member = await crew.start();
    await crew.announce(...names);
    await member.awaitNews('StreamAdded', names.length);
  });

  /** Nothing was lost on the way, new work flows, and no two ever owned the same. */
  async function expectNoHarm(): Promise<void> {
    expect(member.told('StreamDisowned')).to.deep.equal([]);
    const [id] = await crew.announce('afterwards');
    await eventually('new work is owned', () => member.runtime.owned('afterwards')?.id === id);
    await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends.finished).to.equal(names.length + 1);
    expect(report.recovered).to.equal(0);
  }

  const changes = () => member.runtime.snapshot().topology?.changes;
  const attempts = () =>
    member.runtime.snapshot().subscriptions.map(({ master, attempts: n }) => [master, n]);

  it('has one subscription on each master after start and after three resets, and none after it stopped [C-CLU-2, C-CLU-7]', async () => {
    await awaitCover(suite.cluster(), member);
    for (let round = 0; round < 3; round += 1) {
      await member.runtime.resetTopology();
      await awaitCover(suite.cluster(), member);
    }
    expect(new Set(attempts().map(([, count]) => count))).to.deep.equal(new Set([4]));
    await awaitHearing(suite.cluster(), member);
    await expectNoHarm();

    await member.runtime.stop();
    for (const node of suite.cluster().nodes) {
      expect(await subscribersOn(node, member.name)).to.deep.equal([]);
      expect(String(await node.call('CLIENT', 'LIST'))).not.to.include(member.name);
    }
  });

  it('follows a graceful failover, and the failback [C-CLU-3]', async () => {
    const cluster = suite.cluster();
    const before = await cluster.masterOf(crew.lbs);
    const promoted = await cluster.failOver(before);
    await awaitCover(cluster, member);
    expect((await cluster.masterOf(crew.lbs)).address).to.equal(promoted.address);
    await awaitHearing(cluster, member);

    await cluster.failBack(before);
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);
    await expectNoHarm();
  });

  it('follows the replica that takes over from a master that was killed, and the failback [C-CLU-3]', async () => {
    const cluster = suite.cluster();
    const lbsMaster = await cluster.masterOf(crew.lbs);
    const victim = (await cluster.masters()).find(({ id }) => id !== lbsMaster.id);
    if (victim === undefined) throw new Error('there is but one master');
    await cluster.killMaster(victim);
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);

    await cluster.failBack(victim);
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);
    await expectNoHarm();
  });

  it('covers a master that is added as soon as it is given slots, and lets go of it when it is emptied and removed [C-CLU-3]', async () => {
    const cluster = suite.cluster();
    const [donor] = await cluster.masters();
    if (donor === undefined) throw new Error('there is no master');
    const added = await cluster.addNode();
    await awaitCover(cluster, member);
    await eventually('it is known', () => {
      const { nodes = [] } = member.runtime.snapshot().topology ?? {};
      expect(nodes.map(({ address }) => address)).to.include(added.address);
    });

    await cluster.reshard({ from: donor, to: added, slots: 200 });
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);

    await cluster.reshard({ from: added, to: donor, slots: await cluster.slotsOf(added) });
    await awaitCover(cluster, member);
    await cluster.removeNode(added);
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);
    await expectNoHarm();
  });

  it('sets up a master again that was restarted and has forgotten the setting', async () => {
    const cluster = suite.cluster();
    const lbsMaster = await cluster.masterOf(crew.lbs);
    const victim = (await cluster.masters()).find(({ id }) => id !== lbsMaster.id);
    if (victim === undefined) throw new Error('there is but one master');
    await cluster.restart(victim);
    await awaitCover(cluster, member);
    await awaitHearing(cluster, member);
    await expectNoHarm();
  });

  it('minds neither replicas that come and go nor one that is restarted', async () => {
    const cluster = suite.cluster();
    await awaitCover(cluster, member);
    const [changesBefore, attemptsBefore] = [changes(), attempts()];
    const [master] = await cluster.masters();
    if (master === undefined) throw new Error('there is no master');
    const added = await cluster.addNode({ replicaOf: master });
    const [replica] = (await cluster.replicasOf(master)).filter(({ id }) => id !== added.id);
    if (replica === undefined) throw new Error('the master has no replica');
    await cluster.restart(replica);
    await cluster.removeNode(added);

    const { rounds = 0 } = member.runtime.snapshot().topology ?? {};
    await eventually(
      'the nodes have been asked again',
      () => (member.runtime.snapshot().topology?.rounds ?? 0) > rounds + 1,
    );
    await awaitCover(cluster, member);
    expect(changes()).to.equal(changesBefore);
    expect(attempts()).to.deep.equal(attemptsBefore);
    await expectNoHarm();
  });
});
