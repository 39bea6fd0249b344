/**
 * What a fleet asks of one Redis while it is idle, and how soon it finds a dead one, by its size: heartbeat 2 s, the default; the runtimes share the process of
 * the benchmark, the victim has one of its own. There is no baseline: the figures are to be the same whatever the size.
 */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedis } from '../../src/testing/index.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { cpuMeter, percentileOf, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject, type Subject } from '../streamwarden.js';

const OWNER = fileURLToPath(new URL('../owner-child.ts', import.meta.url));
const SIZES = [2, 20, 100, 200];
const HEARTBEAT_MS = 2000;
const AT_A_TIME = 20;
/** Nobody takes anything before it has been connected for a heartbeat; then each scans once. */
const SETTLE_MS = 5_000;
const WATCH_MS = 20_000;
const HELD = 1_000;
/** How soon it is found is measured of fleets that one process has the time for. */
const MOST_AWAKE = 200;

interface Asked {
  /** Commands, those inside scripts as well. */
  readonly commands: number;
  /** What is read from sockets: a command, or several that are sent together. */
  readonly messages: number;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function askedSoFar(client: Redis): Promise<Asked> {
  const stats = await client.info('stats');
  const count = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(stats)?.[1]);
  return { commands: count('total_commands_processed'), messages: count('total_reads_processed') };
}

/** A process that holds streams, and is killed. */
async function startVictim(url: string, service: string): Promise<JsonLineProcess> {
  const program = ['--import', 'tsx', OWNER, url, service, String(HELD)];
  const victim = JsonLineProcess.spawn(process.execPath, program, process.env);
  await victim.waitFor(({ type }) => type === 'Held', { name: 'the victim owns everything' });
  return victim;
}

async function startMany(url: string, service: string, count: number): Promise<Subject[]> {
  const subjects: Subject[] = [];
  while (subjects.length < count) {
    const some = Math.min(AT_A_TIME, count - subjects.length);
    const from = subjects.length;
    subjects.push(
      ...(await Promise.all(
        Array.from({ length: some }, (_, n) =>
          createSubject(url, service, {
            consumerId: `member-${from + n}`,
            heartbeatMs: HEARTBEAT_MS,
            // Each expiry would be told to all of them, and they share a process here.
            keyspaceEvents: 'off',
          }),
        ),
      )),
    );
  }
  return subjects;
}

/** Milliseconds from the kill to each stream's being another's. */
async function killed(victim: JsonLineProcess, subjects: readonly Subject[]): Promise<number[]> {
  const times: number[] = [];
  const began = performance.now();
  victim.kill('SIGKILL');
  await new Promise<void>((resolve, reject) => {
    for (const subject of subjects) {
      subject
        .added(HELD, () => {
          times.push(performance.now() - began);
          if (times.length === HELD) resolve();
        })
        .catch((error: unknown) => {
          if (times.length < HELD) reject(error);
        });
    }
  });
  return times;
}

async function ofSize(size: number, progress: Setting['progress']): Promise<Row[]> {
  await using redis = await startRedis();
  const victim = await startVictim(redis.url, 'fleet');
  const subjects = await startMany(redis.url, 'fleet', size);
  await pause(SETTLE_MS);
  const client = new Redis(redis.url);
  const before = await askedSoFar(client);
  const stop = await cpuMeter(redis.url);
  await pause(WATCH_MS);
  const after = await askedSoFar(client);
  const cpu = await stop();
  client.disconnect();
  const seconds = WATCH_MS / 1000;
  // Beside them the victim, which is no more idle than they are but for its locks.
  const each = (part: keyof Asked) => (after[part] - before[part]) / seconds / (size + 1);
  progress(`fleet of ${size}: watched for ${seconds} s`);
  const what = `fleet of ${size}`;
  const rows = [
    row(`${what}, idle: messages per second and runtime`, '/s', [each('messages')], null),
    row(
      `${what}, idle: commands per second and runtime, those in scripts as well`,
      '/s',
      [each('commands')],
      null,
    ),
    row(`${what}, idle: Redis CPU per second and runtime`, 'ms', [cpu.redis / seconds / (size + 1)], null),
  ];
  if (size <= MOST_AWAKE) {
    const times = await killed(victim, subjects);
    rows.push(
      row(`${what}, SIGKILL with ${HELD} held: re-owned, p50`, 'ms', [percentileOf(times, 0.5)], null),
      row(`${what}, SIGKILL with ${HELD} held: re-owned, p99`, 'ms', [percentileOf(times, 0.99)], null),
    );
  }
  await Promise.all(subjects.map((subject) => subject.close()));
  victim.kill('SIGKILL');
  return rows;
}

async function run({ progress }: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(...(await ofSize(size, progress)));
  return rows;
}

export const fleet: Scenario = { name: 'fleet', run };
