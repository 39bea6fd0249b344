/** A worker that handles the entries of the data streams it owns, each from where its last owner stopped. Started by ../checkpointed-worker.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createRuntime } from 'streamwarden';
import { mishap } from './mishaps.js';
import { writeOnce } from './results.js';

const { REDIS_URL: url = '', WORKER: name = '' } = process.env;
const redis = new Redis(url);
// A short heartbeat, so that the example does not take long.
const runtime = createRuntime({ redis: url, service: 'orders', consumerId: name, heartbeatMs: 1000 });

runtime.process(async (stream) => {
  let handled = 0;
  try {
    for await (const { id, fields } of stream.entries()) {
      if (handled++ === 0) {
        console.log(
          `${name} owns ${stream.name}, token ${stream.fencingToken}, and goes on with ${fields.n}`,
        );
        process.send?.('owner');
      }
      await sleep(1); // the work on this entry
      await mishap(redis, stream.name, fields.n, name);
      const isNew = await writeOnce(redis, stream.name, id, { n: fields.n, by: name });
      if (!isNew) console.log(`${name} is told that ${fields.n} is written already`);
    }
    console.log(`${name} has read ${stream.name} to its end`);
  } catch (error) {
    console.log(`${name} works on ${stream.name} no longer: ${(error as Error).name}`);
    throw error;
  } finally {
    void runtime.stop({ mode: 'finish' }); // so that this example ends
  }
});
process.once('SIGTERM', () => void runtime.stop());
process.once('disconnect', () => process.exit(1));
await runtime.start();
await runtime.closed;
redis.disconnect();
process.disconnect?.();
