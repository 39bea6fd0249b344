import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { RedisCluster } from '../../src/testing/redis-cluster.js';
import { useCluster } from '../support/cluster.js';
import { type Member, useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { awaitCover } from '../support/masters.js';
import { keepable } from '../support/pace.js';

const HEARTBEAT_MS = keepable(1000);
const EVERY_MS = 5;

/** Announces 200 streams a second and counts on those that a replica has as well (`WAIT 1`); what fails is forgotten. */
class SafeLoad {
  readonly safe: string[] = [];
  readonly #cluster: RedisCluster;
  readonly #lbs: string;
  #isStopped = false;

  constructor(cluster: RedisCluster, lbs: string) {
    this.#cluster = cluster;
    this.#lbs = lbs;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    let count = 0;
    while (!this.#isStopped) {
      const client = await this.#connect();
      try {
        while (!this.#isStopped) {
          count += 1;
          const name = `load-${count}`;
          const entry = JSON.stringify({ DataStreamName: name });
          await client.xadd(this.#lbs, '*', 'lbs-input', entry);
          if ((await client.wait(1, 200)) >= 1) this.safe.push(name);
          await delay(EVERY_MS);
        }
      } catch {
        // Killed, or a replica by now.
      } finally {
        client.disconnect();
      }
    }
  }

  async #connect(): Promise<Redis> {
    const { url } = await eventually('somebody serves the stream', () => this.#cluster.masterOf(this.#lbs));
    const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on('error', () => {});
    return client;
  }
}

describe('a master that is killed while streams are owned', () => {
  const suite = useCluster();
  const crew = useCrew(suite, {
    heartbeatMs: HEARTBEAT_MS,
    minIdleMs: keepable(3000),
    notificationBuffer: 5000,
  });

  async function restore(): Promise<void> {
    const cluster = suite.cluster();
    for (const node of cluster.nodes) if (!node.up) await cluster.restart(node);
    await cluster.settled();
  }

  it('and holds locks, but not the load balancer stream: nobody is disowned and no retry is spent [C-CLU-8]', async () => {
    const cluster = suite.cluster();
    const members = await Promise.all([crew.start(), crew.start()]);
    const names = Array.from({ length: 100 }, (_, index) => `stream-${index}`);
    const ids = await crew.announce(...names);
    const added = () => members.flatMap((member) => member.told('StreamAdded'));
    await eventually('all are owned', () => added().length === names.length);
    const lbsMaster = await cluster.masterOf(crew.lbs);
    const victim = (await cluster.masters()).find(({ id }) => id !== lbsMaster.id);
    if (victim === undefined) throw new Error('there is but one master');
    const slots = new Set(await cluster.slotsOf(victim));
    const locks = ids.map((id, index) => `stream-${index}<MUTEX_KEY_SEP>${id}`);
    const onVictim = locks.filter((lock) => slots.has(cluster.slotOf(lock)));
    expect(onVictim).not.to.have.length(0);

    await cluster.killMaster(victim);
    for (const member of members) await awaitCover(cluster, member);
    await eventually(
      'every lock is held again',
      async () => {
        const held = await Promise.all(onVictim.map((lock) => suite.redis().exists(lock)));
        expect(held.filter((count) => count === 0)).to.have.length(0);
      },
      { everyMs: 50 },
    );

    for (const member of members) expect(member.told('StreamDisowned')).to.deep.equal([]);
    for (const { runtime } of members) {
      await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    }
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
    expect(report).to.include({ recovered: 0, handedOver: 0 });
    expect(report.ends.finished).to.equal(names.length);
    await restore();
  });

  it('and holds the load balancer stream, under load: whatever was added safely is finished', async () => {
    const cluster = suite.cluster();
    const finished = new Set<string>();
    const members: Member[] = [];
    for (let index = 0; index < 3; index += 1) {
      const member = crew.make();
      member.runtime.process(async (stream) => {
        finished.add(stream.name);
      });
      await member.runtime.start();
      members.push(member);
    }

    const load = new SafeLoad(cluster, crew.lbs);
    const loading = load.run();
    await eventually('some were added', () => load.safe.length > 200);
    await cluster.killMaster(await cluster.masterOf(crew.lbs));
    const addedBefore = load.safe.length;
    // Comes back as a replica, without which nothing more is safe.
    await restore();
    await eventually('some were added to the new master', () => load.safe.length > addedBefore + 200);
    load.stop();
    await loading;
    const { safe } = load;

    await eventually('everything that was added safely is finished', () => {
      expect(safe.filter((name) => !finished.has(name))).to.deep.equal([]);
    });
    for (const member of members) await awaitCover(cluster, member);
    await eventually('nothing is left', async () => (await suite.redis().xlen(crew.lbs)) === 0);
    const report = await crew.history();
    expect(report.violations).to.deep.equal([]);
  });
});
