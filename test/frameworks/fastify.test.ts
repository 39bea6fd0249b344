import { expect } from 'chai';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { type PluginOptions, streamwarden } from '../../src/frameworks/fastify/index.js';
import { loggerOf } from '../../src/frameworks/fastify/plugin.js';
import { createNames } from '../../src/redis/names.js';
import { eventually } from '../support/eventually.js';
import { frameworkOptions } from '../support/framework-options.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

describe('the plugin of Fastify', () => {
  const { server, redis } = useRedis();
  const open: FastifyInstance[] = [];

  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  function application(options: FastifyServerOptions = {}): FastifyInstance {
    const app = fastify(options);
    open.push(app);
    return app;
  }

  const options = (more: Partial<PluginOptions> = {}): PluginOptions => ({
    ...frameworkOptions(server().url),
    ...more,
  });

  it('starts with the application, handles what is announced, and hands over when the application closes [C-FRW-1, C-FRW-2]', async () => {
    const handled: unknown[] = [];
    let aborted: unknown;
    const app = application();
    app.register(streamwarden, {
      ...options(),
      concurrency: 2,
      handler: async ({ name, info, signal }) => {
        handled.push([name, info]);
        if (name === 'stays') {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          aborted = signal.reason;
          throw signal.reason;
        }
      },
    });
    await app.ready();
    const { runtime, producer, admin } = app.streamwarden;
    await producer.add('order-1', { region: 'eu' });
    await producer.add('stays');
    await eventually('both are begun', () => handled.length === 2);
    expect(handled).to.deep.equal([
      ['order-1', { region: 'eu' }],
      ['stays', null],
    ]);
    expect(await admin.fleet()).to.have.length(1);

    await app.close();
    expect(aborted).to.have.property('code', 'RuntimeStopped');
    expect(await runtime.closed).to.deep.equal({ error: null });
    // Given back, and not left to whoever finds it.
    const { lbs, group } = createNames({ service: 'orders' });
    expect(await redis().xpending(lbs, group)).to.have.property('0', 0);
    expect(await redis().xlen(lbs)).to.equal(1);
    for (const call of [() => producer.add('late'), () => admin.fleet()]) {
      expect(await rejection(call())).to.have.property('code', 'RuntimeStopped');
    }
  });

  it('answers probes where it is asked to [C-FRW-3]', async () => {
    const without = application();
    without.register(streamwarden, options());
    expect((await without.inject('/readyz')).statusCode).to.equal(404);

    const app = application();
    app.register(streamwarden, options({ probes: { ready: '/health/ready' } }));
    const get = async (path: string) => {
      const { statusCode, body } = await app.inject(path);
      return [statusCode, JSON.parse(body)];
    };
    await app.ready();
    await eventually('it is ready', async () => (await get('/health/ready'))[0] === 200);
    expect(await get('/health/ready')).to.deep.equal([200, { ready: true, reasons: [] }]);
    expect(await get('/livez')).to.deep.equal([200, { live: true, reasons: [] }]);

    await app.streamwarden.runtime.pause();
    const [status, { ready, reasons }] = await get('/health/ready');
    expect([status, ready, reasons.length]).to.deep.equal([503, false, 1]);
  });

  it('lets the application listen while Redis is away [C-FRW-1]', async () => {
    await server().kill();
    const app = application();
    app.register(streamwarden, options({ probes: true }));
    await app.ready();
    expect((await app.inject('/livez')).statusCode).to.equal(200);
    expect((await app.inject('/readyz')).statusCode).to.equal(503);
    await server().restart();
    await eventually('it is ready', async () => (await app.inject('/readyz')).statusCode === 200);
  });

  it("writes to the application's log, unless it is given another or the application has none [C-FRW-4]", async () => {
    const lines: string[] = [];
    const logged = application({
      logger: { level: 'info', stream: { write: (line: string) => lines.push(line) } },
    });
    logged.register(streamwarden, options());
    await logged.ready();
    await eventually('it runs', () => logged.streamwarden.runtime.state === 'running');
    expect(lines.map((line) => JSON.parse(line).consumer)).to.include(logged.streamwarden.runtime.consumer);

    const own: string[] = [];
    const note = (_fields: object, message: string) => void own.push(message);
    const other = application({
      logger: { level: 'info', stream: { write: (line: string) => lines.push(line) } },
    });
    lines.length = 0;
    other.register(streamwarden, options({ logger: { debug: note, info: note, warn: note, error: note } }));
    await other.ready();
    await eventually('it runs', () => other.streamwarden.runtime.state === 'running');
    expect(own).not.to.deep.equal([]);
    expect(lines.filter((line) => line.includes('consumer'))).to.deep.equal([]);

    expect(loggerOf(logged)).to.deep.equal({ logger: logged.log });
    expect(loggerOf(application())).to.deep.equal({});
  });

  it('refuses what is wrong when the application gets ready, before anything is connected [C-FRW-5]', async () => {
    for (const [wrong, message] of [
      [{ probes: 'yes' }, /expected probes to be true, false or an object with live and ready, got: "yes"/],
      [{ probes: { alive: '/x' } }, /unknown option alive/],
      [{ probes: { live: 'livez' } }, /expected probes\.live to be a path, got: "livez"/],
      [{ capacty: 3 }, /unknown option capacty; did you mean capacity\?/],
      [{ concurrency: 0, handler: () => {} }, /expected concurrency to be/],
    ] as const) {
      const app = application();
      app.register(streamwarden, options(wrong as object));
      const error = await rejection(Promise.resolve(app.ready()));
      expect(error).to.include({ code: 'InvalidOption' });
      expect((error as Error).message).to.match(message);
    }
  });

  it('is there once for each service, in a scope of its own [C-FRW-6]', async () => {
    const app = application();
    const handled: string[] = [];
    for (const service of ['orders', 'payments']) {
      app.register(async (scope) => {
        await scope.register(streamwarden, {
          ...options({ service }),
          prefix: '/ignored',
          handler: ({ name }) => handled.push(`${service} ${name}`),
        });
        scope.addHook('onReady', () => scope.streamwarden.producer.add('one').then(() => undefined));
      });
    }
    await app.ready();
    await eventually('both are handled', () => handled.length === 2);
    expect(handled.toSorted()).to.deep.equal(['orders one', 'payments one']);
  });
});
