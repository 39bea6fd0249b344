/** How often presence had lapsed is counted once for each time, whichever answers get lost. */
import { expect } from 'chai';
import { composeRuntime } from '../../src/runtime/runtime.js';
import type { CommandPhase } from '../../src/simulation/errands.js';
import { World } from '../../src/simulation/world.js';

const HEARTBEAT_MS = 1_000;

/** @returns lapses by the snapshot, and those that were told, after a process stood still for three heartbeats */
async function lapsesOf(lost?: { readonly nth: number; readonly phase: CommandPhase }) {
  const thrown: unknown[] = [];
  const world = new World({
    seed: 1,
    latencyMs: 2,
    onThrown: (error) => thrown.push(error),
    hooks: { executed() {} },
  });
  const { timeline } = world;
  const process = world.process('a');
  let hits = 0;
  if (lost !== undefined) {
    const hit = (): 'lost' => {
      hits += 1;
      return 'lost';
    };
    world.errands.aim(process, { label: 'raise', ...lost, hit });
  }
  const runtime = composeRuntime(
    {
      redis: world.redisFor(process),
      clock: process.clock,
      service: 'orders',
      consumerId: 'a',
      heartbeatMs: HEARTBEAT_MS,
      keyspaceEvents: 'off',
      telemetry: false,
    },
    {},
  );
  const told: number[] = [];
  runtime.seam.on('leaseLapsed', ({ lapses }) => told.push(lapses));
  const started = runtime.start();
  await timeline.run(500);
  await started;
  process.freeze(3 * HEARTBEAT_MS);
  await timeline.run(timeline.now + 8 * HEARTBEAT_MS);
  const { lapses, certain } = runtime.snapshot().lease;
  expect(certain, 'all is well again').to.equal(true);
  const stopped = runtime.stop();
  await timeline.run(timeline.now + 2 * HEARTBEAT_MS);
  await stopped;
  expect(thrown).to.deep.equal([]);
  return { lapses, told, hits };
}

describe('a lapse of presence', () => {
  it('is counted and told once', async () => {
    expect(await lapsesOf()).to.deep.equal({ lapses: 1, told: [1], hits: 0 });
  });

  it('is counted once although the answer to the raise that wrote presence again was lost, and the next one finds presence', async () => {
    expect(await lapsesOf({ nth: 2, phase: 'executed' })).to.deep.equal({ lapses: 1, told: [1], hits: 1 });
  });

  it('is counted once although the raise itself was lost', async () => {
    expect(await lapsesOf({ nth: 2, phase: 'arrived' })).to.deep.equal({ lapses: 1, told: [1], hits: 1 });
  });
});
