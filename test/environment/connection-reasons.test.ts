import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createProducer, createRuntime, type RuntimeOptions } from '../../src/index.js';
import { startRedis } from '../../src/testing/redis-server.js';
import { makeCertificate } from '../support/certificate.js';
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
});
