/** `streamwarden/simulation`, as the tests of applications use it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import { setTimeout as realSleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { expect } from 'chai';
import { isStreamwardenError, type StreamHandle } from '../../src/index.js';
import { type Duration, type SimulatedWorld, SimulationError, simulate } from '../../src/simulation/index.js';
import { rejection } from '../support/rejection.js';

const SERVICE = 'orders';

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return isStreamwardenError(error) || error instanceof SimulationError ? error.code : String(error);
  }
}

async function withWorld(test: (world: SimulatedWorld) => Promise<void>, seed = 7): Promise<void> {
  await using world = simulate({ seed });
  await test(world);
}

/** A handler that works for so long, and notes what becomes of it. */
function worker(world: SimulatedWorld, duration: Duration, notes: string[] = []) {
  return async ({ name, signal, retryCount }: StreamHandle) => {
    await Promise.race([
      world.sleep(duration),
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
    ]);
    notes.push(`${name} ${retryCount} ${signal.aborted ? 'aborted' : 'done'} at ${Math.floor(world.now)}`);
  };
}

describe('the published simulation', () => {
  it('runs a handler in simulated time, and says who owns what', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '10 min', notes));
      const id = await world.announce('order-1', { region: 'eu' });
      await world.advance('10 s');
      expect(world.owners().get('order-1')).to.deep.equal({
        consumerId: 'a',
        consumer: a.consumer,
        token: id,
      });
      expect(world.told(a).map(({ type }) => type)).to.deep.equal(['StreamAdded']);
      await world.until(() => notes.length > 0, { within: '20 min' });
      expect(notes[0]).to.match(/^order-1 0 done at 60\d{4}$/);
      await world.advance('1 s');
      expect(world.owners().size).to.equal(0);
      const { records, ends } = world.history();
      expect(records.map(({ op }) => op)).to.deep.equal(['acquired', 'finished']);
      expect(ends.finished).to.equal(1);
    }));

  it('gives the stream of a process that crashed to another one, and spends a retry', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      const b = world.runtime({ service: SERVICE, consumerId: 'b' });
      for (const runtime of [a, b]) runtime.process(worker(world, '20 s', notes));
      await world.announce('order-1');
      await world.until(() => world.owners().size === 1);
      const [owner, other] = world.owners().get('order-1')?.consumerId === 'a' ? [a, b] : [b, a];
      world.crash(owner);
      await world.until(() => world.owners().get('order-1')?.consumer === other.consumer, { within: '5 s' });
      await world.advance('30 s');
      expect(notes).to.have.length(1);
      expect(notes[0]).to.match(/^order-1 1 done/);
      expect(codeOf(() => world.freeze(owner))).to.equal('InvalidState');
    }));

  it('has the log say what a start waits for, after a second and every five [C-STA-2]', () =>
    withWorld(async (world) => {
      const said: number[] = [];
      const note = ({ waitedMs }: Readonly<Record<string, unknown>>) => {
        if (typeof waitedMs === 'number') said.push(Math.round(waitedMs / 1000));
      };
      world.outage('12 s');
      const logger = { debug: () => {}, info: () => {}, warn: note, error: () => {} };
      const a = world.runtime({ service: SERVICE, consumerId: 'a', logger });
      await world.until(() => a.state === 'running', { within: '20 s' });
      expect(said).to.deep.equal([1, 6, 11]);
    }));

  it('restarts a process with its handler and options, under another name in the group', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const first = world.runtime({ service: SERVICE, consumerId: 'a', heartbeatMs: 500 });
      first.process(worker(world, '5 s', notes));
      await world.announce('order-1');
      await world.advance('1 s');
      const second = world.restart(first);
      expect(second.consumer).to.match(/^a~/).and.not.equal(first.consumer);
      await world.advance('30 s');
      expect(notes).to.have.length(1);
    }));

  it('aborts the handler of a process that was frozen past its lease; a thaw lets it go on', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '1 min', notes));
      await world.announce('order-1');
      await world.until(() => world.owners().size === 1);
      const b = world.runtime({ service: SERVICE, consumerId: 'b' });
      b.process(worker(world, '1 s', notes));
      await world.advance('1 s');
      world.freeze(a);
      await world.advance('10 s');
      expect(notes).to.have.length(1);
      expect(notes[0]).to.match(/^order-1 1 done/);
      world.thaw(a);
      await world.advance('1 s');
      expect(notes[1]).to.match(/^order-1 0 aborted/);
      expect(world.told(a).at(-1)).to.include({ type: 'StreamDisowned', reason: 'takenOver' });
    }));

  it('blocks an event loop, and the streams stay where a heartbeat thread goes on [C-THR-1, C-THR-2]', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE, consumerId: 'a', heartbeat: 'thread' });
      a.process(worker(world, '15 s', notes));
      await world.announce('order-1');
      await world.until(() => world.owners().size === 1);
      const b = world.runtime({ service: SERVICE, consumerId: 'b' });
      b.process(worker(world, '1 s', notes));
      await world.advance('3 s');
      world.block(a, '10 s');
      await world.advance('9 s');
      expect([...a.ownedStreams()][0]?.validUntil).to.be.above(world.now);
      await world.advance('10 s');
      expect(notes).to.have.length(1);
      expect(notes[0]).to.match(/^order-1 0 done/);
      expect(world.told(a).map(({ type }) => type)).to.deep.equal(['StreamAdded']);
      expect(a.snapshot().lease).to.include({ keeps: 1, misses: 0, lapses: 0 });
    }));

  it('freezes for a time, and hurts nobody when that is short', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '1 s', notes));
      await world.announce('order-1');
      world.freeze(a, '500 ms');
      await world.advance('2 s');
      expect(notes).to.have.length(1);
      expect(world.told(a).map(({ type }) => type)).to.deep.equal(['StreamAdded']);
    }));

  for (const how of ['refused', 'silent'] as const) {
    it(`rides out an outage (${how})`, () =>
      withWorld(async (world) => {
        const a = world.runtime({ service: SERVICE, consumerId: 'a' });
        a.process(worker(world, '30 s'));
        await world.announce('order-1');
        await world.advance('1 s');
        world.outage('8 s', { how });
        await world.advance('20 s');
        const types = world.told(a).map(({ type }) => type);
        expect(types).to.deep.equal(['StreamAdded', 'StreamUncertain', 'StreamConfirmed']);
        await world.advance('20 s');
        expect(world.history().ends.finished).to.equal(1);
      }));
  }

  it('tells of data that an outage or a failover lost', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '1 min'));
      await world.announce('order-1');
      await world.advance('1 s');
      world.outage('1 s', { data: 'lost' });
      await world.advance('10 s');
      expect(world.told(a).at(-1)).to.include({ type: 'StreamDisowned', reason: 'entryGone' });
      world.failover({ lag: '1 s' });
      await world.announce('order-2');
      await world.advance('30 s');
      expect(world.owners().size).to.equal(0);
    }));

  it('cuts one process off, while another works on', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '1 min'));
      await world.announce('order-1');
      await world.until(() => world.owners().size === 1);
      const b = world.runtime({ service: SERVICE, consumerId: 'b' });
      b.process(worker(world, '1 min'));
      await world.advance('1 s');
      world.cut(a);
      await world.advance('5 s');
      expect(world.owners().get('order-1')?.consumerId).to.equal('a');
      world.cut(a, '10 s');
      await world.advance('8 s');
      expect(world.owners().get('order-1')?.consumerId).to.equal('b');
    }));

  it('shows what handlers threw, and the dead letter that comes of it', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE, consumerId: 'a', maxRetries: 1 });
      a.process(() => {
        throw new Error('no such order');
      });
      await world.announce('order-1', { region: 'eu' });
      await world.until(() => world.letters().length === 1);
      expect(world.failures().map(({ stream, error }) => `${stream}: ${String(error)}`)).to.deep.equal([
        'order-1: Error: no such order',
        'order-1: Error: no such order',
      ]);
      expect(world.letters()[0]).to.deep.include({
        name: 'order-1',
        info: { region: 'eu' },
        reason: 'max_retries_exceeded',
        retryCount: 2,
      });
    }));

  it('hands over in a stop, and reports it', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const a = world.runtime({ service: SERVICE });
      a.process(worker(world, '1 min', notes));
      await world.announce('order-1');
      await world.advance('1 s');
      expect(await world.stop(a)).to.deep.include({ mode: 'handOver', handedOver: 1 });
      expect(notes[0]).to.match(/aborted/);
      expect(await a.closed).to.deep.equal({ error: null });
    }));

  it('has producers and services of its own', () =>
    withWorld(async (world) => {
      const producer = world.producer({ service: 'bills' });
      const a = world.runtime({ service: SERVICE });
      a.process(worker(world, '1 s'));
      const ids = await world.until(producer.addMany([{ name: 'bill-1' }, { name: 'bill-2' }]));
      expect(ids).to.have.length(2);
      expect(codeOf(() => world.owners())).to.equal('InvalidOption');
      await world.announce('order-1', null, { service: SERVICE });
      await world.advance('5 s');
      expect(world.history({ service: SERVICE }).ends.finished).to.equal(1);
    }));

  it('gives out later, at most a second late, whoever dies meanwhile [C-DLY-1, C-DLY-2]', () =>
    withWorld(async (world) => {
      const begun: [name: string, at: number][] = [];
      const runtimes = ['a', 'b', 'c'].map((consumerId) => {
        const runtime = world.runtime({ service: SERVICE, consumerId });
        runtime.process(({ name }) => void begun.push([name, world.now]));
        return runtime;
      });
      await world.advance('5 s');
      const producer = world.producer({ service: SERVICE });
      const from = world.now;
      await world.until(
        producer.addMany([
          { name: 'soon', delayMs: 100 },
          { name: 'later', delayMs: 7_000 },
          { name: 'last', delayMs: 600_000 },
        ]),
      );
      await world.advance('5 s');
      // Of those that live it is the first that would see to it.
      for (const runtime of runtimes.slice(0, 2)) world.crash(runtime);
      await world.advance('10 min');
      expect(begun.map(([name]) => name)).to.deep.equal(['soon', 'later', 'last']);
      const late = begun.map(([, at], index) => at - from - ([100, 7_000, 600_000][index] ?? 0));
      for (const ms of late) expect(ms).to.be.within(0, 1_100);
    }));

  it('cancels what waits, is delayed or is owned, and takes none of it for lost [C-CAN-1, C-CAN-2]', () =>
    withWorld(async (world) => {
      const notes: string[] = [];
      const producer = world.producer({ service: SERVICE });
      await world.until(producer.addMany([{ name: 'waiting' }, { name: 'later', delayMs: 60_000 }]));
      const cancelled = await world.until(producer.cancelMany(['waiting', 'later']));
      expect(cancelled.map((one) => one.cancelled)).to.deep.equal(['waiting', 'delayed']);
      const a = world.runtime({ service: SERVICE, consumerId: 'a' });
      a.process(worker(world, '1 h', notes));
      await world.announce('owned');
      await world.until(() => world.owners().has('owned'));
      const at = world.now;
      await world.until(producer.cancel('owned'));
      await world.until(() => !world.owners().has('owned'));
      expect(world.now - at).to.be.below(2_000);
      expect(notes).to.have.length(1);
      expect(world.history().ends).to.include({ cancelled: 2, finished: 1 });
    }));

  it('lets a handler announce, and gives it the clock of its process', () =>
    withWorld(async (world) => {
      const seen: string[] = [];
      const a = world.runtime({ service: SERVICE });
      a.process(async ({ name }) => {
        const before = world.clock.monotonic();
        await new Promise<void>((resolve) => world.clock.setTimeout(resolve, 250));
        seen.push(`${name} ${Math.round(world.clock.monotonic() - before)}`);
        if (name === 'order-1') await world.announce('order-2');
      });
      await world.announce('order-1');
      await world.advance('2 s');
      expect(seen).to.deep.equal(['order-1 250', 'order-2 250']);
    }));

  it('does the same for the same seed, line for line, and something else for another', async () => {
    const run = async (seed: number): Promise<string> => {
      const world = simulate({ seed });
      const runtimes = ['a', 'b', 'c'].map((consumerId) => world.runtime({ service: SERVICE, consumerId }));
      for (const runtime of runtimes) runtime.process(worker(world, '4 s'));
      for (let n = 0; n < 10; n += 1) await world.announce(`order-${n}`);
      await world.advance('1 s');
      world.crash(runtimes[0] as (typeof runtimes)[0]);
      await world.advance('20 s');
      const { ms, steps } = await world.end();
      return [...world.trace(), ms, steps].join('\n');
    };
    const first = await run(7);
    expect(await run(7)).to.equal(first);
    expect(await run(8)).to.not.equal(first);
  });

  it('ends once, says which handlers ignored their signal, and does nothing afterwards', async () => {
    const world = simulate();
    const a = world.runtime({ service: SERVICE });
    a.process(() => new Promise(() => {}));
    await world.announce('order-1');
    await world.advance('1 s');
    world.outage('1 min');
    const report = await world.end();
    expect(report.stragglers).to.deep.equal(['order-1']);
    expect(await world.end()).to.equal(report);
    expect(await rejection(world.advance('1 s'))).to.include({ code: 'InvalidState' });
    expect(codeOf(() => world.runtime({ service: SERVICE }))).to.equal('InvalidState');
  });
});

describe('real work in the published simulation', () => {
  it('takes no simulated time: timers of Node.js, files, and what the world is told of', () =>
    withWorld(async (world) => {
      const took: number[] = [];
      const a = world.runtime({ service: SERVICE });
      a.process(async () => {
        const before = world.now;
        await realSleep(20);
        await readFile(new URL(import.meta.url));
        const answer = await world.real(async () => {
          await realSleep(20);
          return 42;
        });
        took.push(world.now - before, answer);
      });
      await world.announce('order-1');
      await world.advance('1 s');
      expect(took).to.deep.equal([0, 42]);
      expect(world.history().ends.finished).to.equal(1);
    }));

  it('goes on in the order in which it was begun, whichever is quicker', () =>
    withWorld(async (world) => {
      const order: string[] = [];
      const a = world.runtime({ service: SERVICE });
      a.process(async () => {
        await Promise.all(
          [30, 1].map(async (ms) => {
            await world.real(() => realSleep(ms));
            order.push(`${ms}`);
          }),
        );
      });
      await world.announce('order-1');
      await world.advance('1 s');
      expect(order).to.deep.equal(['30', '1']);
    }));

  it('that fails fails where it is awaited', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE, maxRetries: 0 });
      a.process(() => world.real(() => Promise.reject(new Error('no answer'))));
      await world.announce('order-1');
      await world.until(() => world.letters().length === 1);
      expect(world.failures()[0]?.error).to.have.property('message', 'no answer');
    }));

  it('that takes too long is an error that says who waits for what, and where it began', async () => {
    const cancelled = new AbortController();
    const world = simulate({ realLimitMs: 20 });
    const a = world.runtime({ service: SERVICE });
    a.process(async () => {
      await realSleep(60_000, undefined, { signal: cancelled.signal });
    });
    await world.announce('order-1');
    const error = await rejection(world.advance('10 s'));
    expect(error).to.be.instanceOf(SimulationError).and.to.include({ code: 'RealWork' });
    expect(error.message).to.match(
      /^the handler of order-1 \(consumer-1~\w+\) has waited for a timer of Node.js for 20 ms/,
    );
    expect((error.cause as Error).stack).to.contain('published.test.ts');
    await world.end();
    cancelled.abort();
  });

  it('that nobody knew of and that resumes a handler is an error', async () => {
    const world = simulate();
    let resume: (() => void) | undefined;
    const a = world.runtime({ service: SERVICE });
    a.process(async () => {
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
    });
    await world.announce('order-1');
    await world.advance('1 s');
    let asked = 0;
    const isNever = () => {
      asked += 1;
      if (asked === 2) setTimeout(() => resume?.(), 0);
      return false;
    };
    const error = await rejection(world.until(isNever, { within: '100 h' }));
    expect(error).to.include({ code: 'RealWork' });
    expect(error.message).to.match(/^the handler of order-1 .* was resumed by something real/);
    await world.end();
  });

  it('of the test itself may resume a handler while time stands still', () =>
    withWorld(async (world) => {
      let resume: (() => void) | undefined;
      const a = world.runtime({ service: SERVICE });
      a.process(async () => {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      });
      await world.announce('order-1');
      await world.until(() => resume !== undefined);
      resume?.();
      await world.advance('1 s');
      expect(world.history().ends.finished).to.equal(1);
    }));

  it('is followed while simulated time goes by, and nothing is afterwards: each promise of the process would pay for it', async () => {
    const followed = () => {
      const before = getHeapStatistics().used_global_handles_size;
      const promises = Array.from({ length: 10_000 }, () => Promise.resolve());
      return promises.length + getHeapStatistics().used_global_handles_size - before;
    };
    // As handlers of a runtime have it.
    const storage = new AsyncLocalStorage<string>();
    storage.run('used', () => undefined);
    const without = followed();
    await withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE });
      a.process(worker(world, '1 s'));
      await world.announce('order-1');
      await world.advance('2 s');
    });
    expect(followed() - without).to.be.below(10_000);
  });

  it('that does not keep a process alive is not waited for', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE });
      a.process(async ({ signal }) => {
        const deadline = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
        if (!deadline.aborted) await world.sleep('1 s');
      });
      await world.announce('order-1');
      await world.advance('5 s');
      expect(world.history().ends.finished).to.equal(1);
    }));
});

describe('mistakes in the published simulation', () => {
  it('in durations and options are said before anything happens', () =>
    withWorld(async (world) => {
      for (const wrong of ['10', '10s', '-1 s', 'soon', -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        const error = await rejection(world.advance(wrong as Duration));
        expect(error, String(wrong)).to.include({ code: 'InvalidOption' });
        expect(error.message).to.match(/^expected duration to be a number of milliseconds .*, got: /);
      }
      expect(codeOf(() => simulate({ seed: -1 }))).to.equal('InvalidOption');
      expect(codeOf(() => simulate({ latency: 0 }))).to.equal('InvalidOption');
      expect(codeOf(() => world.runtime({ service: SERVICE, heartbeatMs: 1 }))).to.equal('InvalidOption');
      const withRedis = { service: SERVICE, redis: 'redis://127.0.0.1' };
      expect(codeOf(() => world.runtime(withRedis))).to.equal('InvalidOption');
      expect(await rejection(world.announce('order-1', null, { service: 'bills' }))).to.include({
        code: 'InvalidOption',
      });
    }));

  it('two calls that let time go by at once are one too many', () =>
    withWorld(async (world) => {
      const first = world.advance('1 s');
      expect(await rejection(world.advance('1 s'))).to.include({ code: 'AlreadyRunning' });
      await first;
    }));

  it('what is never reached says which handlers run', () =>
    withWorld(async (world) => {
      const a = world.runtime({ service: SERVICE });
      a.process(worker(world, '1 h'));
      await world.announce('order-1');
      const error = await rejection(world.until(() => false, { within: '5 s' }));
      expect(error).to.include({ code: 'NotReached' });
      expect(error.message).to.contain('order-1 (consumer-1~');
    }));

  it('a runtime of another world is refused', () =>
    withWorld(async (world) => {
      const other = simulate();
      const stranger = other.runtime({ service: SERVICE });
      expect(codeOf(() => world.crash(stranger))).to.equal('InvalidState');
      await other.end();
    }));

  it('a runtime that cannot start fails the run, unless the test starts it itself', async () => {
    const world = simulate();
    world.runtime({ service: SERVICE, startTimeoutMs: 500 });
    world.outage('10 s');
    expect(await rejection(world.advance('5 s'))).to.include({ code: 'StartFailed' });
    const mine = world.runtime({ service: SERVICE, startTimeoutMs: 500 });
    expect(await rejection(world.until(mine.start()))).to.include({ code: 'StartTimeout' });
    await world.end();
  });
});
