/** What ends up in which place, how often it was sent, and to whom. */
import { expect } from 'chai';
import { systemClock } from '../../src/core/clock.js';
import { isStreamwardenError } from '../../src/core/errors.js';
import { silentLogger } from '../../src/core/logger.js';
import { type Connections, createConnections, createHomeCommands } from '../../src/redis/connections.js';
import type { Shards } from '../../src/redis/shards.js';
import { slotOf } from '../../src/redis/slot-map.js';
import { createSpread, type Spread } from '../../src/redis/spread.js';
import { eventually } from '../support/eventually.js';
import { type FakeCluster, type FakeNode, startFakeCluster } from '../support/fake-cluster.js';
import { rejection } from '../support/rejection.js';

/** Each in a slot of its own, on all three nodes. */
const KEYS = Array.from({ length: 30 }, (_, index) => `stream-${index}`);
const NUMBERS = KEYS.map((_, index) => index);
const HOME = 'orders-input';

describe('work on keys all over a cluster', () => {
  let cluster: FakeCluster;
  let connections: Connections;
  let shards: Shards;
  let spread: Spread;
  let a: FakeNode;
  let b: FakeNode;
  let c: FakeNode;

  beforeEach(async () => {
    cluster = await startFakeCluster(3);
    [a, b, c] = cluster.nodes as [FakeNode, FakeNode, FakeNode];
    connections = createConnections({
      target: cluster.url,
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 1000,
      connectionName: 'test',
      home: HOME,
    });
    shards = connections.shards as Shards;
    spread = createSpread(shards);
    expect((await shards.refresh()).settled).to.equal(true);
  });

  afterEach(async () => {
    connections.close();
    await cluster.close();
  });

  const received = () => cluster.nodes.flatMap((node) => node.received);
  const executed = () => cluster.nodes.flatMap((node) => node.executed);
  const keysOf = (node: FakeNode) => KEYS.filter((key) => shards.addressOf(key) === node.address);
  const codes = (replies: readonly unknown[]) =>
    replies.map((reply) => (isStreamwardenError(reply) ? (reply.details.reply ?? reply.code) : reply));

  /** Nobody was asked for a key more often than needed, and nobody did anything twice. */
  function expectOnce(keys: readonly string[] = KEYS): void {
    expect(executed().sort()).to.deep.equal([...keys].sort());
  }

  it('is asked of each node for its own keys, and answered in their order', async () => {
    for (const node of cluster.nodes) expect(keysOf(node), node.address).not.to.be.empty;
    expect(await spread.timesToLive(KEYS)).to.deep.equal(NUMBERS);
    for (const node of cluster.nodes) expect(node.executed).to.deep.equal(keysOf(node));
    expectOnce();
  });

  it('asks nobody when there are no keys', async () => {
    expect(await spread.timesToLive([])).to.deep.equal([]);
    expect(received()).to.deep.equal([]);
  });

  it('runs scripts by their digest, and sends the source to a node that does not know it, for that node alone', async () => {
    expect(await spread.script('release-locks', KEYS, ['value'])).to.deep.equal(KEYS);
    expectOnce();
    b.forgetScripts();
    for (const node of cluster.nodes) node.received.length = 0;
    expect(await spread.script('release-locks', KEYS, ['value'])).to.deep.equal(KEYS);
    expect(a.received).to.deep.equal(keysOf(a).map((key) => `EVALSHA ${key}`));
    expect(b.received).to.deep.equal([
      ...keysOf(b).map((key) => `EVALSHA ${key}`),
      ...keysOf(b).map((key) => `EVAL ${key}`),
    ]);
  });

  describe('after a slot has moved', () => {
    let key: string;

    beforeEach(() => {
      [key = ''] = keysOf(a);
      cluster.give(slotOf(key), c);
    });

    it('follows the redirection for that key, and remembers it [C-CLU-10]', async () => {
      expect(await spread.timesToLive(KEYS)).to.deep.equal(NUMBERS);
      expectOnce();
      expect(shards.addressOf(key)).to.equal(c.address);
      expect(await spread.timesToLive([key])).to.deep.equal([NUMBERS[KEYS.indexOf(key)]]);
      expect(a.received.filter((each) => each.endsWith(` ${key}`))).to.have.length(1);
    });

    it('hints at a change', async () => {
      const hints: string[] = [];
      shards.onTrouble((why) => hints.push(why));
      await spread.timesToLive(KEYS);
      expect(hints).to.deep.equal([`MOVED ${slotOf(key)} ${c.address}`]);
    });

    it('follows it as well where the node does not say its host', async () => {
      a.isHostUnknown = true;
      expect(await spread.timesToLive([key])).to.deep.equal([NUMBERS[KEYS.indexOf(key)]]);
      expect(shards.addressOf(key)).to.equal(c.address);
    });

    it('brings the source along to a node that has never seen the script', async () => {
      expect(await spread.script('release-locks', [key], ['value'])).to.deep.equal([key]);
      expect(received()).to.deep.equal([`EVALSHA ${key}`, `EVALSHA ${key}`, `EVAL ${key}`]);
      expectOnce([key]);
    });
  });

  describe('while a slot moves', () => {
    /** Two keys of one slot: the first has arrived. */
    const [gone, still] = ['{moving}1', '{moving}2'] as const;

    beforeEach(async () => {
      const from = cluster.nodes.find(({ address }) => address === shards.addressOf(gone)) as FakeNode;
      const to = from === b ? c : b;
      cluster.migrate(slotOf(gone), to, (key) => key === gone);
    });

    it('asks the new node for what has arrived there, and the old one for the rest [C-CLU-10]', async () => {
      const before = shards.addressOf(gone);
      expect(await spread.timesToLive([gone, still])).to.deep.equal([1, 2]);
      expectOnce([gone, still]);
      expect(shards.addressOf(gone), 'not for good').to.equal(before);
      expect(await spread.timesToLive([gone])).to.deep.equal([1]);
    });

    it('tells the new node that it may, for each key anew', async () => {
      const there = ['{moving}1', '{moving}3', '{moving}5'];
      const from = cluster.nodes.find(({ address }) => address === shards.addressOf(gone)) as FakeNode;
      cluster.migrate(slotOf(gone), from === b ? c : b, (key) => there.includes(key));
      const keys = ['{moving}1', '{moving}2', '{moving}3', '{moving}4', '{moving}5'];
      expect(await spread.timesToLive(keys)).to.deep.equal([1, 2, 3, 4, 5]);
      expectOnce(keys);
    });

    it('is allowed, and brings the source along, in one go', async () => {
      expect(await spread.script('release-locks', [gone, still], ['value'])).to.deep.equal([gone, still]);
      expectOnce([gone, still]);
    });

    it('finds a slot that has moved, and moves on, without a script there', async () => {
      // What is known is two moves old.
      const slot = slotOf(gone);
      const first = cluster.nodes.find(({ address }) => address === shards.addressOf(gone)) as FakeNode;
      const [second, third] = cluster.nodes.filter((node) => node !== first) as [FakeNode, FakeNode];
      cluster.give(slot, second);
      cluster.migrate(slot, third, () => true);
      expect(await spread.script('release-locks', [gone], ['value'])).to.deep.equal([gone]);
      expectOnce([gone]);
      expect(third.executed).to.deep.equal([gone]);
    });
  });

  it('gives up on a key that is sent round in circles, and on no other', async () => {
    const [key = '', other = ''] = keysOf(a);
    const slot = slotOf(key);
    const moved = (to: FakeNode) => `MOVED ${slot} ${to.address}`;
    b.refusal = moved(c);
    c.refusal = moved(b);
    cluster.give(slot, b);
    expect(codes(await spread.timesToLive([key, other]))).to.deep.equal(['MOVED', KEYS.indexOf(other)]);
    expect(received().filter((each) => each === `PTTL ${key}`)).to.have.length(4);
    expectOnce([other]);
  });

  describe('with a node in trouble', () => {
    const expected = (why: string) => KEYS.map((key, index) => (keysOf(b).includes(key) ? why : index));

    it('has its errors in the places of its keys, and the answers of the others', async () => {
      b.refusal = 'LOADING Redis is loading the dataset in memory';
      expect(codes(await spread.timesToLive(KEYS))).to.deep.equal(expected('LOADING'));
    });

    it('waits for one that is silent no longer than a command may take, and gives its connection up', async () => {
      b.isSilent = true;
      const { connections: before } = b;
      const replies = await spread.timesToLive(KEYS);
      expect(codes(replies)).to.deep.equal(expected('RedisUnavailable'));
      const [error] = replies.filter((reply) => isStreamwardenError(reply));
      expect(error, 'it may have been executed').to.have.deep.property('details', {
        command: 'PTTL',
        sent: true,
      });
      await eventually('another connection', () => b.connections > before);
      b.isSilent = false;
      await eventually('it answers again', async () =>
        codes(await spread.timesToLive(KEYS)).every(Number.isInteger),
      );
    });

    it('knows what was never sent to one that is gone', async () => {
      await b.close();
      await eventually('it is missed', () => !shards.commandsAt(b.address).isUp);
      const replies = await spread.timesToLive(KEYS);
      expect(codes(replies)).to.deep.equal(expected('RedisUnavailable'));
      const [error] = replies.filter((reply) => isStreamwardenError(reply));
      expect(error).to.have.nested.property('details.sent', false);
      await b.open();
    });

    it('sends nothing twice to one that cuts the connection before it answers', async () => {
      b.isSilent = true;
      const waiting = spread.timesToLive(KEYS);
      await eventually('it has them all', () => b.received.length === keysOf(b).length);
      b.isSilent = false;
      b.cut();
      expect(codes(await waiting)).to.deep.equal(expected('RedisUnavailable'));
      expectOnce();
    });
  });

  describe('beside the load balancer stream, whose slot moves', () => {
    const key = `{${HOME}}:owners`;
    const home = () => createHomeCommands(connections, systemClock, 300);
    const owner = () => cluster.nodes.find(({ address }) => address === shards.addressOf(key)) as FakeNode;
    const other = () => cluster.nodes.find((node) => node !== owner()) as FakeNode;

    beforeEach(async () => {
      await connections.commands.whenUp();
    });

    it('runs a script where its keys have gone, and stays connected', async () => {
      cluster.migrate(slotOf(key), other(), () => true);
      const { epoch } = connections.commands;
      expect(await home().script('release-locks', [key], ['value'])).to.equal(key);
      expect(other().executed).to.deep.equal([key]);
      expectOnce([key]);
      expect([connections.commands.isUp, connections.commands.epoch]).to.deep.equal([true, epoch]);
    });

    it('ends its connection when there is no answer from there: a late one must be void', async () => {
      cluster.migrate(slotOf(key), other(), () => true);
      await shards.commandsAt(other().address).run('PING', (client) => client.ping());
      other().isSilent = true;
      const { epoch } = connections.commands;
      const error = await rejection(home().script('release-locks', [key], ['value']));
      expect(isStreamwardenError(error, 'RedisUnavailable') && error.details.sent).to.equal(true);
      expect(other().executed).to.deep.equal([key]);
      await eventually('another connection', () => connections.commands.epoch > epoch);
    });

    it('is told that it has moved, and follows with its connection, not with the command', async () => {
      const [from, to] = [owner(), other()];
      cluster.give(slotOf(key), to);
      const error = await rejection(home().script('release-locks', [key], ['value']));
      expect(isStreamwardenError(error, 'RedisRefused') && error.details.reply).to.equal('MOVED');
      expectOnce([]);
      await eventually(
        'it leads there',
        () => connections.commands.isUp && connections.commands.address === to.address,
      );
      expect(from).not.to.equal(to);
      expect(await home().script('release-locks', [key], ['value'])).to.equal(key);
      expectOnce([key]);
    });

    it('follows too where nodes do not say their host', async () => {
      const to = other();
      owner().isHostUnknown = true;
      cluster.give(slotOf(key), to);
      await rejection(home().script('release-locks', [key], ['value']));
      expect(shards.addressOf(key)).to.equal(to.address);
    });
  });
});
