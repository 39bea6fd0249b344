/** The command line with the SDK of OpenTelemetry that stands in this project: metrics are fetched, metrics and traces are sent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createProducer } from 'streamwarden';

const { REDIS_URL: redis, SERVICE: service } = process.env;

/** Runs a consumer until it has finished a stream; resolves with the metrics that it served then. */
async function consume(flags, env) {
  const program = 'node_modules/streamwarden/bin/streamwarden.js';
  const options = ['--service', service, '--consumer-id', 'me', '--hold', '0', '--json'];
  const consumer = spawn(process.execPath, [program, 'consume', ...options, ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(consumer, 'close');
  let url;
  let metrics;
  for await (const text of createInterface({ input: consumer.stdout })) {
    const line = JSON.parse(text);
    if (line.type === 'Ready') {
      const producer = createProducer({ redis, service });
      await producer.add('order-1');
      await producer.close();
    } else if (line.type === 'StreamDone') {
      if (url !== undefined) metrics = await (await fetch(url)).text();
      consumer.kill('SIGTERM');
    } else if (line.type === 'Metrics') {
      url = line.url;
    }
  }
  await ended;
  return metrics;
}

const sent = new Set();
const collector = createServer((request, response) => {
  sent.add(request.url);
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
});
await once(collector.listen(0, '127.0.0.1'), 'listening');

const fetched = await consume(['--metrics-port', '0'], {});
// What is left is sent at the end.
await consume(['--otel'], { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.address().port}` });
collector.close();
collector.closeAllConnections();
const isFetched = fetched?.includes('streamwarden_streams_lost_total');
console.log([isFetched ? 'fetched' : 'not fetched', ...[...sent].sort()].join(' '));
