/** What befalls the owners in this example, so that there is something to take over. */
import type { Redis } from 'ioredis';

/** Before the result of which message is written, and which signal its owner then gets. Each befalls one owner only. */
const MISHAPS: Readonly<Record<string, NodeJS.Signals>> = {
  '200-0': 'SIGKILL', // a crash
  '400-0': 'SIGTERM', // a deploy
  '600-0': 'SIGSTOP', // a machine that stands still
};

/** Hash: message → which worker it befell. */
export const mishapsOf = (stream: string) => `{${stream}}:mishaps`;

export async function mishap(redis: Redis, stream: string, message: string, worker: string): Promise<void> {
  const signal = MISHAPS[message];
  if (signal === undefined || (await redis.hsetnx(mishapsOf(stream), message, worker)) === 0) return;
  console.log(`${worker} gets a ${signal} before it has written ${message}`);
  process.kill(process.pid, signal);
}
