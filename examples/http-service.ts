/**
 * An HTTP service whose orders are processed as streams, by whichever process of the fleet owns them; with probes, and a stop in order.
 *
 *   npx tsx examples/http-service.ts
 *
 * Runs until Ctrl-C or SIGTERM. Redis at $REDIS_URL, or a server of its own. kubernetes/orders.yaml runs it; its settings are environment
 * variables: HOST (127.0.0.1), PORT and PROBE_PORT (free ones), HEARTBEAT_MS (2000), HAND_OVER_GRACE_MS (10000), CAPACITY (100), POD_NAME (after which the consumer is named).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createProducer, createRuntime } from 'streamwarden';
import { createApi, stateKey } from './http-service/api.js';
import { close, listen } from './http-service/closing.js';
import { createProbes } from './http-service/probes.js';
import { redisUrl } from './support/redis.js';

const setting = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const host = process.env.HOST ?? '127.0.0.1';
const heartbeatMs = setting('HEARTBEAT_MS', 2000);
const handOverGraceMs = setting('HAND_OVER_GRACE_MS', 10_000);
/** What handing over may take, and what requests under way get on top. Kubernetes has to wait longer than both: run-on-kubernetes.md. */
const stopMs = handOverGraceMs + 5 * heartbeatMs;
const requestMs = 2000;

const url = await redisUrl();
const redis = new Redis(url);
redis.on('error', (error) => console.error(`Redis: ${error.message}`));
const producer = createProducer({ redis: url, service: 'orders' });
const runtime = createRuntime({
  redis: url,
  service: 'orders',
  capacity: setting('CAPACITY', 100),
  heartbeatMs,
  handOverGraceMs,
  // Without Redis it waits, alive and not ready, instead of ending and being started again and again.
  startTimeoutMs: 3_600_000,
});

runtime.process(async (stream) => {
  for (let step = 1; step <= 5; step++) {
    if (stream.signal.aborted) return; // lost, or handed over: the next owner begins where it finds the order
    await redis.set(stateKey(stream.name), `step ${step} of 5`);
    await sleep(500); // the work on this order
  }
  await redis.set(stateKey(stream.name), 'processed');
  console.log(`${stream.name} is processed`);
});

const api = createApi(producer, redis);
const probes = createProbes(runtime);

async function stop(): Promise<void> {
  const answered = close(api, requestMs); // 1. no request more; those under way are answered
  const report = await runtime.stop({ timeoutMs: stopMs }); // 2. not ready from now on; the streams go to the others
  console.log(`handed over: ${report.handedOver}, abandoned: ${report.abandoned.length}`);
  await answered;
  await producer.close(); // 3. Redis, which requests and handlers needed until now
  redis.disconnect();
  await close(probes, 0); // 4. the probes
}

let stopping: Promise<void> | undefined;
let askedAt = 0;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (stopping === undefined) {
      askedAt = performance.now();
      stopping = stop();
    } else if (performance.now() - askedAt > 1000) {
      // Asked again: somebody is in a hurry. Sooner it is the same request, which npx and others pass on a second time.
      void runtime.stop({ mode: 'abandon' });
    }
  });
}

console.log(
  `probes at ${await listen(probes, host, setting('PROBE_PORT', 0))}, /livez, /readyz, /metrics, /snapshot`,
);
console.log(`orders at ${await listen(api, host, setting('PORT', 0))}, POST and GET /orders/NAME`);
console.log(`a stop takes at most ${stopMs + requestMs} ms`);
runtime.start().then(
  (started) => started === 'running' && console.log(`${runtime.consumer} reads`),
  () => undefined, // `closed` has the reason
);

const { error } = await runtime.closed;
if (error) console.error(error);
stopping ??= stop();
await stopping;
process.exit(error ? 1 : 0);
