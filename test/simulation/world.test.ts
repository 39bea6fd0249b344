import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { createRuntime } from '../../src/index.js';
import { composeProducer } from '../../src/runtime/producer.js';
import type { Aim } from '../../src/simulation/errands.js';
import type { Connection } from '../../src/simulation/network.js';
import type { SimulatedProcess } from '../../src/simulation/process.js';
import { World } from '../../src/simulation/world.js';

interface Stand {
  readonly world: World;
  readonly process: SimulatedProcess;
  readonly thrown: unknown[];
  /** A client that is connected. */
  connected(role?: string): Promise<Redis>;
  aim(aim: Aim<Connection>): void;
}

function stand(seed = 1): Stand {
  const thrown: unknown[] = [];
  const world = new World({
    seed,
    latencyMs: 2,
    onThrown: (error) => thrown.push(error),
    hooks: { executed() {} },
  });
  const process = world.process('a');
  return {
    world,
    process,
    thrown,
    async connected(role = 'commands') {
      const client = world.templateFor(process).duplicate({ connectionName: `test:${role}` });
      const up = client.connect();
      await world.timeline.run(world.timeline.now + 200);
      await up;
      return client;
    },
    aim: (aim) => world.errands.aim(process, aim),
  };
}

/** What a promise comes to within a time of the world. */
async function within<T>(world: World, ms: number, promise: Promise<T>): Promise<T | Error | 'nothing'> {
  let outcome: T | Error | 'nothing' = 'nothing';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error: Error) => {
      outcome = error;
    },
  );
  await world.timeline.run(world.timeline.now + ms);
  return outcome;
}

describe('a simulated process', () => {
  it('that wakes has what it missed in the order of an event loop: timers, what arrived, immediates', async () => {
    const { world, process } = stand();
    const { clock } = process;
    const heard: string[] = [];
    process.freeze(1_000);
    world.timeline.after(10, 1, process, () => heard.push('arrived first'));
    clock.setImmediate?.(() => heard.push('immediate'));
    clock.setTimeout(() => heard.push('later timer'), 500);
    clock.setTimeout(() => heard.push('timer'), 20);
    await world.timeline.run(999);
    expect(heard).to.deep.equal([]);
    await world.timeline.run(1_000);
    expect(heard).to.deep.equal(['timer', 'later timer', 'arrived first', 'immediate']);
  });

  it('on a suspended machine loses no time of its timers, and its wall clock jumps', async () => {
    const { world, process } = stand();
    const { clock } = process;
    const [wall, monotonic] = [clock.now(), clock.monotonic()];
    let firedAt = 0;
    clock.setTimeout(() => {
      firedAt = world.timeline.now;
    }, 100);
    process.suspend(5_000);
    await world.timeline.run(10_000);
    expect(firedAt).to.equal(5_100);
    expect(clock.now() - wall).to.equal(10_000);
    expect(clock.monotonic() - monotonic).to.equal(5_000);
  });

  it('on a machine that is suspended while it sleeps only sleeps on', async () => {
    const { world, process } = stand();
    const before = process.clock.monotonic();
    process.suspend(5_000);
    world.timeline.after(3_000, 0, undefined, () => process.suspend(4_000));
    world.timeline.after(4_000, 0, undefined, () => process.suspend(1_000));
    await world.timeline.run(10_000);
    expect(process.clock.monotonic() - before).to.equal(3_000);
  });

  it('settles every promise before anything else happens', async () => {
    const { world, process } = stand();
    const heard: number[] = [];
    world.timeline.after(1, 0, process, () => {
      void (async () => {
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        heard.push(1);
      })();
    });
    world.timeline.after(1, 0, process, () => heard.push(2));
    await world.timeline.run(2);
    expect(heard).to.deep.equal([1, 2]);
  });

  it('that has ended does nothing any more', async () => {
    const { world, process } = stand();
    let fired = false;
    process.clock.setTimeout(() => {
      fired = true;
    }, 10);
    process.end();
    await world.timeline.run(100);
    expect(fired).to.equal(false);
  });
});

describe('a simulated connection', () => {
  it('answers as ioredis does: values, pipelines, errors', async () => {
    const { world, connected } = stand();
    const client = await connected();
    expect(await within(world, 100, client.xadd('s', '*', 'k', 'ä'))).to.match(/^\d+-0$/);
    const replies = await within(
      world,
      100,
      client.pipeline().xrange('s', '-', '+').hget('s', 'x').exec() as Promise<
        [[null, [string, string[]][]], [Error, undefined]]
      >,
    );
    const [[, entries], [error]] = replies as [[null, [string, string[]][]], [Error, undefined]];
    expect(entries?.[0]?.[1]).to.deep.equal(['k', 'ä']);
    expect(error).to.be.an('error').with.property('name', 'ReplyError');
    expect(await within(world, 100, client.callBuffer('HGET', 's', 'x'))).to.be.an('error');
  });

  it('that is cut before a command is executed loses it; after, only its answer', async () => {
    for (const phase of ['arrived', 'executed'] as const) {
      const { world, connected, aim } = stand();
      const client = await connected();
      const hit = (connection: Connection) => {
        connection.cut();
        return undefined;
      };
      aim({ label: 'HSET', nth: 1, phase, hit });
      expect(await within(world, 100, client.hset('h', 'f', '1')), phase)
        .to.be.an('error')
        .with.property('message', 'Connection is closed.');
      const other = await connected();
      expect(await within(world, 100, other.hget('h', 'f'))).to.equal(phase === 'arrived' ? null : '1');
    }
  });

  it('given up by its client is served all the same until the server hears of it', async () => {
    const { world, connected } = stand();
    await within(world, 100, (await connected()).xgroup('CREATE', 's', 'g', '0', 'MKSTREAM'));
    const reader = await connected('reader');
    const read = reader.xreadgroup('GROUP', 'g', 'me', 'COUNT', 1, 'BLOCK', 5_000, 'STREAMS', 's', '>');
    read.catch(() => {});
    await world.timeline.run(world.timeline.now + 50);
    world.heardAfterMs = () => 1_000;
    reader.disconnect();
    const other = await connected();
    const id = await within(world, 100, other.xadd('s', '*', 'k', 'v'));
    const pending = await within(world, 100, other.xpending('s', 'g', '-', '+', 10));
    expect(pending).to.have.nested.property('[0][0]', id);
    expect(await within(world, 1, read)).to.be.an('error');
  });

  it('carries no more bytes than it can', async () => {
    const { world, connected } = stand();
    world.network.bytesPerMs = 100;
    const client = await connected();
    expect(await within(world, 400, client.hset('h', 'f', 'x'.repeat(50_000)))).to.equal('nothing');
    expect(await within(world, 300, client.hget('h', 'f'))).to.equal('nothing');
  });

  it('to a server that stands still is not made, and to one that is down is refused', async () => {
    const { world, process } = stand();
    world.server.stall(1_000);
    const client = () => world.templateFor(process).duplicate({ connectionName: 'test:commands' });
    expect(await within(world, 900, client().connect())).to.equal('nothing');
    await world.timeline.run(2_000);
    world.server.restart(1_000, { keepData: true });
    expect(await within(world, 100, client().connect()))
      .to.be.an('error')
      .with.property('message', 'connect ECONNREFUSED 10.0.0.1:6379');
  });
});

describe('a runtime in a simulated world', () => {
  it('is given what is announced, and finishes it, in virtual time', async () => {
    const { world, process, thrown } = stand();
    const runtime = createRuntime({
      redis: world.redisFor(process),
      clock: process.clock,
      service: 'orders',
      consumerId: 'a',
      telemetry: false,
    });
    const worked: string[] = [];
    runtime.process(async ({ name }) => {
      await new Promise<void>((resolve) => process.clock.setTimeout(resolve, 60_000));
      worked.push(name);
    });
    const other = world.process('producer');
    const producer = composeProducer(
      { redis: world.redisFor(other), service: 'orders', telemetry: false },
      other.clock,
    );
    const started = runtime.start();
    await world.timeline.run(500);
    await started;
    const added = producer.add('order-1');
    await world.timeline.run(61_000);
    await added;
    expect(worked).to.deep.equal(['order-1']);
    expect(runtime.health()).to.deep.equal({ live: true, ready: true, reasons: [] });
    const stopping = runtime.stop();
    const closing = producer.close();
    await world.timeline.run(62_000);
    await closing;
    expect(await stopping).to.deep.equal({ mode: 'handOver', handedOver: 0, stragglers: [], abandoned: [] });
    expect(thrown).to.deep.equal([]);
  });
});
