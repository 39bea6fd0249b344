/** What a runtime's cover of a cluster's masters has to look like, asked of the nodes themselves. */
import { expect } from 'chai';
import { suffices } from '../../src/redis/keyspace-config.js';
import { LOCK_SEPARATOR } from '../../src/redis/lock-key.js';
import type { RedisCluster, RedisClusterNode } from '../../src/testing/redis-cluster.js';
import type { Member } from './crew.js';
import { eventually } from './eventually.js';

/** Subscriber connections of this consumer on a node. */
export async function subscribersOn(node: RedisClusterNode, consumer: string): Promise<string[]> {
  const list = String(await node.call('CLIENT', 'LIST'));
  return list.split('\n').filter((line) => line.includes(`name=streamwarden:${consumer}:subscriber `));
}

/** Addresses of the masters that hold keys. */
async function mastersOf(cluster: RedisCluster): Promise<string[]> {
  const masters = await cluster.masters();
  const slots = await Promise.all(masters.map((node) => cluster.slotsOf(node)));
  return masters.filter((_, index) => (slots[index] ?? []).length > 0).map(({ address }) => address);
}

/** Resolves when each master with slots, and nobody else, has one live subscription of this consumer, and publishes what it needs. */
export async function awaitCover(cluster: RedisCluster, { runtime, name }: Member): Promise<void> {
  await eventually(
    'every master is covered',
    async () => {
      const { topology, subscriptions } = runtime.snapshot();
      const masters = (await mastersOf(cluster)).sort();
      expect(topology?.state).to.equal('settled');
      expect(subscriptions.map(({ master }) => master).sort()).to.deep.equal(masters);
      expect(new Set(subscriptions.map(({ state }) => state))).to.deep.equal(new Set(['live']));
      for (const node of cluster.nodes.filter(({ up }) => up)) {
        const isMaster = masters.includes(node.address);
        const subscribers = await subscribersOn(node, name);
        expect(subscribers, node.address).to.have.length(isMaster ? 1 : 0);
        if (!isMaster) continue;
        expect(subscribers[0]).to.match(/ psub=2 /);
        const [, setting] = (await node.call('CONFIG', 'GET', 'notify-keyspace-events')) as string[];
        expect(suffices(setting ?? ''), `${node.address}: ${setting}`).to.equal(true);
      }
    },
    { everyMs: 50 },
  );
}

let locks = 0;

/** A lock key, of nobody's, that this node serves. */
async function lockOn(cluster: RedisCluster, node: RedisClusterNode): Promise<string | undefined> {
  const slots = new Set(await cluster.slotsOf(node));
  if (slots.size === 0) return undefined;
  for (;;) {
    locks += 1;
    const key = `foreign-${locks}${LOCK_SEPARATOR}1-1`;
    if (slots.has(cluster.slotOf(key))) return key;
  }
}

/** Resolves when the runtime has heard of an expiry on each master that has slots. */
export async function awaitHearing(cluster: RedisCluster, { runtime }: Member): Promise<void> {
  for (const node of await cluster.masters()) {
    const key = await lockOn(cluster, node);
    if (key === undefined) continue;
    const heard = () => {
      const { subscriptions } = runtime.snapshot();
      return subscriptions.find(({ master }) => master === node.address)?.events ?? 0;
    };
    const before = heard();
    await node.call('SET', key, 'somebody', 'PX', 1);
    await eventually(`an expiry on ${node.address} is heard`, async () => {
      // Looked at, a key that has run out is deleted at once, and Redis says so.
      await node.call('GET', key);
      return heard() > before;
    });
  }
}
