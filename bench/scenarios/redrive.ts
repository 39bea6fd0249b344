/**
 * Announcing dead letters anew, as `dlq redrive --all` does it: beside bare ioredis that reads a page, adds each letter's payload to the load
 * balancer stream and deletes the page. The bare way loses nothing, but announces a page twice when it dies in the middle. On one server, and on
 * a cluster where the two streams live on different masters. Rounds alternate, after one that is not counted.
 */
import { Cluster, Redis } from 'ioredis';
import { startRedisCluster } from '../../src/testing/index.js';
import { fillDeadLetters } from '../../test/support/dead-letters.js';
import { accessService, selectLetters, serviceSettings, systemClock } from '../built.js';
import { median, type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const PAGE = 100;

type Client = Redis | Cluster;

async function bareRedrive(client: Client, lbs: string, dlq: string): Promise<void> {
  for (;;) {
    const letters = await client.xrangeBuffer(dlq, '-', '+', 'COUNT', PAGE);
    if (letters.length === 0) return;
    const pipeline = client.pipeline();
    for (const [, [field, payload]] of letters) {
      pipeline.xadd(lbs, '*', field as Buffer, payload as Buffer, '_retry_count', '0');
    }
    await pipeline.exec();
    await client.xdel(dlq, ...letters.map(([id]) => id));
  }
}

async function ourRedrive(url: string, service: string): Promise<void> {
  using visit = accessService(serviceSettings({ redis: url, service, timeoutMs: 10_000 }), systemClock);
  await visit.up();
  for await (const { letters } of selectLetters(visit.deadLetters, {}, { order: 'oldestFirst' })) {
    await visit.deadLetters.redrive(letters.map(({ id }) => id));
  }
}

async function compare(where: string, url: string, client: Client, setting: Setting): Promise<Row[]> {
  const { streams, rounds, progress } = setting;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const services = [`bare-${round}`, `ours-${round}`] as const;
    for (const service of services) await fillDeadLetters(client, `${service}-input-dlq`, streams);
    const [first, second] = services;
    const bareMs = await timed(() => bareRedrive(client, `${first}-input`, `${first}-input-dlq`));
    const ourMs = await timed(() => ourRedrive(url, second));
    for (const service of services) {
      const announced = await client.xlen(`${service}-input`);
      if (announced !== streams)
        throw new Error(`expected ${streams} entries of ${service}, got: ${announced}`);
      await client.del(`${service}-input`);
    }
    if (round > 0) {
      bare.push(bareMs);
      ours.push(ourMs);
    }
    progress(`redrive, ${where}: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  return [
    row(`redrive ${streams} letters, ${where}`, 'ms', ours, bare),
    row(`redrive, ${where}: letters a second`, '/s', [(streams * 1000) / median(ours)], null),
  ];
}

async function run(setting: Setting): Promise<Row[]> {
  const { url } = setting.redis;
  const client = new Redis(url);
  const single = await compare('one server', url, client, setting);
  client.disconnect();
  await using cluster = await startRedisCluster();
  const all = new Cluster([...cluster.startupNodes]);
  const apart = await compare('cluster', cluster.url, all, setting);
  all.disconnect();
  return [...single, ...apart];
}

export const redrive: Scenario = { name: 'redrive', run };
