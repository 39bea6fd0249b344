import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createProducer, createRuntime, type RuntimeOptions } from '../../src/index.js';
import { startRedis } from '../../src/testing/redis-server.js';
import { makeCertificate } from '../support/certificate.js';
import { useCli } from '../support/cli.js';
import { rejection } from '../support/rejection.js';

/** What `start()` and `add()` say. */
async function said(redis: RuntimeOptions['redis']): Promise<string[]> {
  const runtime = createRuntime({ redis, service: 'orders', consumerId: 'c', startTimeoutMs: 2_600 });
  const producer = createProducer({ redis, service: 'orders', timeoutMs: 2_600 });
  try {
    const errors = await Promise.all([rejection(runtime.start()), rejection(producer.add('a'))]);
    return errors.map(({ message }) => message);
  } finally {
    await producer.close();
  }
}

describe('why a connection cannot be made', () => {
  it('stands in the error where the server has as many clients as it takes [C-STA-8]', async () => {
    await using server = await startRedis();
    const only = new Redis(server.url);
    try {
      await only.config('SET', 'maxclients', '1');
      for (const message of await said(server.url)) expect(message).to.match(/max number of clients reached/);
    } finally {
      only.disconnect();
    }
  });

  it('stands in the error where a port does not speak TLS [C-STA-8]', async () => {
    await using server = await startRedis();
    const url = server.url.replace('redis:', 'rediss:');
    for (const message of await said(url)) {
      expect(message).to.match(/TLS handshake did not end|wrong version number/);
    }
  });

  it("stands in the error where a Sentinel's certificate is not trusted, or none answers [C-STA-8]", async () => {
    await using certificate = await makeCertificate();
    await using server = await startRedis({ tls: certificate });
    const { port } = server;
    for (const message of await said(`rediss-sentinel://127.0.0.1:${port}/main`)) {
      expect(message).to.match(/no Sentinel answers; 127\.0\.0\.1:\d+: .*certificate/);
    }
    for (const message of await said('redis-sentinel://127.0.0.1:1/main')) {
      expect(message).to.match(/no Sentinel answers; 127\.0\.0\.1:1: .*ECONNREFUSED/);
    }
  });
  describe('is what a command says', () => {
    const cli = useCli();
    const commands = [
      ['doctor'],
      ['status', '--service', 'orders'],
      ['dlq', 'list', '--service', 'orders'],
      ['produce', '--service', 'orders', '--name', 'a'],
    ];

    async function eachSays(url: string, reason: RegExp): Promise<void> {
      for (const command of commands) {
        const { code, stdout, stderr } = await cli.run([...command, '--redis', url]);
        expect({ command, code, stdout }).to.deep.equal({ command, code: 2, stdout: '' });
        expect(stderr, command.join(' ')).to.match(reason);
      }
    }

    /** A picture of nobody is drawn all the same, with the reason in it. */
    async function pictureSays(url: string, reason: RegExp): Promise<void> {
      const { code, stdout } = await cli.run(['topology', '--redis', url]);
      expect(code).to.equal(1);
      expect(stdout).to.match(reason);
    }

    it('where a port does not speak TLS [C-STA-8]', async () => {
      await using server = await startRedis();
      await eachSays(
        server.url.replace('redis:', 'rediss:'),
        /TLS handshake did not end|wrong version number/,
      );
    });

    it('where a certificate is not trusted [C-STA-8]', async () => {
      await using certificate = await makeCertificate();
      await using server = await startRedis({ tls: certificate });
      const url = `rediss://127.0.0.1:${server.port}`;
      await eachSays(url, /certificate/);
      await pictureSays(url, /unreachable: .*certificate/);
      await eachSays(`rediss-sentinel://127.0.0.1:${server.port}/main`, /no Sentinel answers; .*certificate/);
    });
  });
});
