import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort } from '../../src/testing/free-port.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Example {
  readonly process: ChildProcess;
  readonly output: () => string;
}

describe('examples of OpenTelemetry', function () {
  this.timeout(60_000);
  const suite = useRedis();
  const running: ChildProcess[] = [];
  let collector: Server | undefined;

  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    collector?.close();
    collector = undefined;
  });

  function run(name: string, environment: Record<string, string>): Example {
    const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
      cwd: ROOT,
      env: { ...process.env, REDIS_URL: suite.server().url, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    return { process: child, output: () => output };
  }

  async function end({ process: child, output }: Example): Promise<void> {
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code, output()).to.equal(0);
  }

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
    const example = run('otel-otlp', {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    await eventually('it is at work', () => example.output().includes('at work on order-1'), {
      timeoutMs: 30_000,
    });
    await end(example);
    for (const name of ['messaging.client.consumed.messages', 'streamwarden.streams.owned']) {
      expect(received.get('/v1/metrics')).to.include(name);
    }
    for (const name of ['send orders-input', 'process orders-input', 'fetch the order']) {
      expect(received.get('/v1/traces')).to.include(name);
    }
  });

  it('have metrics fetched by Prometheus', async () => {
    const port = await freePort();
    const example = run('otel-prometheus', { METRICS_PORT: String(port) });
    await eventually('it is at work', () => example.output().includes('at work on order-1'), {
      timeoutMs: 30_000,
    });
    const text = await eventually('the stream is done', async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
      const body = await response.text();
      return body.includes('messaging_process_duration_count') ? body : null;
    });
    expect(text).to.match(
      /^streamwarden_streams_capacity\{.*messaging_destination_name="orders-input".*\} 10000$/m,
    );
    await end(example);
  });
});
