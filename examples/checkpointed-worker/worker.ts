/** A worker that reads the data streams it owns, each from where its last owner stopped. Started by ../checkpointed-worker.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createRuntime, type StreamHandle } from 'streamwarden';
import { Checkpoint, StaleOwner } from './checkpoint.js';
import { mishap } from './mishaps.js';

/** What a worker tells whoever started it. */
export type News = 'owner' | 'refused' | 'finished';

const BATCH = 10;
const { REDIS_URL: url = '', WORKER: name = '' } = process.env;
const redis = new Redis(url);
// A short heartbeat, so that the example does not take long.
const runtime = createRuntime({ redis: url, service: 'orders', consumerId: name, heartbeatMs: 1000 });

function tell(news: News, text: string): void {
  console.log(`${name} ${text}`);
  process.send?.(news);
}

async function work(stream: StreamHandle): Promise<void> {
  const checkpoint = await Checkpoint.open(redis, stream);
  tell(
    'owner',
    `owns ${stream.name}, token ${stream.fencingToken}, and goes on after ${checkpoint.position}`,
  );
  while (!stream.signal.aborted) {
    const messages = await redis.xrange(stream.name, `(${checkpoint.position}`, '+', 'COUNT', BATCH);
    const orders = messages.filter(([, fields]) => !fields.includes('end'));
    const last = orders.at(-1)?.[0];
    if (last !== undefined) {
      await sleep(10); // the work on these messages
      await mishap(redis, stream.name, last, name);
      await checkpoint.commit(
        last,
        orders.map(([id]) => `${id} ${name}`),
      );
    }
    // The end itself is not committed: whoever dies here leaves it to be found again.
    if (orders.length < messages.length) {
      await stream.done(); // nobody is given it again
      tell('finished', `has finished ${stream.name}`);
      return;
    }
    if (messages.length === 0) await sleep(100); // nothing new yet
  }
  console.log(`${name} hands ${stream.name} over after ${checkpoint.position}`);
}

runtime.process(async (stream) => {
  try {
    await work(stream);
  } catch (error) {
    if (error instanceof StaleOwner) tell('refused', `is refused: ${error.message}`);
    throw error; // to return would say done(); for a stream that was lost throwing costs nothing
  }
});
process.once('SIGTERM', () => void runtime.stop());
process.once('disconnect', () => process.exit(1));
await runtime.start();

const { error } = await runtime.closed;
process.exit(error ? 1 : 0);
