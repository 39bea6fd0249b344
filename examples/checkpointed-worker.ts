/**
 * Workers that read a data stream, each from where its last owner stopped. Four processes share one data stream of 800 entries: its owner is
 * killed, the next one told to stop, the next one frozen, and thawed when another is the owner. Each result is written once, and in order.
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
import { mishapsOf } from './checkpointed-worker/mishaps.js';
import { resultsOf } from './checkpointed-worker/results.js';
import { redisUrl } from './support/redis.js';

const STREAM = 'orders-eu';
const ENTRIES = 800;
const url = await redisUrl();
const redis = new Redis(url);
await redis.unlink(STREAM, mishapsOf(STREAM), resultsOf(STREAM));

const workers = new Map<string, ChildProcess>();
let owners = 0;
const ended = ['A', 'B', 'C', 'D'].map(async (name) => {
  const worker = fork(fileURLToPath(new URL('checkpointed-worker/worker.ts', import.meta.url)), {
    env: { ...process.env, REDIS_URL: url, WORKER: name },
  });
  workers.set(name, worker);
  worker.on('message', () => {
    owners += 1;
    // The fourth owner is there: the third is thawed, and believes that the stream is still its own.
    if (owners === 4) void thaw();
  });
  await once(worker, 'exit');
});

async function thaw(): Promise<void> {
  const struck = await redis.hvals(mishapsOf(STREAM));
  for (const name of struck) workers.get(name)?.kill('SIGCONT'); // to the others it says nothing
}

await using producer = createProducer({ redis: url, service: 'orders' });
await producer.appendMany(
  Array.from({ length: ENTRIES }, (_, index) => ({ name: STREAM, fields: { n: index + 1 } })),
);
await producer.end(STREAM);
await Promise.all(ended);

const written = await redis.xrange(resultsOf(STREAM), '-', '+');
const inOrder = written.length === ENTRIES && written.every(([, [, n]], index) => n === `${index + 1}`);
const byWhom = [...new Set(written.map(([, fields]) => fields[3]))].map(
  (worker) => `${worker} ${written.filter(([, fields]) => fields[3] === worker).length}`,
);
console.log(
  `${written.length} of ${ENTRIES} results written, ${inOrder ? 'each once and in order' : 'NOT IN ORDER'}: ${byWhom.join(', ')}`,
);
redis.disconnect();
process.exitCode = inOrder && byWhom.length === 4 ? 0 : 1;
