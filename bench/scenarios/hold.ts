/**
 * What it costs to keep what one has: CPU of this process and of Redis per 1000 streams and heartbeat, and the event loop's longest delay. The
 * baseline is bare ioredis that prolongs every lock every half heartbeat, a PEXPIRE each, in pipelines of 500.
 *
 * A runtime and a server use some CPU whatever is held. Without lock keys that is all they use, so it is measured too: in the same runtime, on the
 * same server, after it has finished everything. The rows 'beyond an idle runtime' are without it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { cpuMeter, type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

const HEARTBEAT_MS = 2000;
const HEARTBEATS = 5;

export interface Cost {
  /** Milliseconds of CPU per 1000 streams and heartbeat. */
  readonly client: number;
  readonly redis: number;
  readonly loopMs: number;
}

export interface HoldCost extends Cost {
  /** The part of it that the same runtime uses while it holds nothing. */
  readonly idle: Cost;
}

/** Watches for some heartbeats, and says what each thousand of streams cost in each. */
async function watch(url: string, streams: number): Promise<Cost> {
  // What assigning left behind settles, and the first scan, which comes once a minute, is over.
  await delay(HEARTBEAT_MS * 2);
  globalThis.gc?.();
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

export async function holdOurs(
  url: string,
  streams: number,
  service: string,
  lockKeys: boolean,
): Promise<HoldCost> {
  const options = { capacity: streams, heartbeatMs: HEARTBEAT_MS, lockKeys };
  const subject = await createSubject(url, service, options);
  await subject.assign(streams);
  const cost = await watch(url, streams);
  await subject.done('all');
  const idle = await watch(url, streams);
  await subject.close();
  return { ...cost, idle };
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const bare: Cost[] = [];
  const locks: HoldCost[] = [];
  const noLocks: HoldCost[] = [];
  const times = Math.min(rounds, 3);
  for (let round = 1; round <= times; round++) {
    bare.push(await holdBare(redis.url, streams));
    locks.push(await holdOurs(redis.url, streams, `hold-${round}`, true));
    noLocks.push(await holdOurs(redis.url, streams, `hold-free-${round}`, false));
    progress(`hold: round ${round} of ${times}`);
  }
  const of = (costs: readonly Cost[], part: keyof Cost) => costs.map((cost) => cost[part]);
  const beyond = (costs: readonly HoldCost[], part: keyof Cost) =>
    costs.map((cost) => cost[part] - cost.idle[part]);
  const per = 'per 1000 streams and heartbeat';
  const more = `${per}, beyond an idle runtime`;
  return [
    row(`hold: client CPU ${per}`, 'ms', of(locks, 'client'), of(bare, 'client')),
    row(`hold: client CPU ${more}`, 'ms', beyond(locks, 'client'), null),
    row(`hold: Redis CPU ${per}`, 'ms', of(locks, 'redis'), of(bare, 'redis')),
    row(`hold: Redis CPU ${more}`, 'ms', beyond(locks, 'redis'), null),
    row('hold: longest delay of the event loop', 'ms', of(locks, 'loopMs'), of(bare, 'loopMs')),
    row(`hold without lock keys: client CPU ${per}`, 'ms', of(noLocks, 'client'), of(bare, 'client')),
    row(`hold without lock keys: client CPU ${more}`, 'ms', beyond(noLocks, 'client'), null),
    row(`hold without lock keys: Redis CPU ${per}`, 'ms', of(noLocks, 'redis'), of(bare, 'redis')),
    row(`hold without lock keys: Redis CPU ${more}`, 'ms', beyond(noLocks, 'redis'), null),
  ];
}

export const hold: Scenario = { name: 'hold', run };
