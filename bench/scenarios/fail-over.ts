/**
 * A process is killed while it owns streams; from the kill to each stream's being another's. Heartbeat 2 s, the default. With all the streams, with
 * half of them, and with all beside 100,000 foreign keys that have a time to live, which hold up expired events.
 *
 * The baseline is bare ioredis: the victim claims its own entries again every half heartbeat, the survivor asks every quarter heartbeat for
 * those of it that have been idle for a heartbeat, and claims them. No locks, no fencing token, no retry count, nobody verifies.
 */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { announceBare, BARE_GROUP, type BareStream, bareStreamOf } from '../bare-holder.js';
import { createProducer } from '../built.js';
import { percentileOf, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const PROGRAM = fileURLToPath(new URL('../../bin/streamwarden.js', import.meta.url));
const BARE_CHILD = fileURLToPath(new URL('../bare-child.ts', import.meta.url));
const HEARTBEAT_MS = 2000;
/** A survivor of ours takes nothing before it has been connected for a heartbeat. */
const SETTLE_MS = 3000;
const PAGE = 500;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Milliseconds from the kill to each stream's being the survivor's. */
export async function failOver(url: string, service: string, streams: number): Promise<number[]> {
  const options = ['--json', '--service', service, '--consumer-id', 'victim', '--capacity', String(streams)];
  const env = { ...process.env, REDIS_URL: url };
  const victim = JsonLineProcess.spawn(process.execPath, [PROGRAM, 'consume', ...options], env);
  await victim.waitFor(({ type }) => type === 'Ready', { name: 'the victim is ready' });
  const producer = createProducer({ redis: url, service });
  await producer.addMany(Array.from({ length: streams }, (_, n) => ({ name: `stream-${n}`, info: { n } })));
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
  await pause(SETTLE_MS);
  const killed = performance.now();
  victim.kill('SIGKILL');
  const times: number[] = [];
  await survivor.added(streams, () => times.push(performance.now() - killed));
  await survivor.close();
  return times;
}

/** The same, bare. */
export async function failOverBare(url: string, stream: string, streams: number): Promise<number[]> {
  await announceBare(url, stream, streams);
  const args = ['--import', 'tsx', BARE_CHILD, url, stream, 'victim', String(streams), String(HEARTBEAT_MS)];
  const victim = JsonLineProcess.spawn(process.execPath, args);
  await victim.waitFor(({ type }) => type === 'Held', { name: 'the victim holds all', timeoutMs: 60_000 });
  const client = new Redis(url);
  const owned = new Map<string, BareStream>();
  const times: number[] = [];
  let killed = Number.NaN;

  /** Resolves with whether there may be more. */
  async function claimPage(): Promise<boolean> {
    const idle = await client.xpending(stream, BARE_GROUP, 'IDLE', HEARTBEAT_MS, '-', '+', PAGE, 'victim');
    const ids = (idle as [id: string][]).map(([id]) => id);
    if (ids.length === 0) return false;
    const entries = await client.xclaim(stream, BARE_GROUP, 'survivor', HEARTBEAT_MS, ...ids);
    for (const [id, fields] of entries as [string, string[]][]) {
      owned.set(id, bareStreamOf(id, fields));
      times.push(performance.now() - killed);
    }
    return ids.length === PAGE;
  }

  const survive = async () => {
    while (owned.size < streams) {
      while (await claimPage());
      await pause(HEARTBEAT_MS / 4);
    }
  };
  const survived = survive();
  await pause(SETTLE_MS);
  killed = performance.now();
  victim.kill('SIGKILL');
  await survived;
  client.disconnect();
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

/** The three percentiles that are told, of some rounds of ours and of the baseline. */
export function reowned(label: string, ours: readonly number[][], bare: readonly number[][]): Row[] {
  const parts = [
    ['p50', 0.5],
    ['p99', 0.99],
    ['all', 1],
  ] as const;
  return parts.map(([name, share]) => {
    const of = (rounds: readonly number[][]) => rounds.map((times) => percentileOf(times, share));
    return row(`${label}: re-owned, ${name}`, 'ms', of(ours), of(bare));
  });
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  const times = Math.min(rounds, 3);
  const half = Math.ceil(streams / 2);
  const cases = [
    { label: `SIGKILL with ${half} held`, count: half, foreignKeys: 0 },
    { label: `SIGKILL with ${streams} held`, count: streams, foreignKeys: 0 },
    {
      label: `SIGKILL with ${streams} held, beside 100,000 foreign keys`,
      count: streams,
      foreignKeys: 100_000,
    },
  ];
  for (const [index, { label, count, foreignKeys }] of cases.entries()) {
    if (foreignKeys > 0) await crowd(redis.url, foreignKeys);
    const [ours, bare]: [number[][], number[][]] = [[], []];
    for (let round = 1; round <= times; round++) {
      bare.push(await failOverBare(redis.url, `bare-${index}-${round}`, count));
      ours.push(await failOver(redis.url, `fail-over-${index}-${round}`, count));
      progress(`${label}: round ${round} of ${times}, ${ours.at(-1)?.length} re-owned`);
    }
    rows.push(...reowned(label, ours, bare));
  }
  return rows;
}

export const failOverBySigkill: Scenario = { name: 'fail-over', run };
