import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type * as Library from '../../src/index.js';
import type * as Inspector from '../../src/inspector/index.js';
import type * as Simulation from '../../src/simulation/index.js';
import type * as Testing from '../../src/testing/index.js';

const DIST = new URL('../../dist/', import.meta.url);
const require = createRequire(import.meta.url);

describe('ES modules and CommonJS of the package in one process', () => {
  const modules = async <T>(file: string) => (await import(new URL(file, DIST).href)) as T;
  const commonJs = <T>(file: string) => require(fileURLToPath(new URL(`cjs/${file}`, DIST))) as T;

  it('have classes of errors that are one to instanceof, and subclasses that are not', async () => {
    const a = await modules<typeof Library>('index.js');
    const b = commonJs<typeof Library>('index.js');
    expect(a.StreamwardenError).not.to.equal(b.StreamwardenError);
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      let thrown: unknown;
      try {
        one.createRuntime({ redis: 'redis://127.0.0.1:1', service: '', consumerId: 'me' });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(other.StreamwardenError);
      expect(thrown).to.be.instanceOf(one.StreamwardenError);
      expect(other.isStreamwardenError(thrown, 'InvalidOption')).to.equal(true);
      expect(new one.UnrecoverableError('no')).to.be.instanceOf(other.UnrecoverableError);
      expect(new one.UnrecoverableError('no')).not.to.be.instanceOf(other.StreamwardenError);
      class Own extends other.StreamwardenError {}
      expect(thrown).not.to.be.instanceOf(Own);
      expect(new Own('InvalidState', 'own')).to.be.instanceOf(Own).and.instanceOf(one.StreamwardenError);
      for (const nothing of [null, undefined, 'text', {}, new Error('plain')]) {
        expect(nothing instanceof other.StreamwardenError).to.equal(false);
      }
    }
    const testing = [
      await modules<typeof Testing>('testing/index.js'),
      commonJs<typeof Testing>('testing/index.js'),
    ];
    expect(new (testing[0] as typeof Testing).LauncherError('StartFailed', 'no')).to.be.instanceOf(
      testing[1]?.LauncherError,
    );
    const simulation = commonJs<typeof Simulation>('simulation/index.js');
    const { SimulationError } = await modules<typeof Simulation>('simulation/index.js');
    expect(new SimulationError('NotReached', 'no')).to.be.instanceOf(simulation.SimulationError);
  });

  it('know of each other: an inspector shows the runtime of the other one, a scenario of one is asserted by the other', async () => {
    const { createRuntime } = await modules<typeof Library>('index.js');
    const { createInspector } = commonJs<typeof Inspector>('inspector/index.js');
    const runtime = createRuntime({ redis: 'redis://127.0.0.1:1', service: 'orders', consumerId: 'me' });
    const inspector = await createInspector();
    try {
      inspector.attach(runtime);
      const reply = await fetch(inspector.url);
      expect(await reply.text()).to.include('<html');
    } finally {
      await inspector.close();
      await runtime.stop();
    }
    const { scenario } = await modules<typeof Testing>('testing/index.js');
    const { assertReplays } = commonJs<typeof Testing>('testing/index.js');
    assertReplays(scenario('empty'));
  });

  it('have one list of the servers that are open', async () => {
    const { trackServer, untrackServer } = await modules<typeof import('../../src/testing/open-servers.js')>(
      '../.cache/modules/testing/open-servers.js',
    );
    const { openServers } = commonJs<typeof Testing>('testing/index.js');
    const server = { port: 1, dir: '/', stop: async () => {} };
    trackServer(server);
    expect(openServers()).to.include(server);
    untrackServer(server);
    expect(openServers()).not.to.include(server);
  });

  it('both simulate', async () => {
    const file = 'simulation/index.js';
    for (const { simulate } of [await modules<typeof Simulation>(file), commonJs<typeof Simulation>(file)]) {
      const world = simulate({ seed: 1 });
      const seen: string[] = [];
      const runtime = world.runtime({ service: 'orders', consumerId: 'a' });
      runtime.process((stream) => void seen.push(stream.name));
      await world.announce('order-1');
      await world.advance('10 s');
      await world.end();
      expect(seen).to.deep.equal(['order-1']);
    }
  });
});
