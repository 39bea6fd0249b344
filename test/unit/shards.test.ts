import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { judgeCluster } from '../../src/redis/cluster-verdict.js';
import { type Connections, createConnections } from '../../src/redis/connections.js';
import { followShards } from '../../src/redis/shard-follower.js';
import type { Shards } from '../../src/redis/shards.js';
import { slotOf } from '../../src/redis/slot-map.js';
import { eventually } from '../support/eventually.js';
import { type FakeCluster, type FakeNode, startFakeCluster } from '../support/fake-cluster.js';
import { rejection } from '../support/rejection.js';

const HOME = 'orders-input';

describe('the nodes of a cluster', () => {
  let cluster: FakeCluster;
  const made: Connections[] = [];

  beforeEach(async () => {
    cluster = await startFakeCluster(3);
  });

  afterEach(async () => {
    for (const connections of made.splice(0)) connections.close();
    await cluster.close();
  });

  /** @param seeds addresses to begin with */
  function connectionsTo(...seeds: string[]) {
    const connections = createConnections({
      target: `redis-cluster://${seeds.join(',')}`,
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 1000,
      connectionName: 'test',
      home: HOME,
    });
    made.push(connections);
    return { connections, shards: connections.shards as Shards };
  }

  const node = (index: number) => cluster.nodes[index] as FakeNode;
  const all = () => cluster.nodes.map(({ address }) => address).sort();
  const ownerOf = (shards: Shards, key: string) =>
    cluster.nodes.find(({ address }) => address === shards.addressOf(key)) as FakeNode;

  it('are all found from one of them', async () => {
    const { shards } = connectionsTo(node(1).address);
    expect(shards.addressOf(HOME), 'nobody has said').to.equal(node(1).address);
    expect(await shards.refresh()).to.deep.include({ settled: true, masters: all() });
    const answers = await shards.ask();
    expect(answers.map(({ address }) => address).sort()).to.deep.equal(all());
    expect(answers.filter((answer) => 'error' in answer)).to.deep.equal([]);
  });

  it('are found from one that answers, where others do not', async () => {
    await node(0).close();
    const { shards } = connectionsTo(node(0).address, node(2).address);
    const { view, silent } = await shards.refresh();
    expect(view?.from).to.equal(node(2).address);
    expect(silent).to.have.length(1);
    await node(0).open();
  });

  it('are asked where they were first found, when none that is known answers', async () => {
    const { shards } = connectionsTo(`localhost:${node(0).port}`);
    await shards.refresh();
    await shards.ask();
    for (const each of cluster.nodes) await each.close();
    await eventually('they are missed', () => all().every((address) => !shards.commandsAt(address).isUp));
    const answers = await shards.ask();
    expect(answers.map(({ address }) => address)).to.include(`localhost:${node(0).port}`);
    for (const each of cluster.nodes) await each.open();
  });

  it('that are silent hold up nobody for longer than a command may take', async () => {
    const { shards } = connectionsTo(...all());
    await shards.refresh();
    node(1).isSilent = true;
    const begun = performance.now();
    const { settled, silent } = judgeCluster(await shards.ask());
    expect(settled).to.equal(true);
    expect(silent.map(({ address }) => address)).to.deep.equal([node(1).address]);
    expect(performance.now() - begun).to.be.below(1000);
  });

  it('that are gone are not waited for at all', async () => {
    const { shards } = connectionsTo(...all());
    await shards.refresh();
    await node(1).close();
    await eventually('it is missed', () => !shards.commandsAt(node(1).address).isUp);
    expect(judgeCluster(await shards.ask()).silent.map(({ address }) => address)).to.deep.equal([
      node(1).address,
    ]);
    await node(1).open();
    await eventually(
      'it is asked again when it is back',
      async () => judgeCluster(await shards.ask()).silent.length === 0,
    );
  });

  it('that are no longer listed are let go, once the cluster is settled', async () => {
    const { shards } = connectionsTo(...all());
    await shards.refresh();
    const { view } = judgeCluster(await shards.ask());
    if (view === null) throw new Error('expected an answer');
    const smaller = { ...view, nodes: view.nodes.filter(({ address }) => address !== node(2).address) };
    const verdict = { problems: [], view: smaller, masters: [], silent: [], foreign: [] };
    for (const other of [node(0), node(1)]) other.forget(node(2));
    const asked = async () => (await shards.ask()).map(({ address }) => address);
    shards.learn({ ...verdict, settled: false });
    expect(await asked()).to.include(node(2).address);
    shards.learn({ ...verdict, settled: true });
    expect(await asked()).not.to.include(node(2).address);
    await eventually('it is connected to nobody', () => node(2).isAlone);
  });

  it('that do not agree are followed among themselves, and to nobody who was not of them before [C-CLU-12]', async () => {
    const { shards } = connectionsTo(...all());
    const { view } = await shards.refresh();
    if (view === null) throw new Error('expected an answer');
    const home = ownerOf(shards, HOME);
    const others = view.nodes.filter(({ address }) => address !== home.address);
    const [heir, third] = others as [(typeof others)[number], (typeof others)[number]];
    const newcomers = await startFakeCluster(1, { ids: 'n' });
    const [newcomer] = newcomers.nodes as [FakeNode];
    /** All that the owner of the key has had is another one's now. */
    const servedBy = ({ id, address }: { readonly id: string; readonly address: string }) => ({
      ...view,
      nodes: [
        third,
        { ...heir, slots: [] },
        { ...heir, id, address, slots: [[0, 16_383]] as [number, number][] },
      ],
    });
    const verdict = { problems: ['they do not agree'], masters: [], silent: [], foreign: [] };
    shards.learn({ ...verdict, view: servedBy(newcomer), settled: false });
    expect(shards.addressOf(HOME), 'a newcomer, unsettled').to.equal(home.address);
    await shards.ask();
    expect(newcomer.connections, 'connections to the newcomer').to.equal(0);
    shards.learn({ ...verdict, view: servedBy(heir), settled: false });
    expect(shards.addressOf(HOME), 'one of them, unsettled').to.equal(heir.address);
    shards.learn({ ...verdict, view: servedBy(newcomer), settled: true });
    expect(shards.addressOf(HOME), 'the newcomer, settled').to.equal(newcomer.address);
    await newcomers.close();
  });

  describe('of which the address of one has gone to another cluster', () => {
    let foreign: FakeCluster | undefined;

    /** The node that serves this key dies, and a node of another cluster gets its address. */
    async function reuse(shards: Shards, key: string): Promise<{ dead: FakeNode; stranger: FakeNode }> {
      const dead = ownerOf(shards, key);
      const { port } = dead;
      await dead.close();
      foreign = await startFakeCluster(2, { ids: 'xy', port, epoch: 99 });
      const stranger = foreign.nodes[0] as FakeNode;
      return { dead, stranger };
    }

    afterEach(async () => {
      await foreign?.close();
      foreign = undefined;
    });

    it('follow those that are left, and nobody else is asked anything but who he is [C-CLU-12]', async () => {
      const { connections, shards } = connectionsTo(...all());
      const { commands } = connections;
      await shards.refresh();
      const downs: string[] = [];
      commands.listen({ up: () => {}, down: (error) => void downs.push(error.message) });
      commands.open();
      await commands.whenUp();
      const { dead, stranger } = await reuse(shards, HOME);
      await eventually('it is recognised', () =>
        downs.some((why) => why === `${dead.address} is a node of another cluster`),
      );
      // One that is slow to answer has not said yet whose it is.
      const masters = await eventually('it is named', async () => {
        const view = await shards.refresh();
        return view.problems.includes(`${dead.address} is a node of another cluster`) && view.masters;
      });
      for (const { address } of foreign?.nodes ?? []) {
        if (address !== dead.address) expect(masters).not.to.include(address);
      }
      expect(await rejection(shards.commandsFor(HOME).script('extend-locks', [HOME], ['v', 1]))).to.include({
        code: 'RedisUnavailable',
      });
      // One of ours is promoted.
      const heir = cluster.nodes.find((one) => one !== dead) as FakeNode;
      for (let slot = 0; slot < 16_384; slot += 1) cluster.give(slot, heir);
      await shards.refresh();
      expect(shards.addressOf(HOME)).to.equal(heir.address);
      await eventually('the commands are there', () => commands.isUp && commands.address === heir.address);
      expect(stranger.received).to.deep.equal([]);
    });

    it('are not found there by a producer either [C-CLU-12]', async () => {
      const { connections, shards } = connectionsTo(...all());
      const follower = followShards(shards, connections.commands, systemClock);
      await eventually('it is connected', () => connections.commands.isUp);
      const { stranger } = await reuse(shards, HOME);
      for (const each of cluster.nodes) await each.close();
      await eventually('it says why', () => follower.problem?.includes('another cluster') ?? false);
      expect(connections.commands.isUp).to.equal(false);
      expect(stranger.received).to.deep.equal([]);
      follower.stop();
    });
  });

  describe('hint at a change', () => {
    it('when a connection that there was is lost, once', async () => {
      const { shards } = connectionsTo(...all());
      await shards.refresh();
      const hints: string[] = [];
      shards.onTrouble((why) => hints.push(why));
      await node(0).close();
      await eventually('it is missed', () => hints.length > 0);
      await eventually('it has been tried again', async () => {
        const { message } = await rejection(
          shards.commandsAt(node(0).address).run('PING', (client) => client.ping()),
        );
        return message.includes('ECONNREFUSED');
      });
      expect(hints).to.have.length(1);
      await node(0).open();
    });

    it('no more, to whoever does not listen any more', async () => {
      const { shards } = connectionsTo(...all());
      const hints: string[] = [];
      shards.onTrouble((why) => hints.push(why))();
      shards.noticed(new Error('x'), undefined);
      expect(hints).to.deep.equal([]);
    });
  });

  it("a key's commands follow a redirection with the next one, never with the same", async () => {
    const { shards } = connectionsTo(...all());
    await shards.refresh();
    const commands = shards.commandsFor(HOME);
    await commands.run('PTTL', (client) => client.pttl(HOME));
    const from = ownerOf(shards, HOME);
    const to = cluster.nodes.find((each) => each !== from) as FakeNode;
    cluster.give(slotOf(HOME), to);
    expect((await rejection(commands.run('PTTL', (client) => client.pttl(HOME)))).message).to.match(/MOVED/);
    expect(to.received).to.deep.equal([]);
    await shards.commandsAt(to.address).run('PING', (client) => client.ping());
    await commands.run('PTTL', (client) => client.pttl(HOME));
    expect(to.executed).to.deep.equal([HOME]);
  });

  describe('that serve the home of a runtime', () => {
    it('are followed by its connection, without a failure to tell it', async () => {
      const { connections, shards } = connectionsTo(...all());
      await shards.refresh();
      await connections.commands.whenUp();
      const to = cluster.nodes.find((each) => each !== ownerOf(shards, HOME)) as FakeNode;
      cluster.give(slotOf(HOME), to);
      await shards.refresh();
      await eventually('it leads there', () => connections.commands.isUp);
      expect(connections.commands.address).to.equal(to.address);
    });

    it('are left alone while they are the same, or nobody says who they are', async () => {
      const { connections, shards } = connectionsTo(node(0).address);
      await connections.commands.whenUp();
      const { epoch } = connections.commands;
      const verdict = judgeCluster(await shards.ask());
      if (verdict.view === null) throw new Error('expected an answer');
      const nodes = verdict.view.nodes.map((each) => ({ ...each, slots: [] }));
      shards.learn({ ...verdict, view: { ...verdict.view, nodes } });
      expect([connections.commands.isUp, connections.commands.epoch]).to.deep.equal([true, epoch]);
    });

    it('are found by who has no watcher, and found again', async () => {
      const { connections, shards } = connectionsTo(node(0).address);
      const follower = followShards(shards, connections.commands, systemClock);
      await eventually('it is connected', () => connections.commands.isUp);
      expect(connections.commands.address).to.equal(shards.addressOf(HOME));
      const from = ownerOf(shards, HOME);
      const to = cluster.nodes.find((each) => each !== from) as FakeNode;
      cluster.give(slotOf(HOME), to);
      await from.close();
      await eventually(
        'it is connected elsewhere',
        () => connections.commands.isUp && connections.commands.address === to.address,
      );
      follower.stop();
      await from.open();
    });
  });

  it('are left for good when all is closed: a question under way opens nothing any more', async () => {
    const { connections, shards } = connectionsTo(`localhost:${node(0).port}`);
    await shards.refresh();
    await shards.ask();
    const asking = shards.ask();
    connections.close();
    expect((await asking).every((answer) => 'error' in answer)).to.equal(true);
    await rejection(shards.commandsAt(node(0).address).run('PING', (client) => client.ping()));
    await eventually('nobody is connected', () => cluster.nodes.every(({ isAlone }) => isAlone));
    const seen = cluster.nodes.map(({ connections: count }) => count);
    await shards.ask();
    expect(cluster.nodes.map(({ connections: count }) => count)).to.deep.equal(seen);
  });
});
