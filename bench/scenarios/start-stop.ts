/** Whether starting and stopping leaves anything behind: heap and handles after many cycles, beside a client that connects and disconnects. */
import { Redis } from 'ioredis';
import { createRuntime } from '../built.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const CYCLES = 1000;

interface Left {
  /** Bytes of heap that each cycle left. */
  readonly heap: number;
  /** Handles and timers that all of them left. */
  readonly handles: number;
}

async function watch(cycle: (n: number) => Promise<void>, warmUp: number): Promise<Left> {
  const settle = async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    globalThis.gc?.();
  };
  for (let n = 0; n < warmUp; n++) await cycle(n);
  await settle();
  const heap = process.memoryUsage().heapUsed;
  const handles = process.getActiveResourcesInfo().length;
  for (let n = 0; n < CYCLES; n++) await cycle(n);
  await settle();
  return {
    heap: (process.memoryUsage().heapUsed - heap) / CYCLES,
    handles: process.getActiveResourcesInfo().length - handles,
  };
}

async function run({ redis, progress }: Setting): Promise<Row[]> {
  if (globalThis.gc === undefined)
    throw new Error('expected to be run with --expose-gc, got: a process without it');
  const bare = await watch(async () => {
    const client = new Redis(redis.url);
    await client.ping();
    client.disconnect();
  }, 100);
  const ours = await watch(async (n) => {
    const runtime = createRuntime({ redis: redis.url, service: 'cycles', consumerId: `cycle-${n % 7}` });
    await runtime.start();
    await runtime.stop();
  }, 100);
  progress(`start and stop: ${CYCLES} cycles`);
  return [
    row(`${CYCLES} start/stop cycles: heap left by each`, 'bytes', [ours.heap], [bare.heap]),
    row(`${CYCLES} start/stop cycles: handles left by all`, 'handles', [ours.handles], [bare.handles]),
  ];
}

export const startStop: Scenario = { name: 'start-stop', run };
