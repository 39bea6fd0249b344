import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

describe('telemetry on the command line', () => {
  const suite = useRedis();
  const cli = useCli();
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
    server = undefined;
  });

  async function listening(onBody: (path: string, body: string) => void = () => {}): Promise<number> {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        onBody(request.url ?? '', Buffer.concat(chunks).toString('latin1'));
        response.end();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }

  const announce = (service: string) =>
    suite.redis().xadd(`${service}-input`, '*', 'lbs-input', JSON.stringify({ DataStreamName: 'a' }));

  it('has metrics fetched from where it says', async () => {
    const consumer = cli.spawnConsumer({
      redis: suite.server().url,
      service: 'measured',
      hold: 0,
      args: ['--metrics-port', '0'],
    });
    const { url } = await consumer.waitFor(({ type }) => type === 'Metrics', { name: 'metrics are served' });
    await ready(consumer);
    await announce('measured');
    await eventually('the stream has been counted', async () => {
      const response = await fetch(String(url), { headers: { connection: 'close' } });
      const text = await response.text();
      expect(text).to.match(/^messaging_process_duration_count\{.*="measured-input".*\} 1$/m);
      expect(text).to.match(/^target_info\{.*service_name="measured".*\} 1$/m);
    });
    const other = await fetch(String(url).replace('/metrics', '/'), { headers: { connection: 'close' } });
    expect(other.status).to.equal(404);
    consumer.kill('SIGTERM');
    expect((await consumer.exit).code).to.equal(0);
  });

  it('sends metrics and traces by OTLP, what is left of them at the end', async () => {
    const received = new Map<string, string>();
    const port = await listening((path, body) => received.set(path, (received.get(path) ?? '') + body));
    const consumer = cli.spawn(
      [
        'consume',
        '--redis',
        suite.server().url,
        '--service',
        'traced',
        '--consumer-id',
        'me',
        '--json',
      ].concat(['--hold', '0', '--otel']),
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` } },
    );
    await ready(consumer);
    await announce('traced');
    await consumer.waitFor(({ type }) => type === 'StreamDone', { name: 'the stream is done' });
    consumer.kill('SIGTERM');
    expect((await consumer.exit).code).to.equal(0);
    expect(received.get('/v1/metrics')).to.include('messaging.process.duration');
    expect(received.get('/v1/traces')).to.include('process traced-input');
  });

  it('refuses a port that is taken, before anything is started', async () => {
    const port = await listening();
    const base = ['consume', '--redis', suite.server().url, '--service', 'none', '--consumer-id', 'me'];
    const { code, stderr } = await cli.run([...base, '--metrics-port', String(port)]);
    expect(code).to.equal(2);
    expect(stderr).to.include(`metrics could not be served on 127.0.0.1, port ${port}`);
    expect(await suite.redis().exists('none-input')).to.equal(0);
  });
});
