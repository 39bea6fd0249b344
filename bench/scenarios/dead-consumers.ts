/**
 * What consumers that died with nothing pending cost those who live: a fleet that is killed often leaves thousands of them in the group. The
 * baseline is the one command that nobody can do without, XINFO CONSUMERS over all of them.
 */
import { Redis } from 'ioredis';
import { composeRuntime } from '../built.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

/** For each stream: 20,000 where nothing else is asked for. */
const DEAD = 2;
const HEARTBEAT_MS = 2_000;
const SERVICE = 'dead';

async function bury(client: Redis, dead: number): Promise<void> {
  await client.xgroup('CREATE', `${SERVICE}-input`, `${SERVICE}-group`, '0', 'MKSTREAM');
  for (let at = 0; at < dead; at += 1_000) {
    const pipeline = client.pipeline();
    for (let n = at; n < Math.min(dead, at + 1_000); n += 1) {
      const name = `pod~${n.toString(16).padStart(8, '0')}`;
      pipeline.xgroup('CREATECONSUMER', `${SERVICE}-input`, `${SERVICE}-group`, name);
    }
    await pipeline.exec();
  }
}

async function run({ redis, streams, progress }: Setting): Promise<Row[]> {
  const dead = DEAD * streams;
  const client = new Redis(redis.url);
  await bury(client, dead);
  const bare: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    const began = performance.now();
    await client.xinfo('CONSUMERS', `${SERVICE}-input`, `${SERVICE}-group`);
    bare.push(performance.now() - began);
  }
  const runtime = composeRuntime(
    { redis: redis.url, service: SERVICE, consumerId: 'living', heartbeatMs: HEARTBEAT_MS },
    {},
  );
  const sweeps: number[] = [];
  let misses = 0;
  runtime.seam.on('sweepFinished', ({ tookMs }) => sweeps.push(tookMs));
  runtime.seam.on('leaseMissed', () => {
    misses += 1;
  });
  const began = performance.now();
  await runtime.start();
  const count = async () =>
    ((await client.xinfo('CONSUMERS', `${SERVICE}-input`, `${SERVICE}-group`)) as unknown[]).length;
  while ((await count()) > 1) await new Promise((resolve) => setTimeout(resolve, 1_000));
  const tidiedMs = performance.now() - began;
  await runtime.stop();
  client.disconnect();
  progress(
    `${dead} dead consumers: removed after ${Math.round(tidiedMs / 1_000)} s, ${misses} leases missed`,
  );
  const name = (what: string) => `${dead} dead consumers: ${what}`;
  return [
    row(name('a sweep'), 'ms', sweeps.slice(0, 20), bare),
    row(name('until all are removed'), 's', [tidiedMs / 1_000], null),
  ];
}

export const deadConsumers: Scenario = { name: 'dead-consumers', run };
