import { expect } from 'chai';
import type { Kernel } from '../../src/actors/kernel.js';
import { Topology } from '../../src/actors/masters/topology.js';
import type { Child } from '../../src/actors/supervision/supervisor.js';
import { systemClock } from '../../src/core/clock.js';
import { isStreamwardenError, type StreamwardenError } from '../../src/core/errors.js';
import { silentLogger } from '../../src/core/logger.js';
import { Seam } from '../../src/core/seam.js';
import type { ApplyInput } from '../../src/machines/topology-watcher.machine.js';
import { type Connections, createConnections } from '../../src/redis/connections.js';
import type { Shards } from '../../src/redis/shards.js';
import { eventually } from '../support/eventually.js';
import { type FakeCluster, type FakeNode, startFakeCluster } from '../support/fake-cluster.js';
import { rejection } from '../support/rejection.js';

describe('the topology of a cluster', () => {
  let cluster: FakeCluster;
  let connections: Connections;
  let topology: Topology;
  let applied: ApplyInput[];
  let rounds: string[];
  let child: Child | undefined;
  let ended: AbortController;

  beforeEach(async () => {
    cluster = await startFakeCluster(3);
    connections = createConnections({
      target: cluster.url,
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 1000,
      connectionName: 'test',
      home: 'orders-input',
    });
    applied = [];
    rounds = [];
    ended = new AbortController();
    const seam = new Seam(() => {});
    seam.on('topologyAsked', ({ settled }) => rounds.push(settled ? 'settled' : 'not settled'));
    const kernel = {
      clock: systemClock,
      logger: silentLogger,
      seam,
      ended: ended.signal,
      settings: { heartbeatMs: 60_000 },
    } as unknown as Kernel;
    topology = new Topology(kernel, connections.shards as Shards, {
      apply: async (input) => void applied.push(input),
      learned: () => {},
    });
  });

  afterEach(async () => {
    stop();
    connections.close();
    await cluster.close();
  });

  const masters = () => cluster.nodes.map(({ address }) => address).sort();
  const node = (index: number) => cluster.nodes[index] as FakeNode;

  async function start(): Promise<void> {
    child = topology.start({ failed: () => {}, ended: () => {} });
    await topology.ready();
  }

  function stop(): void {
    child?.stop();
    child = undefined;
    ended.abort();
  }

  async function refusal(work: Promise<void>): Promise<StreamwardenError> {
    const error = await rejection(work);
    if (!isStreamwardenError(error)) throw error;
    return error;
  }

  it('is known when its masters are covered', async () => {
    expect(topology.view).to.equal(null);
    await start();
    expect(applied).to.deep.equal([{ masters: masters(), anew: false }]);
    expect(topology.view).to.deep.include({ state: 'settled', rounds: 1, changes: 1, silent: [] });
    expect(topology.view?.nodes.map(({ address }) => address).sort()).to.deep.equal(masters());
  });

  it('is looked at again when something hints at a change, and nothing is covered where there is none', async () => {
    await start();
    topology.look();
    await eventually('another round', () => rounds.length === 2);
    expect(applied).to.have.length(1);
  });

  it('is looked at again when a connection to a node is lost', async () => {
    await start();
    await node(0).close();
    await eventually('another round', () => rounds.length >= 2);
    await eventually('it is missed', () => topology.view?.silent.length === 1);
    await node(0).open();
  });

  describe('on demand', () => {
    it('is asked for and covered anew, each time [C-CLU-7]', async () => {
      await start();
      await topology.reset();
      await topology.reset();
      expect(applied.slice(1)).to.deep.equal([
        { masters: masters(), anew: true },
        { masters: masters(), anew: true },
      ]);
    });

    it('is refused while nodes are not at one, and says why; nothing is covered [C-CLU-7]', async () => {
      await start();
      node(1).state = 'fail';
      const error = await refusal(topology.reset());
      expect(error).to.include({ code: 'ClusterNotSettled', retriable: true });
      expect(error.details.problems).to.deep.equal([`${node(1).address} says cluster_state:fail`]);
      expect(error.message).to.include(`${node(1).address} says cluster_state:fail`);
      expect(applied).to.have.length(1);
      node(1).state = 'ok';
      await topology.reset();
      expect(applied).to.have.length(2);
    });

    it('is a connection error when no node answers, and names one [C-CLU-7]', async () => {
      await start();
      for (const each of cluster.nodes) await each.close();
      await eventually('all are missed', () =>
        masters().every((address) => !(connections.shards as Shards).commandsAt(address).isUp),
      );
      const error = await refusal(topology.reset());
      expect(error).to.deep.include({ code: 'RedisUnavailable', retriable: true });
      expect(error.details.sent).to.equal(false);
      expect(error.message).to.match(/no node of the cluster answers; 127\.0\.0\.1:\d+: .+/);
      for (const each of cluster.nodes) await each.open();
    });

    it('is not there before it is asked for the first time, nor after the end [C-CLU-7]', async () => {
      expect(await refusal(topology.reset())).to.deep.include({ code: 'RedisUnavailable', retriable: true });
      await start();
      stop();
      expect(await refusal(topology.reset())).to.include({ code: 'RuntimeStopped' });
      expect(topology.view?.state, 'what was known stands').to.equal('settled');
    });

    it('is refused to whoever waits for it at the end', async () => {
      await start();
      node(0).isSilent = true;
      const waiting = refusal(topology.reset());
      stop();
      expect(await waiting).to.include({ code: 'RuntimeStopped' });
    });
  });

  it('is not changed by answers that come when they are not wanted any more', async () => {
    await start();
    node(0).isSilent = true;
    topology.look();
    await topology.reset();
    expect(rounds, 'the round that the reset overtook is not told').to.deep.equal(['settled', 'settled']);
    node(0).isSilent = true;
    topology.look();
    stop();
    const before = [...rounds];
    await (connections.shards as Shards).ask();
    expect(rounds).to.deep.equal(before);
  });
});
