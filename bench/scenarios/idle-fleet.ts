/**
 * What twenty runtimes that own nothing ask of one Redis. The baseline is twenty pairs of bare clients that do the least a consumer of a group
 * has to: one refreshes a key every half heartbeat, the other waits in a blocking read. Then the same runtimes while 100,000 streams of their service are delayed:
 * the baseline is what they asked before.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { cpuMeter, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const RUNTIMES = 20;
const HEARTBEAT_MS = 2000;
const SETTLE_MS = 3000;
const WATCH_MS = 10_000;
const DELAYED = 100_000;
/** None of them is due while it is watched. */
const DELAY_MS = 24 * 3_600_000;

interface Use {
  /** Commands a second. */
  readonly commands: number;
  /** Milliseconds of CPU a second. */
  readonly redis: number;
  readonly client: number;
}

async function commandsSoFar(client: Redis): Promise<number> {
  return Number(/^total_commands_processed:(\d+)/m.exec(await client.info('stats'))?.[1]);
}

async function watch(url: string): Promise<Use> {
  await delay(SETTLE_MS);
  const client = new Redis(url);
  const before = await commandsSoFar(client);
  const stop = await cpuMeter(url);
  await delay(WATCH_MS);
  const commands = (await commandsSoFar(client)) - before;
  const cpu = await stop();
  client.disconnect();
  const perSecond = WATCH_MS / 1000;
  return { commands: commands / perSecond, redis: cpu.redis / perSecond, client: cpu.client / perSecond };
}

/** Starts one; resolves with what ends it. */
async function startBare(url: string, n: number): Promise<() => void> {
  const [commands, reader] = [new Redis(url), new Redis(url)];
  const [stream, group, key] = ['idle-bare', 'bare', `idle-bare:${n}`];
  await commands.xgroup('CREATE', stream, group, '0', 'MKSTREAM').catch(() => {});
  await commands.set(key, 'here', 'PX', HEARTBEAT_MS);
  const timer = setInterval(() => void commands.pexpire(key, HEARTBEAT_MS), HEARTBEAT_MS / 2);
  let isOver = false;
  const read = async () => {
    const blockMs = HEARTBEAT_MS * 2;
    while (!isOver) {
      await reader.xreadgroup(
        'GROUP', group, `consumer-${n}`, 'COUNT', 128, 'BLOCK', blockMs, 'STREAMS', stream, '>',
      ); // biome-ignore format: one command, one line
    }
  };
  // Ended by its connection, while it waits.
  read().catch(() => {});
  return () => {
    isOver = true;
    clearInterval(timer);
    commands.disconnect();
    reader.disconnect();
  };
}

async function watchBare(url: string): Promise<Use> {
  const ends = await Promise.all(Array.from({ length: RUNTIMES }, (_, n) => startBare(url, n)));
  const use = await watch(url);
  for (const end of ends) end();
  return use;
}

/** First with nothing, then while streams are delayed. */
async function watchOurs(url: string): Promise<{ readonly idle: Use; readonly delaying: Use }> {
  const subjects = await Promise.all(
    Array.from({ length: RUNTIMES }, (_, n) =>
      createSubject(url, 'idle', { consumerId: `idle-${n}`, heartbeatMs: HEARTBEAT_MS }),
    ),
  );
  const idle = await watch(url);
  await subjects[0]?.delay(DELAYED, DELAY_MS);
  const delaying = await watch(url);
  await Promise.all(subjects.map((subject) => subject.close()));
  return { idle, delaying };
}

async function run({ redis, progress }: Setting): Promise<Row[]> {
  const bare = await watchBare(redis.url);
  const { idle, delaying } = await watchOurs(redis.url);
  progress(
    `idle fleet of ${RUNTIMES}: watched for ${WATCH_MS / 1000} s, and again while ${DELAYED} streams were delayed`,
  );
  const figures = (what: string, one: Use, other: Use) => {
    const figure = (name: string, unit: string, part: keyof Use, share = 1) =>
      row(`${what}: ${name}`, unit, [one[part] / share], [other[part] / share]);
    return [
      figure('commands per second', '/s', 'commands'),
      figure('Redis CPU per second', 'ms', 'redis'),
      figure('client CPU per second and runtime', 'ms', 'client', RUNTIMES),
    ];
  };
  return [
    ...figures(`${RUNTIMES} idle runtimes`, idle, bare),
    ...figures(`${RUNTIMES} idle runtimes beside ${DELAYED} delayed streams`, delaying, idle),
  ];
}

export const idleFleet: Scenario = { name: 'idle-fleet', run };
