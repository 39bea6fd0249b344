/**
 * What it costs to keep what one has: CPU of this process and of Redis per 1000 streams and heartbeat, and the event loop's longest delay. The
 * baseline is bare ioredis that prolongs every lock every half heartbeat, a PEXPIRE each, in pipelines of 500.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { cpuMeter, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const HEARTBEAT_MS = 2000;
const HEARTBEATS = 5;

interface Cost {
  readonly client: number;
  readonly redis: number;
  readonly loopMs: number;
}

/** Watches for some heartbeats, and says what each thousand of streams cost in each. */
async function watch(url: string, streams: number): Promise<Cost> {
  // What assigning left behind settles, and the first scan, which comes once a minute, is over.
  await delay(HEARTBEAT_MS * 2);
  const stop = await cpuMeter(url);
  await delay(HEARTBEAT_MS * HEARTBEATS);
  const { client, redis } = await stop();
  // Apart from the CPU meter: watching the event loop every millisecond costs more than holding does.
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  await delay(HEARTBEAT_MS * 2);
  loop.disable();
  const share = (streams / 1000) * HEARTBEATS;
  return { client: client / share, redis: redis / share, loopMs: loop.max / 1e6 };
}

async function holdBare(url: string, streams: number): Promise<Cost> {
  const client = new Redis(url);
  const keys = Array.from({ length: streams }, (_, n) => `bare:lock:${n}`);
  const each = async (command: (pipeline: ReturnType<Redis['pipeline']>, key: string) => void) => {
    for (let at = 0; at < keys.length; at += 500) {
      const pipeline = client.pipeline();
      for (const key of keys.slice(at, at + 500)) command(pipeline, key);
      await pipeline.exec();
    }
  };
  await each((pipeline, key) => pipeline.set(key, 'owner', 'PX', HEARTBEAT_MS));
  const timer = setInterval(
    () => void each((pipeline, key) => pipeline.pexpire(key, HEARTBEAT_MS)),
    HEARTBEAT_MS / 2,
  );
  const cost = await watch(url, streams);
  clearInterval(timer);
  client.disconnect();
  return cost;
}

async function holdOurs(url: string, streams: number, service: string, lockKeys: boolean): Promise<Cost> {
  const subject = await createSubject(url, service, {
    capacity: streams,
    heartbeatMs: HEARTBEAT_MS,
    lockKeys,
  });
  await subject.assign(streams);
  const cost = await watch(url, streams);
  await subject.close();
  return cost;
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const bare: Cost[] = [];
  const locks: Cost[] = [];
  const noLocks: Cost[] = [];
  const times = Math.min(rounds, 3);
  for (let round = 1; round <= times; round++) {
    bare.push(await holdBare(redis.url, streams));
    locks.push(await holdOurs(redis.url, streams, `hold-${round}`, true));
    noLocks.push(await holdOurs(redis.url, streams, `hold-free-${round}`, false));
    progress(`hold: round ${round} of ${times}`);
  }
  const of = (costs: readonly Cost[], part: keyof Cost) => costs.map((cost) => cost[part]);
  const per = 'per 1000 streams and heartbeat';
  return [
    row(`hold: client CPU ${per}`, 'ms', of(locks, 'client'), of(bare, 'client')),
    row(`hold: Redis CPU ${per}`, 'ms', of(locks, 'redis'), of(bare, 'redis')),
    row('hold: longest delay of the event loop', 'ms', of(locks, 'loopMs'), of(bare, 'loopMs')),
    row(`hold without lock keys: client CPU ${per}`, 'ms', of(noLocks, 'client'), of(bare, 'client')),
    row(`hold without lock keys: Redis CPU ${per}`, 'ms', of(noLocks, 'redis'), of(bare, 'redis')),
  ];
}

export const hold: Scenario = { name: 'hold', run };
