import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { ended, expectHandedOver, outputOf, printed, useExamples } from '../support/examples.js';
import { get, post } from '../support/http.js';
import { useRedis } from '../support/redis.js';

describe('the example fastify', () => {
  const { start } = useExamples();
  const { server, redis } = useRedis();

  it('processes what its route announces, and hands over when it is told to stop', async () => {
    const example = start('fastify', { REDIS_URL: server().url });
    const [, url] = await printed(example, /orders at (http:\S+),/);
    await eventually('it is ready', async () => (await get(`${url}/readyz`)).status === 200);
    expect(await get(`${url}/livez`)).to.deep.include({ status: 200, body: { live: true, reasons: [] } });
    expect((await post(`${url}/orders/order-1`)).status).to.equal(202);
    await printed(example, /order-1 is processed/);

    expect((await post(`${url}/orders/order-2`)).status).to.equal(202);
    await printed(example, /at work on order-2/);
    // Nothing can be handed over until it answers again.
    await server().pause();
    example.kill('SIGTERM');
    await eventually('it takes no request more', () =>
      get(`${url}/readyz`).then(
        ({ status }) => status === 503,
        () => true, // refused
      ),
    );
    server().resume();
    await ended(example);
    await expectHandedOver(redis(), 'order-2');
  });

  it('without Redis listens, alive and not ready', async () => {
    await server().kill();
    const example = start('fastify', { REDIS_URL: server().url });
    const [, url] = await printed(example, /orders at (http:\S+),/);
    expect((await get(`${url}/livez`)).status).to.equal(200);
    expect((await get(`${url}/readyz`)).status).to.equal(503);
    await server().restart();
    await eventually('it is ready', async () => (await get(`${url}/readyz`)).status === 200);
    example.kill('SIGTERM');
    await ended(example);
  });

  it('ends with 1 when no waiting helps', async () => {
    await redis().config('SET', 'notify-keyspace-events', 'Kg');
    const example = start('fastify', { REDIS_URL: server().url });
    const { code } = await example.exit;
    await redis().config('SET', 'notify-keyspace-events', '');
    expect(code, outputOf(example)).to.equal(1);
    expect(example.stderr).to.include('KeyspaceConfigConflict');
  });
});
