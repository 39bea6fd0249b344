/**
 * A process is killed while it owns streams; from the kill to each stream's being another's. Heartbeat 2 s, the default. Beside it the same
 * with 100,000 foreign keys that have a time to live, which hold up expired events.
 */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createProducer } from '../../src/index.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { percentileOf, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const PROGRAM = fileURLToPath(new URL('../../bin/streamwarden.js', import.meta.url));

async function failOver(url: string, service: string, streams: number): Promise<number[]> {
  const args = [
    'consume',
    '--json',
    '--service',
    service,
    '--consumer-id',
    'victim',
    '--capacity',
    String(streams),
  ];
  const victim = JsonLineProcess.spawn(process.execPath, [PROGRAM, ...args], {
    ...process.env,
    REDIS_URL: url,
  });
  await victim.waitFor(({ type }) => type === 'Ready', { name: 'the victim is ready' });
  const producer = createProducer({ redis: url, service });
  await producer.addMany(Array.from({ length: streams }, (_, n) => ({ name: `stream-${n}` })));
  await producer.close();
  let owned = 0;
  await new Promise<void>((resolve) => {
    owned = victim.lines.filter(({ type }) => type === 'StreamAdded').length;
    if (owned === streams) resolve();
    victim.onLine(({ type }) => {
      if (type === 'StreamAdded') owned += 1;
      if (owned === streams) resolve();
    });
  });

  const survivor = await createSubject(url, service, { consumerId: 'survivor', capacity: streams });
  // It takes nothing before it has been connected for a heartbeat.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const killed = performance.now();
  victim.kill('SIGKILL');
  const times: number[] = [];
  await survivor.added(streams, () => times.push(performance.now() - killed));
  await survivor.close();
  return times;
}

async function crowd(url: string, keys: number): Promise<void> {
  const client = new Redis(url);
  for (let at = 0; at < keys; at += 1000) {
    const pipeline = client.pipeline();
    for (let n = at; n < at + 1000; n++) pipeline.set(`foreign:${n}`, 'x', 'EX', 600 + (n % 600));
    await pipeline.exec();
  }
  client.disconnect();
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  const times = Math.min(rounds, 3);
  for (const beside of ['', ' beside 100,000 foreign keys with a time to live']) {
    if (beside !== '') await crowd(redis.url, 100_000);
    const [p50, p99, max]: [number[], number[], number[]] = [[], [], []];
    for (let round = 1; round <= times; round++) {
      const reowned = await failOver(redis.url, `fail-over-${beside.length}-${round}`, streams);
      p50.push(percentileOf(reowned, 0.5));
      p99.push(percentileOf(reowned, 0.99));
      max.push(percentileOf(reowned, 1));
      progress(`fail-over${beside}: round ${round} of ${times}, ${reowned.length} re-owned`);
    }
    rows.push(
      row(`SIGKILL${beside}: re-owned, p50`, 'ms', p50, null),
      row(`SIGKILL${beside}: re-owned, p99`, 'ms', p99, null),
      row(`SIGKILL${beside}: re-owned, all`, 'ms', max, null),
    );
  }
  return rows;
}

export const failOverBySigkill: Scenario = { name: 'fail-over', run };
