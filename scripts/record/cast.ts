/** Who plays in the scenes: consumers in this process, and consumers that are processes of their own, to be frozen and killed. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Seam } from '../../src/core/seam.js';
import { createProducer, type Notification, type Runtime, type RuntimeOptions } from '../../src/index.js';
import { composeRuntime, type Substitutes } from '../../src/runtime/runtime.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const HEARTBEAT_MS = 500;
export const SERVICE = 'orders';

const SETTINGS = {
  heartbeatMs: HEARTBEAT_MS,
  minIdleMs: HEARTBEAT_MS * 2,
  reconcileEveryMs: HEARTBEAT_MS * 4,
  handOverGraceMs: 500,
};

/** Asks until it is so. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`expected ${what} within 30 s`);
    await delay(10);
  }
}

export async function announce(url: string, ...names: string[]): Promise<void> {
  await using producer = createProducer({ redis: url, service: SERVICE });
  await producer.addMany(names.map((name) => ({ name })));
}

/** A producer that announces it unless it is there; its owner is told. */
export async function ensure(url: string, name: string): Promise<void> {
  await using producer = createProducer({ redis: url, service: SERVICE });
  await producer.ensure(name);
}

/** A producer that cancels it. */
export async function cancel(url: string, name: string): Promise<void> {
  await using producer = createProducer({ redis: url, service: SERVICE });
  await producer.cancel(name);
}

/** A producer that pauses it, or resumes it. */
export async function pause(url: string, name: string, isPaused: boolean): Promise<void> {
  await using producer = createProducer({ redis: url, service: SERVICE });
  await (isPaused ? producer.pause(name) : producer.resume(name));
}

export async function onRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** A runtime whose actors can be looked at. */
export type Watched = Runtime & { readonly seam: Seam };

export interface Player extends AsyncDisposable {
  readonly runtime: Watched;
  readonly told: readonly Notification[];
  awaits(type: Notification['type'], count?: number): Promise<void>;
}

/** A consumer in this process that is to be started, recorded from its first moment. */
export function cast(
  redis: RuntimeOptions['redis'],
  file: string,
  options: Partial<RuntimeOptions> = {},
  substitutes: Substitutes = {},
): Watched {
  const told = { redis, service: SERVICE, consumerId: 'player', onError: () => {}, ...SETTINGS, ...options };
  return composeRuntime({ ...told, record: { file } }, substitutes);
}

/** A consumer in this process, recorded from its first moment. @param substitutes what it has instead of its own parts */
export async function play(
  redis: RuntimeOptions['redis'],
  file: string,
  options: Partial<RuntimeOptions> = {},
  substitutes: Substitutes = {},
): Promise<Player> {
  const runtime = cast(redis, file, options, substitutes);
  const told: Notification[] = [];
  const reading = (async () => {
    for await (const notification of runtime.notifications()) told.push(notification);
  })();
  await runtime.start();
  return {
    runtime,
    told,
    awaits: (type, count = 1) =>
      until(`${count} ${type}`, () => told.filter((one) => one.type === type).length >= count),
    async [Symbol.asyncDispose]() {
      await runtime.stop();
      await reading;
    },
  };
}

/** A consumer that is a process of its own, with what it prints. */
export async function enter(
  url: string,
  id: string,
  file: string,
  ...args: string[]
): Promise<JsonLineProcess> {
  const settings = [
    ...['--heartbeat', SETTINGS.heartbeatMs, '--min-idle', SETTINGS.minIdleMs],
    ...['--reconcile-every', SETTINGS.reconcileEveryMs, '--hand-over-grace', SETTINGS.handOverGraceMs],
  ].map(String);
  const named = ['--service', SERVICE, '--consumer-id', id, '--record', file];
  const one = JsonLineProcess.spawn(
    process.execPath,
    ['--import', 'tsx', PROGRAM, 'consume', '--json', ...named, ...settings, ...args],
    { ...process.env, REDIS_URL: url },
  );
  await printed(one, 'Ready');
  return one;
}

export async function printed(one: JsonLineProcess, type: string, count = 1): Promise<void> {
  await until(
    `${count} ${type}: ${one.stderr}`,
    () => one.lines.filter((line) => line.type === type).length >= count,
  );
}

/** Hands over and ends. */
export async function leave(one: JsonLineProcess): Promise<void> {
  one.kill('SIGTERM');
  await one.exit;
}
