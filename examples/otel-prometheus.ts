/**
 * Metrics for Prometheus at http://127.0.0.1:$METRICS_PORT/metrics, by default 9464.
 *
 *   npx tsx examples/otel-prometheus.ts
 *
 * Runs until Ctrl-C or SIGTERM. Redis at $REDIS_URL, or a server of its own.
 */
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { createProducer, createRuntime } from 'streamwarden';
import { redisUrl } from './support/redis.js';

const port = Number(process.env.METRICS_PORT ?? 9464);
// In a pod the host is left out: Prometheus comes from outside.
const sdk = new NodeSDK({
  serviceName: 'orders',
  metricReaders: [new PrometheusExporter({ host: '127.0.0.1', port })],
  spanProcessors: [],
});
sdk.start();

const redis = await redisUrl();
const runtime = createRuntime({ redis, service: 'orders' });
runtime.process((stream) => console.log(`at work on ${stream.name}`));

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void runtime.stop());
await runtime.start();
console.log(`http://127.0.0.1:${port}/metrics`);

await using producer = createProducer({ redis, service: 'orders' });
await producer.add('order-1');

const { error } = await runtime.closed;
await sdk.shutdown();
if (error) throw error;
