import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import type { RedisClusterNode } from '../../src/testing/redis-cluster.js';
import { useCluster } from '../support/cluster.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover, awaitHearing } from '../support/masters.js';
import { keepable } from '../support/pace.js';
import { rejection } from '../support/rejection.js';

const HEARTBEAT_MS = keepable(1000);
const names = Array.from({ length: 30 }, (_, index) => `stream-${index}`);
const codeOf = (error: unknown) => (error as { code?: string }).code;

describe('a cluster with a master in trouble', () => {
  const suite = useCluster({ proxied: true });
  const crew = useCrew(suite, { heartbeatMs: HEARTBEAT_MS, minIdleMs: keepable(3000) });
  let home: RedisClusterNode;
  let troubled: RedisClusterNode;
  let third: RedisClusterNode;

  beforeEach(async () => {
    const cluster = suite.cluster();
    home = await cluster.masterOf(crew.lbs);
    const others = (await cluster.masters()).filter(({ id }) => id !== home.id);
    [troubled, third] = others as [RedisClusterNode, RedisClusterNode];
    for (const node of cluster.nodes) await node.call('CONFIG', 'SET', 'notify-keyspace-events', '');
  });

  let restore: (() => Promise<void>) | undefined;
  async function cutOff(node: RedisClusterNode, from: 'clients' | 'peers'): Promise<void> {
    const cut = await suite.cluster().cutOff(node, from);
    restore = async () => {
      restore = undefined;
      await cut.restore();
    };
  }
  afterEach(async () => {
    await restore?.();
    await suite.cluster().settled();
  });

  const subscription = ({ runtime }: Member, { address }: RedisClusterNode) => {
    const found = runtime.snapshot().subscriptions.find(({ master }) => master === address);
    if (found === undefined) throw new Error(`there is no subscription to ${address}`);
    return found;
  };
  const childOf = ({ address }: RedisClusterNode) => `masterSubscription/${address}`;
  const isLive = (member: Member, node: RedisClusterNode) => subscription(member, node).state === 'live';

  /** All streams are taken, kept and finished by this member alone. */
  async function expectWork(member: Member): Promise<void> {
    const before = member.told('StreamAdded').length;
    await crew.announce(...names);
    await member.awaitNews('StreamAdded', before + names.length);
    await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
    expect(member.told('StreamDisowned')).to.deep.equal([]);
    expect((await crew.history()).violations).to.deep.equal([]);
  }

  it('that refuses CONFIG: the start is degraded and says why, the rest does not notice, and it heals [C-CLU-5]', async () => {
    await troubled.call('ACL', 'SETUSER', 'default', '-config');
    const member = await crew.start();
    const { state, troubles, failures } = member.runtime.snapshot();
    expect(state).to.equal('degraded');
    expect(Object.keys(troubles)).to.deep.equal([childOf(troubled)]);
    expect(troubles[childOf(troubled)]).to.include('KeyspaceConfigForbidden');
    expect(failures.map(({ child }) => child)).to.include(childOf(troubled));
    expect(subscription(member, troubled)).to.deep.include({ setup: null });
    expect(subscription(member, troubled).error).to.include({
      code: 'KeyspaceConfigForbidden',
      during: 'configuring',
    });
    expect(subscription(member, home).setup).to.include({ outcome: 'set', before: '' });
    expect(member.runtime.health()).to.include({ live: true, ready: true });
    expect(member.runtime.health().reasons.join()).to.include(troubled.address);
    await expectWork(member);

    await troubled.call('ACL', 'SETUSER', 'default', '+config');
    await eventually('it is healed', () => member.runtime.state === 'running');
    expect(subscription(member, troubled)).to.deep.include({ state: 'live', error: null });
    for (const node of [home, third]) expect(subscription(member, node).attempts).to.equal(1);
    await awaitHearing(suite.cluster(), member);
  });

  it('that refuses CONFIG like all the others: the start fails and names each [C-CLU-6]', async () => {
    const masters = await suite.cluster().masters();
    for (const node of masters) await node.call('ACL', 'SETUSER', 'default', '-config');
    try {
      const error = await rejection(crew.make().runtime.start());
      expect(codeOf(error)).to.equal('KeyspaceSetupFailed');
      for (const { address } of masters) expect((error as Error).message).to.include(address);
    } finally {
      for (const node of masters) await node.call('ACL', 'SETUSER', 'default', '+config');
    }
  });

  it('that has a setting of somebody else: the start fails at once, and leaves it alone', async () => {
    await troubled.call('CONFIG', 'SET', 'notify-keyspace-events', 'Kg');
    const error = await rejection(crew.make().runtime.start());
    expect(codeOf(error)).to.equal('KeyspaceConfigConflict');
    const [, setting] = (await troubled.call('CONFIG', 'GET', 'notify-keyspace-events')) as string[];
    expect([...(setting ?? '')].sort()).to.deep.equal(['K', 'g']);
  });

  it('that cannot be reached at the start: recorded, tried again, escalated, and healed when it can be', async () => {
    await cutOff(troubled, 'clients');
    const member = await crew.start();
    expect(member.runtime.state).to.equal('degraded');
    expect(subscription(member, troubled).error?.during).to.equal('connecting');
    await expectWork(member);

    await restore?.();
    await eventually('it is healed', () => member.runtime.state === 'running');
    await awaitCover(suite.cluster(), member);
    await awaitHearing(suite.cluster(), member);
    for (const node of [home, third]) expect(subscription(member, node).attempts).to.equal(1);
  });

  it('that flaps ten times: each time it is subscribed again, beyond its limits it is escalated, and in the end all is well', async () => {
    const member = await crew.start();
    const escalated: string[] = [];
    const healed: string[] = [];
    member.runtime.seam.on('childEscalated', ({ child }) => escalated.push(child));
    member.runtime.seam.on('childHealed', ({ child }) => healed.push(child));
    for (let flap = 1; flap <= 10; flap += 1) {
      await troubled.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await eventually(
        'it is subscribed again',
        () => subscription(member, troubled).attempts > flap && isLive(member, troubled),
      );
    }
    expect(new Set(escalated)).to.deep.equal(new Set([childOf(troubled)]));
    expect(healed).to.have.length(escalated.length);
    expect(member.runtime.state).to.equal('running');
    expect(member.runtime.snapshot().failures.length).to.be.greaterThan(9);
    for (const node of [home, third]) expect(subscription(member, node).attempts).to.equal(1);
    await awaitHearing(suite.cluster(), member);
    await expectWork(member);
  });

  it('that its peers do not hear: a reset is refused while the nodes disagree, health() says so in time, and the new master is covered [C-CLU-4, C-CLU-7, C-CLU-12]', async () => {
    const cluster = suite.cluster();
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => Date.now() + aheadMs };
    const member = await crew.start({ clock });
    const unsettled = () =>
      member.runtime
        .health()
        .reasons.filter((reason) => reason.startsWith('the cluster is not settled since'));
    await crew.announce(...names);
    await member.awaitNews('StreamAdded', names.length);
    await cutOff(troubled, 'peers');
    await cluster.promoted(troubled);
    const error = await rejection(member.runtime.resetTopology());
    expect(codeOf(error)).to.equal('ClusterNotSettled');
    expect((error as Error).message).to.include(troubled.address);
    expect(member.runtime.snapshot().topology?.problems).not.to.deep.equal([]);
    // So long no failover takes.
    aheadMs = 10_000;
    expect(unsettled().join())
      .to.match(/ since \d{4}-\S+Z: .*/)
      .and.include(troubled.address);
    await restore?.();
    await awaitCover(cluster, member);
    await member.runtime.resetTopology();
    expect(unsettled()).to.deep.equal([]);
    await awaitHearing(cluster, member);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
    await cluster.failBack(troubled);
    await awaitCover(cluster, member);
    await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
    expect((await crew.history()).violations).to.deep.equal([]);
  });

  it('that is gone with its replica: the cluster is down, and when it is back everything goes on', async () => {
    const cluster = suite.cluster();
    const member = await crew.start();
    await crew.announce(...names);
    await member.awaitNews('StreamAdded', names.length);
    const [replica] = await cluster.replicasOf(troubled);
    if (replica === undefined) throw new Error('the master has no replica');
    await cluster.kill(replica);
    await cluster.kill(troubled);
    await member.awaitNews('StreamUncertain', names.length);
    expect(codeOf(await rejection(member.runtime.resetTopology()))).to.equal('ClusterNotSettled');

    await cluster.restart(troubled);
    await cluster.restart(replica);
    await cluster.settled();
    await member.awaitNews('StreamConfirmed', names.length);
    await awaitCover(cluster, member);
    expect(member.told('StreamDisowned')).to.deep.equal([]);
    await Promise.all([...member.runtime.ownedStreams()].map((stream) => stream.done()));
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report.ends.finished).to.equal(names.length);
  });
});
