/** What the application gives a runtime throws, in every way that there is: the runtime does what the contract says, and the process lives. */
import { expect } from 'chai';
import type { Logger } from '../../src/index.js';
import { type SimulatedWorld, simulate } from '../../src/simulation/index.js';
import { refuses, refusesLater } from '../support/hostile-values.js';

const SERVICE = 'orders';
const quick = { service: SERVICE, handlerBackoff: { initialMs: 1, maxMs: 1 } };

async function withWorld(test: (world: SimulatedWorld) => Promise<void>): Promise<void> {
  await using world = simulate({ seed: 5 });
  await test(world);
}

/** Neither `String()` nor a look at its message describes it. */
const thrown: readonly [what: string, make: () => unknown][] = [
  ['an object without toString', () => Object.create(null)],
  ['an object whose toString throws', () => ({ toString: refuses })],
  ['a symbol', () => Symbol('thrown')],
  ['undefined', () => undefined],
  ['an error whose message throws', () => Object.defineProperty(new Error(), 'message', { get: refuses })],
  ['a proxy that throws', () => new Proxy({}, { get: refuses, getPrototypeOf: refuses, has: refuses })],
];

describe('an application whose handler throws', () => {
  for (const [what, make] of thrown) {
    it(`${what} fails like one that throws an error [C-HAND-3, C-POI-2, C-APP-1]`, () =>
      withWorld(async (world) => {
        const lines: string[] = [];
        const line = (fields: object) => lines.push(JSON.stringify(fields));
        const logger: Logger = { debug: () => {}, info: () => {}, warn: line, error: line };
        const runtime = world.runtime({ ...quick, maxRetries: 1, logger });
        runtime.process(() => {
          throw make();
        });
        await world.announce('bad');
        await world.until(() => world.letters().length === 1);
        expect(runtime.snapshot().counters.handlerFailures).to.equal(2);
        expect(lines.filter((text) => text.includes('"stream":"bad"'))).to.have.length(2);
        expect(world.failures()).to.have.length(2);
        expect(runtime.state).to.equal('running');
      }));
  }
});

describe('an application whose logger throws', () => {
  it('gets everything that it would get without one [C-APP-2]', () =>
    withWorld(async (world) => {
      const logger: Logger = {
        debug: refuses,
        info: refusesLater,
        warn: refuses,
        error: refusesLater,
      };
      const runtime = world.runtime({ ...quick, logger });
      const done: string[] = [];
      runtime.process(({ name, retryCount }) => {
        if (retryCount === 0) throw new Error('logged as a warning');
        done.push(name);
      });
      await world.announce('one');
      await world.until(() => done.length === 1);
      world.outage('5 s');
      await world.advance('10 s');
      await world.announce('two');
      await world.until(() => done.length === 2);
      expect(runtime.health()).to.deep.include({ ready: true });
    }));
});

describe('an application whose schema answers with what throws', () => {
  it('finds the entries in the dead-letter stream, and reading goes on [C-POI-3]', () =>
    withWorld(async (world) => {
      const answers = [
        new Proxy({}, { get: refuses }),
        {
          get issues() {
            return refuses();
          },
        },
        null,
      ];
      const validate = () =>
        (answers.length === 0 ? { value: { fine: true } } : answers.shift()) as { value: object };
      const runtime = world.runtime({
        ...quick,
        infoSchema: { '~standard': { version: 1, vendor: 'test', validate } },
      });
      const owned: string[] = [];
      runtime.process(({ name }) => {
        owned.push(name);
      });
      for (const name of ['1', '2', '3', 'fine']) await world.announce(name);
      await world.until(() => owned.length === 1);
      expect(owned).to.deep.equal(['fine']);
      await world.until(() => world.letters().length === 3);
      expect(runtime.snapshot().failures).to.deep.equal([]);
    }));
});

describe('an application that listens to a stream in many places', () => {
  it('hears of no leak [C-APP-3]', () =>
    withWorld(async (world) => {
      const warnings: Error[] = [];
      const note = (warning: Error) => warnings.push(warning);
      process.on('warning', note);
      try {
        const runtime = world.runtime({ service: SERVICE });
        let heard = 0;
        runtime.process(async ({ signal }) => {
          for (let at = 0; at < 20; at += 1) signal.addEventListener('abort', () => (heard += 1));
          await world.sleep('1 h');
        });
        await world.announce('one');
        await world.until(() => runtime.owned('one') !== undefined);
        await world.advance('1 s');
        await world.stop(runtime);
        await new Promise((resolve) => setImmediate(resolve));
        expect(heard).to.equal(20);
        expect(warnings).to.deep.equal([]);
      } finally {
        process.off('warning', note);
      }
    }));
});
