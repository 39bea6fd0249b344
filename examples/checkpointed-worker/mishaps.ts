/** What befalls the owners in this example, so that there is something to take over. */
import type { Redis } from 'ioredis';

/** Before the result of which entry is written, and which signal its owner then gets. Each befalls one owner only. */
const MISHAPS: Readonly<Record<string, NodeJS.Signals>> = {
  '200': 'SIGKILL', // a crash
  '400': 'SIGTERM', // a deploy
  '600': 'SIGSTOP', // a machine that stands still
};

/** Hash: entry → which worker it befell. */
export const mishapsOf = (stream: string) => `${stream}:mishaps`;

export async function mishap(redis: Redis, stream: string, n = '', worker = ''): Promise<void> {
  const signal = MISHAPS[n];
  if (signal === undefined || (await redis.hsetnx(mishapsOf(stream), n, worker)) === 0) return;
  console.log(`${worker} gets a ${signal} before it has written ${n}`);
  process.kill(process.pid, signal);
}
