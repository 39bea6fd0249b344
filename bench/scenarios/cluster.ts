/**
 * A runtime on a Redis Cluster of three masters and three replicas: how long after a failover every master has a live subscription again
 * (beside how long the nodes take to agree), what an idle runtime costs, and how fast a killed owner's streams have another owner (beside a single
 * server in the same run). Nothing bare compares.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type RedisCluster, type RedisClusterNode, startRedisCluster } from '../../src/testing/index.js';
import { percentileOf, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject, type Subject } from '../streamwarden.js';
import { failOver } from './fail-over.js';

const ROUNDS = 10;
const MOST_STREAMS = 5000;
const SETTLE_MS = 3000;
const WATCH_MS = 20_000;
const LOOK_EVERY_MS = 5;
/** For so long after an election masters vote for nobody else; the rig would wait for it within what is measured. */
const BETWEEN_ELECTIONS_MS = 2500;

interface Covered {
  /** Until all nodes agreed. */
  readonly agreed: number;
  /** Until every master had a live subscription. */
  readonly live: number;
}

function isCovered({ runtime }: Subject, masters: readonly string[]): boolean {
  const { topology, subscriptions } = runtime.snapshot();
  return (
    topology?.state === 'settled' &&
    subscriptions.length === masters.length &&
    subscriptions.every(({ master, state }) => state === 'live' && masters.includes(master))
  );
}

/** From now until it is true, in milliseconds. */
async function until(look: () => boolean | Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await look())) await delay(LOOK_EVERY_MS);
  return performance.now() - began;
}

/** Takes a master away, and times what follows. */
async function change(
  cluster: RedisCluster,
  subject: Subject,
  takeAway: (master: RedisClusterNode) => Promise<RedisClusterNode>,
): Promise<Covered> {
  const before = await cluster.masters();
  const victim = before[Math.floor(before.length / 2)] as RedisClusterNode;
  const expected = (promoted: RedisClusterNode) =>
    before.map(({ id, address }) => (id === victim.id ? promoted.address : address));
  const [replica] = await cluster.replicasOf(victim);
  const masters = expected(replica as RedisClusterNode);
  await delay(BETWEEN_ELECTIONS_MS);
  const began = performance.now();
  const agreed = takeAway(victim).then(() => performance.now() - began);
  const live = await until(() => isCovered(subject, masters));
  return { agreed: await agreed, live };
}

function percentiles(what: string, all: readonly Covered[]): Row[] {
  const rows = (name: string, times: readonly number[]) => [
    row(`${what}: ${name}, p50 of ${times.length}`, 'ms', [percentileOf(times, 0.5)], null),
    row(`${what}: ${name}, max`, 'ms', [Math.max(...times)], null),
  ];
  return [
    ...rows(
      'all nodes agree',
      all.map(({ agreed }) => agreed),
    ),
    ...rows(
      'every master subscribed',
      all.map(({ live }) => live),
    ),
  ];
}

/** Milliseconds of CPU a minute. */
async function idleCpu(url: string): Promise<number> {
  const subject = await createSubject(url, 'idle');
  await delay(SETTLE_MS);
  const before = process.cpuUsage();
  await delay(WATCH_MS);
  const { user, system } = process.cpuUsage(before);
  await subject.close();
  return ((user + system) / 1000) * (60_000 / WATCH_MS);
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  await using cluster = await startRedisCluster();
  const rows: Row[] = [];

  const subject = await createSubject(cluster.url, 'failovers');
  const graceful: Covered[] = [];
  const killed: Covered[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`cluster: failover ${round} of ${ROUNDS}`);
    graceful.push(await change(cluster, subject, (master) => cluster.failOver(master)));
    killed.push(await change(cluster, subject, (master) => cluster.killMaster(master)));
    for (const node of cluster.nodes) if (!node.server.running) await cluster.restart(node);
    await cluster.settled();
  }
  await subject.close();
  rows.push(...percentiles('graceful failover', graceful), ...percentiles('SIGKILL of a master', killed));

  progress('cluster: idle');
  const idle = [await idleCpu(cluster.url)];
  const idleSingle = [await idleCpu(redis.url)];
  rows.push(
    row('idle runtime, client CPU a minute: 3 masters, 3 replicas', 'ms', idle, null),
    row('idle runtime, client CPU a minute: a single server', 'ms', idleSingle, null),
  );

  const count = Math.min(streams, MOST_STREAMS);
  const onCluster: number[][] = [];
  const onSingle: number[][] = [];
  for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
    progress(`cluster: SIGKILL with ${count}, round ${round}`);
    onCluster.push(await failOver(cluster.url, `died-${round}`, count));
    onSingle.push(await failOver(redis.url, `died-${round}`, count));
  }
  for (const [where, all] of [
    ['on the cluster', onCluster],
    ['on a single server', onSingle],
  ] as const) {
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const times = all.map((one) => percentileOf(one, share));
      rows.push(row(`SIGKILL with ${count} held ${where}: re-owned, ${name}`, 'ms', times, null));
    }
  }
  return rows;
}

export const onCluster: Scenario = { name: 'cluster', run };
