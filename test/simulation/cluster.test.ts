/** Runtimes in a simulated world of several servers, and its servers beside real ones. */
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { drawSchedule } from '../../simulate/schedule.js';
import { createRuntime, type Runtime, type StreamHandler, UnrecoverableError } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import type { Producer } from '../../src/runtime/open-producer.js';
import { composeProducer } from '../../src/runtime/producer.js';
import type { SimulatedServer } from '../../src/simulation/server.js';
import { World } from '../../src/simulation/world.js';
import { useCluster } from '../support/cluster.js';

const names = createNames({ service: 'orders' });
const STREAMS = ['order-1', 'order-2', 'order-3', 'order-4'];

function stand() {
  const thrown: unknown[] = [];
  const world = new World({
    seed: 1,
    latencyMs: 2,
    cluster: { servers: 3, home: names.lbs },
    onThrown: (error) => thrown.push(error),
    hooks: { executed() {} },
  });
  const started = async (handler: StreamHandler): Promise<Runtime> => {
    const process = world.process('a');
    const runtime = createRuntime({
      redis: world.redisFor(process),
      clock: process.clock,
      service: 'orders',
      consumerId: 'a',
      telemetry: false,
      maxRetries: 0,
      onError: () => {},
    });
    runtime.process(handler);
    const starting = runtime.start();
    await world.timeline.run(world.timeline.now + 500);
    await starting;
    return runtime;
  };
  const produce = async <T>(act: (producer: Producer) => Promise<T>) => {
    const process = world.process('producer');
    const producer = composeProducer(
      { redis: world.redisFor(process), service: 'orders', telemetry: false },
      process.clock,
    );
    const acting = act(producer);
    await world.timeline.run(world.timeline.now + 500);
    return await acting;
  };
  const announce = (...streams: string[]) =>
    produce((producer) => Promise.all(streams.map((stream) => producer.add(stream))));
  return { world, thrown, started, announce, produce };
}

/** Works until its signal aborts. */
const steady: StreamHandler = ({ signal }) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

/** What a server answers, whatever the network is like. */
function ask(server: SimulatedServer, ...command: string[]): unknown {
  let answer: unknown;
  server.redis.connect().execute(command, (reply) => {
    answer = reply;
  });
  return answer;
}

describe('a runtime in a simulated cluster', () => {
  it('has its keys where their slots are', async () => {
    const { world, thrown, started, announce } = stand();
    const runtime = await started(steady);
    await announce(...STREAMS);
    expect([...runtime.ownedStreams()].map(({ name }) => name)).to.have.members(STREAMS);
    const locks = [...runtime.ownedStreams()].map(({ name, id }) => names.lock(name, id));
    for (const lock of locks) expect(ask(world.serverOf(lock), 'EXISTS', lock)).to.equal(1);
    expect(new Set(locks.map((lock) => world.serverOf(lock))).size).to.be.above(1);
    expect(world.serverOf(names.lbs)).to.equal(world.server);
    expect(runtime.health()).to.deep.equal({ live: true, ready: true, reasons: [] });
    expect(thrown).to.deep.equal([]);
  });

  it('reads entries wherever they are, several slots of one server at once [C-DATA-12]', async () => {
    const { thrown, started, produce } = stand();
    const seen: string[] = [];
    const runtime = await started(async (stream) => {
      for await (const { fields } of stream.entries({ trim: 'committed' }))
        seen.push(`${stream.name} ${fields.n}`);
    });
    const streams = Array.from({ length: 8 }, (_, at) => `order-${at}`);
    await produce((producer) =>
      producer.appendMany(streams.flatMap((name) => [1, 2].map((n) => ({ name, fields: { n } })))),
    );
    expect(seen.sort()).to.deep.equal(streams.flatMap((name) => [`${name} 1`, `${name} 2`]));
    await produce((producer) => Promise.all(streams.map((name) => producer.end(name))));
    expect(runtime.snapshot().counters.finished).to.equal(streams.length);
    expect(thrown).to.deep.equal([]);
  });

  it('keeps its streams while the server of their locks is away [C-UNC-1]', async () => {
    const { world, thrown, started, announce } = stand();
    const runtime = await started(steady);
    await announce(...STREAMS);
    for (const server of world.servers.slice(1)) server.restart(10_000, { keepData: true });
    await world.timeline.run(world.timeline.now + 8_000);
    expect([...runtime.ownedStreams()].filter(({ signal }) => !signal.aborted)).to.have.length(
      STREAMS.length,
    );
    await world.timeline.run(world.timeline.now + 8_000);
    expect(runtime.health()).to.deep.equal({ live: true, ready: true, reasons: [] });
    expect(thrown).to.deep.equal([]);
  });

  it('writes dead letters when their server is back [C-POI-4]', async () => {
    const { world, thrown, started, announce } = stand();
    const letters = world.serverOf(names.dlq);
    expect(letters).not.to.equal(world.server);
    await started(() => {
      throw new UnrecoverableError('no try can succeed');
    });
    letters.restart(10_000, { keepData: true });
    await announce('order-1');
    await world.timeline.run(world.timeline.now + 8_000);
    expect(ask(letters, 'XLEN', names.dlq)).to.equal(0);
    expect(ask(world.server, 'XLEN', names.lbs)).to.equal(1);
    await world.timeline.run(world.timeline.now + 60_000);
    expect(ask(letters, 'XLEN', names.dlq)).to.equal(1);
    expect(ask(world.server, 'XLEN', names.lbs)).to.equal(0);
    expect(thrown).to.deep.equal([]);
  });
});

describe('fleets in a simulated cluster', () => {
  it('keep the contract while its servers fail one at a time', async () => {
    const kinds = { serverRestart: 2, serverStall: 2, failover: 1, dataLoss: 1, refuse: 1, cut: 1, crash: 1 };
    const broken: string[] = [];
    for (const seed of [1, 2, 3]) {
      const { violations } = await runSchedule(drawSchedule(seed, { kinds, shape: { servers: 3 } }));
      broken.push(...violations.map(({ clause, message }) => `seed ${seed}: ${clause} ${message}`));
    }
    expect(broken).to.deep.equal([]);
  });
});

describe('a simulated master answers as a real one', () => {
  const suite = useCluster({ masters: 3, replicasPerMaster: 0 });

  /** Without what is of one cluster: its ports. */
  const text = (reply: unknown) => String((reply as { message?: string }).message ?? reply);
  const masked = (reply: unknown) => text(reply).replace(/\d+(\.\d+){3}:\d+/, 'a master');

  it('to what is not its own [C-CON-1]', async () => {
    const { world } = stand();
    const masters = await suite.cluster().masters();
    const slots = await Promise.all(masters.map(async (one) => new Set(await suite.cluster().slotsOf(one))));
    // The same share of the slots.
    const real = masters[slots.findIndex((own) => own.has(suite.cluster().slotOf(names.lbs)))];
    const key = STREAMS.find((name) => world.serverOf(name) !== world.server) as string;
    const commands = [
      ['GET', key],
      ['EXISTS', names.lbs, key],
      ['EVAL', 'return 1', '2', names.lbs, key],
      ['ASKING'],
    ];
    for (const command of commands) {
      const [name, ...args] = command as [string, ...string[]];
      const answered = await real?.call(name, ...args).catch((error: unknown) => error);
      const simulated = ask(world.server, ...command) as { status?: string };
      expect(masked(simulated.status ?? simulated), command.join(' ')).to.equal(masked(answered));
    }
  });
});
