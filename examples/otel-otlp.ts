/**
 * Metrics and traces by OTLP, to a collector on this machine or at $OTEL_EXPORTER_OTLP_ENDPOINT.
 *
 *   npx tsx examples/otel-otlp.ts
 *
 * Runs until Ctrl-C or SIGTERM; then it hands over, exports what is left, and ends. Redis at $REDIS_URL, or a server of its own.
 */
import { trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { createProducer, createRuntime } from 'streamwarden';
import { redisUrl } from './support/redis.js';

// First: a runtime tells whatever is registered when it starts. OTLP is the SDK's default, for traces and for metrics.
const sdk = new NodeSDK({ serviceName: 'orders' });
sdk.start();

const redis = await redisUrl();
const runtime = createRuntime({ redis, service: 'orders' });
const tracer = trace.getTracer('orders');

runtime.process(async (stream) => {
  // A child of the span `process orders-input`, which is linked to the one that announced the stream.
  await tracer.startActiveSpan('fetch the order', async (span) => {
    console.log(`at work on ${stream.name}, trace ${span.spanContext().traceId}`);
    span.end();
  });
});

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void runtime.stop());
await runtime.start();

await using producer = createProducer({ redis, service: 'orders' });
await tracer.startActiveSpan('POST /orders', async (span) => {
  await producer.add('order-1');
  console.log(`announced order-1, trace ${span.spanContext().traceId}`);
  span.end();
});

const { error } = await runtime.closed;
await sdk.shutdown();
if (error) throw error;
