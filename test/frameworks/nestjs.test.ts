import 'reflect-metadata';
import { Injectable, type ModuleMetadata, Scope, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { expect } from 'chai';
import { HandlerFinder } from '../../src/frameworks/nestjs/handler-finder.js';
import {
  InjectAdmin,
  InjectHealth,
  InjectProducer,
  InjectRuntime,
  type ModuleOptions,
  runtimeToken,
  StreamHandler,
  type StreamHandlerOptions,
  type StreamwardenHealth,
  StreamwardenModule,
} from '../../src/frameworks/nestjs/index.js';
import type { Admin, Producer, Runtime, StreamHandle } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import { eventually } from '../support/eventually.js';
import { frameworkOptions } from '../support/framework-options.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

/** What the application of most tests is made of. */
@Injectable()
class Orders {
  readonly handled: string[] = [];
  readonly aborted: unknown[] = [];

  constructor(
    @InjectRuntime() readonly runtime: Runtime,
    @InjectProducer() readonly producer: Producer,
    @InjectAdmin() readonly admin: Admin,
    @InjectHealth() readonly health: StreamwardenHealth,
  ) {}

  @StreamHandler({ concurrency: 2 })
  async handle({ name, signal }: StreamHandle): Promise<void> {
    this.handled.push(name);
    if (name !== 'stays') return;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.aborted.push(signal.reason);
    throw signal.reason;
  }
}

/** A provider whose methods do nothing, each with the decorator. */
function handlers(...marked: StreamHandlerOptions[]): Type {
  class Idle {}
  for (const [index, options] of marked.entries()) {
    const value = () => {};
    const descriptor = { value, writable: true, configurable: true };
    Object.defineProperty(Idle.prototype, `handle${index}`, descriptor);
    StreamHandler(options)(Idle.prototype, `handle${index}`, descriptor);
  }
  Injectable()(Idle);
  return Idle;
}

describe('the module of NestJS', () => {
  const { server, redis } = useRedis();
  const open: { close(): Promise<void> }[] = [];

  afterEach(() => Promise.all(open.splice(0).map((app) => app.close())));

  const options = (more: Partial<ModuleOptions> = {}): ModuleOptions => ({
    ...frameworkOptions(server().url),
    ...more,
  });

  async function application(metadata: ModuleMetadata) {
    class AppModule {}
    const app = await NestFactory.createApplicationContext(
      { module: AppModule, ...metadata },
      { logger: false, abortOnError: false },
    );
    open.push(app);
    return app;
  }

  it('starts with the application, handles by a method, and hands over when the application closes [C-FRW-1, C-FRW-2]', async () => {
    const app = await application({ imports: [StreamwardenModule.forRoot(options())], providers: [Orders] });
    const orders = app.get(Orders);
    expect(orders.runtime.state).to.equal('running');
    await orders.producer.add('order-1');
    await orders.producer.add('stays');
    await eventually('both are begun', () => orders.handled.length === 2);
    expect(orders.handled).to.deep.equal(['order-1', 'stays']);
    expect(await orders.admin.fleet()).to.have.length(1);

    await app.close();
    expect(orders.aborted).to.have.length(1);
    expect(await orders.runtime.closed).to.deep.equal({ error: null });
    const { lbs, group } = createNames({ service: 'orders' });
    expect(await redis().xpending(lbs, group)).to.have.property('0', 0);
    expect(await redis().xlen(lbs)).to.equal(1);
    for (const call of [() => orders.producer.add('late'), () => orders.admin.fleet()]) {
      expect(await rejection(call())).to.have.property('code', 'RuntimeStopped');
    }
  });

  it('takes its options from a factory', async () => {
    @Injectable()
    class Configuration {
      readonly url = server().url;
    }
    class ConfigurationModule {}
    const app = await application({
      imports: [
        StreamwardenModule.forRootAsync({
          imports: [{ module: ConfigurationModule, providers: [Configuration], exports: [Configuration] }],
          inject: [Configuration],
          useFactory: async ({ url }: Configuration) => options({ redis: url }),
        }),
      ],
      providers: [Orders],
    });
    const orders = app.get(Orders);
    await orders.producer.add('order-1');
    await eventually('it is handled', () => orders.handled.includes('order-1'));
  });

  it('says how it is to the health checks of Terminus [C-FRW-3]', async () => {
    const app = await application({
      imports: [StreamwardenModule.forRoot(options()), TerminusModule.forRoot({ logger: false })],
      providers: [Orders],
    });
    const { health, runtime } = app.get(Orders);
    const checks = app.get(HealthCheckService);
    const good = await checks.check([() => health.live('alive'), () => health.ready()]);
    expect(good.details).to.deep.equal({
      alive: { status: 'up', reasons: [] },
      streamwarden: { status: 'up', reasons: [] },
    });
    await runtime.pause();
    const error = await rejection(checks.check([() => health.ready()]));
    expect(error).to.have.property('status', 503);
    expect(health.ready().streamwarden).to.have.property('status', 'down');
    expect(health.live().streamwarden).to.have.property('status', 'up');
  });

  it('fails where it cannot start, or lets the application go on without Redis [C-FRW-1]', async () => {
    await redis().config('SET', 'notify-keyspace-events', 'Kg');
    const failed = await rejection(
      application({ imports: [StreamwardenModule.forRoot(options())], providers: [Orders] }),
    );
    expect(failed).to.have.property('code', 'KeyspaceConfigConflict');
    await redis().config('SET', 'notify-keyspace-events', '');

    await server().kill();
    const app = await application({
      imports: [StreamwardenModule.forRoot(options({ awaitStart: false }))],
      providers: [Orders],
    });
    const { health } = app.get(Orders);
    expect(health.live().streamwarden.status).to.equal('up');
    expect(health.ready().streamwarden.status).to.equal('down');
    await server().restart();
    await eventually('it is ready', () => health.ready().streamwarden.status === 'up');
  });

  it('makes the application where its runtime is stopped while it starts', async () => {
    await server().kill();
    let runtime: Runtime | undefined;
    class Late {}
    const starting = application({
      imports: [StreamwardenModule.forRoot(options())],
      providers: [
        {
          provide: Late,
          inject: [runtimeToken()],
          useFactory: (of: Runtime) => {
            runtime = of;
            return new Late();
          },
        },
      ],
    });
    const of = await eventually('it starts', () => (runtime?.state === 'starting' ? runtime : null));
    await of.stop();
    await starting;
    expect(await of.closed).to.deep.equal({ error: null });
    await server().restart();
  });

  it("writes to Nest's log [C-FRW-4]", async () => {
    const lines: unknown[][] = [];
    const keep = (...said: unknown[]) => void lines.push(said);
    const app = await application({ imports: [StreamwardenModule.forRoot(options())], providers: [Orders] });
    app.useLogger({ log: keep, error: keep, warn: keep, debug: keep });
    const orders = app.get(Orders);
    orders.handled.push = () => {
      throw new Error('no room');
    };
    await orders.producer.add('order-1');
    const [text, ...others] = await eventually(
      'the failure is logged',
      () => lines.find(([text]) => String(text).includes('no room')) ?? null,
    );
    expect(text).to.match(/order-1/);
    expect(others.at(-1)).to.equal('streamwarden');
  });

  it('says so where Nest is older than what it works with', () => {
    const discovery = {} as ConstructorParameters<typeof HandlerFinder>[0];
    const scanner = {} as ConstructorParameters<typeof HandlerFinder>[1];
    expect(() => new HandlerFinder(discovery, scanner)).to.throw(
      'expected @nestjs/core to be of version 10 or newer, got: "an older one"',
    );
  });

  it('is there once for each service, by a name [C-FRW-6]', async () => {
    const handled: string[] = [];
    @Injectable()
    class Both {
      constructor(
        @InjectProducer('orders') readonly orders: Producer,
        @InjectProducer('payments') readonly payments: Producer,
      ) {}

      @StreamHandler({ name: 'orders' })
      order({ name }: StreamHandle): void {
        handled.push(`order ${name}`);
      }

      @StreamHandler({ name: 'payments' })
      payment({ name }: StreamHandle): void {
        handled.push(`payment ${name}`);
      }
    }
    const app = await application({
      imports: ['orders', 'payments'].map((name) =>
        StreamwardenModule.forRoot({ ...options({ service: name }), name }),
      ),
      // By two tokens, and one instance all the same.
      providers: [Both, { provide: 'alias', useExisting: Both }],
    });
    const both = app.get(Both);
    await both.orders.add('one');
    await both.payments.add('two');
    await eventually('both are handled', () => handled.length === 2);
    expect(handled.toSorted()).to.deep.equal(['order one', 'payment two']);
  });

  it('refuses what is wrong when the application is made, before anything is connected [C-FRW-5]', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest {
      @StreamHandler()
      handle(): void {}
    }
    for (const [providers, message, more] of [
      [
        [handlers({}, {})],
        /one method for the streams of the module 'default', got: "Idle.handle0, Idle.handle1"/,
      ],
      [
        [handlers({ name: 'payments' })],
        /@StreamHandler of Idle.handle0 to be for a StreamwardenModule of the application, got: "payments"/,
      ],
      [[OfRequest], /@StreamHandler of OfRequest.handle to be of a class that is made once/],
      [[handlers({ concurrency: 0 })], /expected concurrency to be/],
      [[], /unknown option capacty; did you mean capacity\?/, { capacty: 1 }],
    ] as const) {
      const made = application({
        imports: [StreamwardenModule.forRoot(options({ redis: 'redis://127.0.0.1:1', ...(more as object) }))],
        providers: [...providers],
      });
      const error = await rejection(made);
      expect(error).to.include({ code: 'InvalidOption' });
      expect((error as Error).message).to.match(message);
    }
  });
});
