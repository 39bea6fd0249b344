/** The smallest service. `npx tsx examples/embed.ts`, with Redis at $REDIS_URL or on this machine; Ctrl-C hands over and ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createProducer, createRuntime } from 'streamwarden';

const redis = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const runtime = createRuntime<{ region: string }>({ redis, service: 'orders' });

runtime.process(async (stream) => {
  console.log(`owner of ${stream.name} (${stream.info?.region}), token ${stream.fencingToken}`);
  for (let step = 1; step <= 5; step++) {
    if (stream.signal.aborted) return; // lost, or handed over: stop at once
    await sleep(1000); // the application's own work, which carries the token wherever it writes
  }
  console.log(`done with ${stream.name}`);
}); // returning is done(); throwing spends a retry

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void runtime.stop());
if ((await runtime.start()) === 'running') {
  await using producer = createProducer({ redis, service: 'orders' });
  await producer.add('order-1', { region: 'eu' });
}

const { error } = await runtime.closed;
if (error) throw error;
