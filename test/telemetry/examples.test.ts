import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { freePort } from '../../src/testing/free-port.js';
import { eventually } from '../support/eventually.js';
import { ended, printed, useExamples } from '../support/examples.js';
import { get } from '../support/http.js';
import { useRedis } from '../support/redis.js';

describe('examples of OpenTelemetry', () => {
  const { start } = useExamples();
  const suite = useRedis();
  let collector: Server | undefined;

  afterEach(() => {
    collector?.close();
    collector = undefined;
  });

  it('send metrics and traces to a collector by OTLP', async () => {
    const received = new Map<string, string>();
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const path = request.url ?? '';
        received.set(path, (received.get(path) ?? '') + Buffer.concat(chunks).toString('latin1'));
        response.end();
      });
    });
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    const { port } = collector.address() as AddressInfo;
    const example = start('otel-otlp', {
      REDIS_URL: suite.server().url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    await printed(example, /at work on order-1/);
    example.kill();
    await ended(example);
    for (const name of ['messaging.client.consumed.messages', 'streamwarden.streams.owned']) {
      expect(received.get('/v1/metrics')).to.include(name);
    }
    for (const name of ['send orders-input', 'process orders-input', 'fetch the order']) {
      expect(received.get('/v1/traces')).to.include(name);
    }
  });

  it('have metrics fetched by Prometheus', async () => {
    const port = await freePort();
    const example = start('otel-prometheus', {
      REDIS_URL: suite.server().url,
      METRICS_PORT: String(port),
    });
    await printed(example, /at work on order-1/);
    const text = await eventually('the stream is done', async () => {
      const { text } = await get(`http://127.0.0.1:${port}/metrics`);
      return text.includes('messaging_process_duration_count') ? text : null;
    });
    expect(text).to.match(
      /^streamwarden_streams_capacity\{.*messaging_destination_name="orders-input".*\} 10000$/m,
    );
    example.kill();
    await ended(example);
  });
});
