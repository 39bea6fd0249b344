/** The smallest service: `npx tsx examples/embed.ts`, with Redis at $REDIS_URL or on this machine. */
import { createProducer, createRuntime } from 'streamwarden';

const redis = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const runtime = createRuntime<{ region: string }>({ redis, service: 'orders', consumerId: process.env.POD_NAME ?? 'me' });

runtime.process(async (stream) => {
  console.log(`owner of ${stream.name} (${stream.info?.region}), token ${stream.fencingToken}`);
  while (!stream.signal.aborted) {
    if (await workOn(stream.name, stream.fencingToken)) return; // returning is done(); throwing spends a retry
  }
});

process.once('SIGTERM', () => void runtime.stop()); // hands every stream over, no retry spent
await runtime.start();

await using producer = createProducer({ redis, service: 'orders' });
await producer.add('order-1', { region: 'eu' });

const { error } = await runtime.closed;
if (error) throw error;

/** A step of the application's own work; true when there is nothing left to do. */
async function workOn(stream: string, token: string): Promise<boolean> {
  return await new Promise((resolve) => setTimeout(() => resolve(stream !== '' && token !== ''), 1000));
}
