/**
 * An event loop that is blocked for ten seconds, in a process of its own, beside another process that would take over: with heartbeats from the loop
 * alone, and with the heartbeat thread. How late the heartbeats were is read from outside: presence lives for one heartbeat and is to be renewed every half,
 * so it is late by what the shortest time that it had left is below that. Memory and CPU are those of the process while its loop is free. Nothing bare compares.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createNames } from '../../src/redis/names.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const CHILD = fileURLToPath(new URL('../blocked-child.ts', import.meta.url));
const HEARTBEAT_MS = 2000;
const BLOCKED_MS = 10_000;
const LOOK_MS = 2;

interface Outcome {
  readonly lost: number;
  /** Taken over by the other process with a retry spent. */
  readonly retried: number;
  /** The lease was certain for so long at least, in milliseconds. */
  readonly leastMs: number;
  readonly latenessMs: number;
  readonly residentMb: number;
  readonly cpuMsPerSecond: number;
}

/** The shortest time that presence had left, in milliseconds, until the loop is free. */
async function shortest(url: string, presence: string, isFree: () => boolean): Promise<number> {
  const client = new Redis(url);
  let least = Number.POSITIVE_INFINITY;
  while (!isFree()) {
    least = Math.min(least, await client.pttl(presence));
    await delay(LOOK_MS);
  }
  client.disconnect();
  return least;
}

async function block(
  heartbeat: 'loop' | 'thread',
  url: string,
  service: string,
  streams: number,
): Promise<Outcome> {
  const args = [
    '--expose-gc',
    '--import',
    'tsx',
    CHILD,
    heartbeat,
    url,
    service,
    String(streams),
    String(BLOCKED_MS),
  ];
  const child = JsonLineProcess.spawn(process.execPath, args);
  const timeoutMs = 120_000;
  const { consumer } = await child.waitFor(({ type }) => type === 'Blocked', {
    name: 'the block',
    timeoutMs,
  });
  const other = await createSubject(url, service, { capacity: streams, telemetry: false, balance: 'off' });
  let isFree = false;
  const free = child.waitFor(({ type }) => type === 'Free', { name: 'the end of the block', timeoutMs });
  void free.then(() => {
    isFree = true;
  });
  const left = await shortest(url, createNames({ service }).presence(String(consumer)), () => isFree);
  const line = await child.waitFor(({ type }) => type === 'Done', { name: 'the outcome', timeoutMs });
  const retried = [...other.runtime.ownedStreams()].filter(({ retryCount }) => retryCount > 0).length;
  await child.exit;
  await other.close();
  return {
    lost: Number(line.lost),
    retried,
    leastMs: Number(line.leastMs),
    latenessMs: HEARTBEAT_MS / 2 - left,
    residentMb: Number(line.residentMb),
    cpuMsPerSecond: Number(line.cpuMsPerSecond),
  };
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const loop: Outcome[] = [];
  const thread: Outcome[] = [];
  const times = Math.min(rounds, 3);
  for (let round = 1; round <= times; round++) {
    loop.push(await block('loop', redis.url, `blocked-${round}`, streams));
    thread.push(await block('thread', redis.url, `blocked-thread-${round}`, streams));
    progress(`blocked-loop: round ${round} of ${times}`);
  }
  const rows = (what: string, all: readonly Outcome[]) => {
    const of = (part: keyof Outcome) => all.map((one) => one[part]);
    const title = `loop blocked for ${BLOCKED_MS / 1000} s, ${what}:`;
    return [
      row(`${title} streams lost`, '', of('lost'), null),
      row(`${title} retries spent`, '', of('retried'), null),
      row(`${title} lease certain for, at least`, 'ms', of('leastMs'), null),
      row(`${title} heartbeats late by, at most`, 'ms', of('latenessMs'), null),
    ];
  };
  const more = (part: keyof Outcome) => thread.map((one, at) => one[part] - (loop[at]?.[part] ?? 0));
  return [
    ...rows('heartbeats from the loop', loop),
    ...rows('and from the thread', thread),
    row('heartbeat thread: memory', 'MB', more('residentMb'), null),
    row('heartbeat thread: CPU a second', 'ms', more('cpuMsPerSecond'), null),
  ];
}

export const blockedLoop: Scenario = { name: 'blocked-loop', run };
