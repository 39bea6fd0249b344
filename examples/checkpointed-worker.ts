/**
 * Workers that read a data stream themselves, each from where its last owner stopped. Four processes share one data stream of 800 messages:
 * its owner is killed, the next one told to stop, the next one frozen, and thawed when another is the owner. Each message is processed once.
 *
 *   npx tsx examples/checkpointed-worker.ts
 *
 * Ends by itself in some five seconds, with 0 when the proof holds. Redis at $REDIS_URL, or a server of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createProducer } from 'streamwarden';
import { keysOf } from './checkpointed-worker/checkpoint.js';
import { mishapsOf } from './checkpointed-worker/mishaps.js';
import type { News } from './checkpointed-worker/worker.js';
import { redisUrl } from './support/redis.js';

const STREAM = 'orders-eu';
const MESSAGES = 800;
const url = await redisUrl();
const redis = new Redis(url);
await redis.unlink(STREAM, mishapsOf(STREAM), ...keysOf(STREAM));
for (let n = 1; n <= MESSAGES; n++) await redis.xadd(STREAM, `${n}-0`, 'type', 'order');
await redis.xadd(STREAM, '*', 'type', 'end');

const workers = new Map<string, ChildProcess>();
let owners = 0;
const ended = ['A', 'B', 'C', 'D'].map(async (name) => {
  const worker = fork(fileURLToPath(new URL('checkpointed-worker/worker.ts', import.meta.url)), {
    env: { ...process.env, REDIS_URL: url, WORKER: name },
  });
  workers.set(name, worker);
  worker.on('message', (news: News) => {
    if (news === 'owner') owners += 1;
    // The fourth owner is there: the third is thawed, and believes that the stream is still its own.
    if (news === 'owner' && owners === 4) void thaw();
    if (news === 'refused' || news === 'finished') worker.kill('SIGTERM');
  });
  await once(worker, 'exit');
});

async function thaw(): Promise<void> {
  const struck = await redis.hvals(mishapsOf(STREAM));
  for (const name of struck) workers.get(name)?.kill('SIGCONT'); // to the others it says nothing
}

await using producer = createProducer({ redis: url, service: 'orders' });
await producer.add(STREAM);
await Promise.all(ended);

const [checkpoint, results] = keysOf(STREAM);
const written = (await redis.lrange(results, 0, -1)).map((result) => result.split(' '));
const inOrder = written.length === MESSAGES && written.every(([id], index) => id === `${index + 1}-0`);
const byWhom = [...new Set(written.map(([, worker]) => worker))].map(
  (worker) => `${worker} ${written.filter(([, by]) => by === worker).length}`,
);
console.log(
  `${written.length} of ${MESSAGES} messages written, ${inOrder ? 'each once and in order' : 'NOT IN ORDER'}: ${byWhom.join(', ')}`,
);
console.log(`checkpoint: ${JSON.stringify(await redis.hgetall(checkpoint))}`);
redis.disconnect();
process.exitCode = inOrder && byWhom.length === 4 ? 0 : 1;
