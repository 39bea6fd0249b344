import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { close, listen } from '../../examples/http-service/closing.js';
import type { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { eventually } from '../support/eventually.js';
import { ended, expectHandedOver, outputOf, printed, useExamples } from '../support/examples.js';
import { get, post } from '../support/http.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('the example http-service', () => {
  const { start } = useExamples();
  const { server, redis } = useRedis();

  interface Service {
    readonly process: JsonLineProcess;
    readonly orders: string;
    readonly probes: string;
  }

  async function serve(example: JsonLineProcess): Promise<Service> {
    const [, probes = ''] = await printed(example, /probes at (http:\S+),/);
    const [, orders = ''] = await printed(example, /orders at (http:\S+),/);
    return { process: example, orders, probes };
  }

  const isReady = ({ probes }: Service) =>
    eventually('it is ready', async () => (await get(`${probes}/readyz`)).status === 200);

  async function atWork(service: Service, order: string): Promise<void> {
    await isReady(service);
    expect((await post(`${service.orders}/orders/${order}`)).status).to.equal(202);
    await eventually('somebody works on the order', async () =>
      String((await get(`${service.orders}/orders/${order}`)).body.state).startsWith('step'),
    );
  }

  it('processes what is announced, and says how it is', async () => {
    const service = await serve(start('http-service', { REDIS_URL: server().url }));
    await atWork(service, 'order-1');
    const { text } = await get(`${service.probes}/metrics`);
    const labels = '\\{[^}]*messaging_destination_name="orders-input"[^}]*\\}';
    expect(text).to.match(new RegExp(`^streamwarden_streams_owned${labels} 1$`, 'm'));
    expect(text).to.match(new RegExp(`^streamwarden_streams_capacity${labels} 100$`, 'm'));
    expect((await get(`${service.probes}/snapshot`)).body).to.include({ service: 'orders', owned: 1 });
    expect(await get(`${service.probes}/livez`)).to.deep.include({
      status: 200,
      body: { live: true, reasons: [] },
    });
    await printed(service.process, /order-1 is processed/);
    expect((await get(`${service.orders}/orders/order-1`)).body).to.deep.equal({
      order: 'order-1',
      state: 'processed',
    });
  });

  it('on SIGTERM is not ready, takes no request more, hands its streams over, and ends', async () => {
    const service = await serve(start('http-service', { REDIS_URL: server().url }));
    await atWork(service, 'order-1');
    // Nothing can be handed over until it answers again.
    await server().pause();
    service.process.kill('SIGTERM');
    const draining = await eventually('it drains', async () => {
      const answer = await get(`${service.probes}/readyz`);
      return String(answer.body.reasons).includes('the consumer is draining') ? answer : null;
    });
    expect(draining.status).to.equal(503);
    expect((await get(`${service.probes}/livez`)).status).to.equal(200);
    expect(
      ((await rejection(get(`${service.orders}/orders/order-1`))).cause as { code?: string }).code,
    ).to.equal('ECONNREFUSED');
    server().resume();
    await ended(service.process);
    expect(service.process.stdout).to.include('handed over: 1, abandoned: 0');
    await expectHandedOver(redis(), 'order-1');
  });

  it('asked again ends at once, and leaves its streams to the others', async () => {
    const service = await serve(start('http-service', { REDIS_URL: server().url }));
    await atWork(service, 'order-1');
    await server().pause();
    await eventually(
      'it ends',
      () => {
        service.process.kill('SIGTERM');
        return !service.process.running;
      },
      { everyMs: 100 },
    );
    await ended(service.process);
    server().resume();
    expect(service.process.stdout).to.include('handed over: 0, abandoned: 1');
  });

  it('without Redis is alive and not ready, at its start and later', async () => {
    await server().kill();
    const service = await serve(start('http-service', { REDIS_URL: server().url }));
    const isAway = () =>
      eventually('it is alive and not ready', async () => {
        const [live, ready] = [await get(`${service.probes}/livez`), await get(`${service.probes}/readyz`)];
        return live.status === 200 && ready.status === 503 && String(ready.body.reasons).includes('Redis');
      });
    await isAway();
    await server().restart();
    await isReady(service);
    await server().kill();
    await isAway();
    await server().restart();
    await isReady(service);
    service.process.kill('SIGTERM');
    await ended(service.process);
  });

  it('ends with 1 when no waiting helps', async () => {
    await redis().config('SET', 'notify-keyspace-events', 'Kg');
    const example = start('http-service', { REDIS_URL: server().url });
    const { code } = await example.exit;
    await redis().config('SET', 'notify-keyspace-events', '');
    expect(code, outputOf(example)).to.equal(1);
    expect(example.stderr).to.include('KeyspaceConfigConflict');
  });

  it('alone on a machine starts a Redis of its own, which outlasts a Ctrl-C until all is handed over', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streamwarden-example-'));
    const servers = async () =>
      (await readdir(directory)).filter((name) => name.startsWith('streamwarden-redis-'));
    const service = await serve(start('http-service', { TMPDIR: directory }, { leadsGroup: true }));
    await atWork(service, 'order-1');
    expect(await servers()).to.have.length(1);
    process.kill(-service.process.pid, 'SIGINT');
    // npx gets it too, and passes it on. Not the same signal here: two of a kind that wait are delivered as one.
    service.process.kill('SIGTERM');
    await ended(service.process);
    expect(service.process.stdout).to.include('handed over: 1, abandoned: 0');
    await eventually('its Redis is gone', async () => (await servers()).length === 0);
    await rm(directory, { recursive: true });
  });

  describe('closing a server', () => {
    it('has what is under way answered, and refuses what is new', async () => {
      const asked: ServerResponse[] = [];
      const web = createServer((_request, response) => asked.push(response));
      const url = await listen(web, '127.0.0.1', 0);
      const answer = get(url);
      await once(web, 'request');
      const closed = close(web, 60_000);
      expect(await rejection(get(url))).to.be.instanceOf(Error);
      asked[0]?.end('{"late":true}');
      expect((await answer).body).to.deep.equal({ late: true });
      await closed;
    });

    it('cuts off what is not answered in time', async () => {
      const web = createServer(() => {});
      const url = await listen(web, '127.0.0.1', 0);
      const cut = rejection(get(url));
      await once(web, 'request');
      await close(web, 1);
      expect(await cut).to.be.instanceOf(Error);
    });
  });
});
