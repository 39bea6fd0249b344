import { expect } from 'chai';
import type { StopMode } from '../../src/index.js';
import { composeRuntime } from '../../src/runtime/runtime.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { hangingMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

/** Sockets and timers that keep the process alive. */
async function resourcesNow(): Promise<Record<string, number>> {
  // Mocha starts the timer of a test when its function has returned a promise.
  await new Promise((resolve) => setImmediate(resolve));
  return resources();
}

function resources(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0, TCPConnectWrap: 0, Timeout: 0 };
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind in counts) counts[kind] = (counts[kind] as number) + 1;
  }
  return counts;
}

/** A socket that was destroyed is closed within a few turns of the loop. No timer runs out in so many, however slow the machine is. */
const AT_ONCE = 100;

/** The test's own timers come and go: what matters is that there comes a moment with no more than before. */
async function nothingMoreThan(
  before: Record<string, number>,
  turns = Number.POSITIVE_INFINITY,
): Promise<void> {
  const excess = () => {
    const now = resources();
    return Object.keys(now).filter((kind) => (now[kind] as number) > (before[kind] as number));
  };
  const deadline = performance.now() + hangingMs();
  for (let turn = 0; excess().length > 0 && turn < turns && performance.now() < deadline; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(excess(), `${JSON.stringify(before)} → ${JSON.stringify(resources())}`).to.deep.equal([]);
}

describe('a runtime that has stopped', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const proxy = useFaultProxy(suite);

  const ours = async () => {
    const list = (await suite.redis().client('LIST')) as string;
    return list.split('\n').filter((line) => line.includes('name=streamwarden:'));
  };

  async function oneLife(mode: StopMode): Promise<void> {
    const runtime = composeRuntime(crew.options(), {});
    const actors = new Map<string, number>();
    const count = (path: string, by: number) => actors.set(path, (actors.get(path) ?? 0) + by);
    runtime.seam.on('actorStarted', ({ path }) => count(path, 1));
    runtime.seam.on('actorEnded', ({ path }) => count(path, -1));
    await runtime.start();
    await crew.announce('one', 'two', 'three');
    await eventually('the streams are owned', () => [...runtime.ownedStreams()].length === 3);
    await runtime.owned('two')?.done();
    if (mode === 'finish') for (const stream of runtime.ownedStreams()) void stream.done();
    await runtime.stop({ mode });
    // These two are made with the runtime, before anybody can listen.
    count('consumer', 1);
    count('supervisor', 1);
    expect([...actors].filter(([, open]) => open !== 0)).to.deep.equal([]);
    expect(actors.size).to.be.at.least(8);
  }

  for (const mode of ['handOver', 'finish', 'abandon'] as const) {
    it(`(${mode}) leaves no socket, timer or actor behind [C-STOP-1]`, async () => {
      // What is made once and for all is made by the first life.
      await oneLife(mode);
      await suite.redis().flushall();
      const before = await resourcesNow();
      await oneLife(mode);
      await nothingMoreThan(before);
      await eventually('Redis lists none of its connections', async () => (await ours()).length === 0);
    });
  }

  it('leaves nothing behind when it was stopped while Redis was away [C-STOP-6]', async () => {
    const before = await resourcesNow();
    const runtime = composeRuntime(crew.options(), {});
    await runtime.start();
    await crew.announce('one');
    await eventually('the stream is owned', () => runtime.owned('one') !== undefined);
    await suite.server().pause();
    const report = await runtime.stop({ timeoutMs: 300 });
    expect(report.abandoned).to.deep.equal(['one']);
    await nothingMoreThan(before);
    suite.server().resume();
    await eventually('Redis lists none of its connections', async () => (await ours()).length === 0);
  });

  it('leaves nothing behind, at once, when it was stopped while Redis refused its connections [C-STOP-6]', async () => {
    const before = await resourcesNow();
    const runtime = composeRuntime(crew.options({ redis: proxy().url }), {});
    await runtime.start();
    await crew.announce('one');
    await eventually('the stream is owned', () => runtime.owned('one') !== undefined);
    proxy().refuse();
    await eventually('it has heard of it', () => !runtime.health().ready);
    const report = await runtime.stop({ timeoutMs: 100 });
    expect(report.abandoned).to.deep.equal(['one']);
    await nothingMoreThan(before, AT_ONCE);
    await eventually('Redis lists none of its connections', async () => (await ours()).length === 0);
  });

  it('leaves nothing behind when it was stopped while it waited for Redis to come up', async () => {
    const before = await resourcesNow();
    await suite.server().pause();
    const runtime = composeRuntime(crew.options(), {});
    const starting = runtime.start();
    await new Promise((resolve) => setImmediate(resolve));
    await runtime.stop();
    expect(await starting).to.equal('stopped');
    await nothingMoreThan(before);
    suite.server().resume();
    await eventually('Redis lists none of its connections', async () => (await ours()).length === 0);
  });

  it('leaves nothing behind, 100 times over', async () => {
    const live = async () => {
      const runtime = composeRuntime(crew.options(), {});
      await runtime.start();
      await runtime.stop();
    };
    await live();
    const before = await resourcesNow();
    for (let cycle = 0; cycle < 100; cycle += 10) {
      await Promise.all(Array.from({ length: 10 }, live));
    }
    await nothingMoreThan(before);
    await eventually('Redis lists none of their connections', async () => (await ours()).length === 0);
    const consumers = await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group);
    expect(consumers).to.deep.equal([]);
    expect(await suite.redis().keys('*presence*')).to.deep.equal([]);
  });
});
