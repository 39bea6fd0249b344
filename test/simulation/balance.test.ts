/** Fleets that share their streams out, in simulated time: processes join, are replaced and die; loads rise and fall. */
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { SHARING } from '../../simulate/mutants/aims.js';
import { drawSchedule } from '../../simulate/schedule.js';
import type { Runtime, RuntimeOptions, StreamHandle } from '../../src/index.js';
import { type SimulatedWorld, simulate } from '../../src/simulation/index.js';

const H = 2_000;
/** Heartbeats and rounds that everything there is to move takes at most, beside `settleMs` and the handlers' grace. */
const MOVED_WITHIN_MS = 6_000;

const owned = (runtime: Runtime) => runtime.snapshot().owned;
const sum = (counts: readonly number[]) => counts.reduce((all, one) => all + one, 0);

class Fleet {
  readonly world: SimulatedWorld;
  readonly all: Runtime[] = [];
  readonly crashed = new Set<Runtime>();
  readonly #options: Partial<RuntimeOptions>;

  constructor(world: SimulatedWorld, options: Partial<RuntimeOptions> = {}) {
    this.world = world;
    this.#options = options;
  }

  async start(
    options: Partial<RuntimeOptions> = {},
    handler: (stream: StreamHandle<unknown>) => Promise<void> = untilAborted,
  ): Promise<Runtime> {
    const runtime = this.world.runtime<unknown>({
      service: 'fleet',
      consumerId: `pod-${this.all.length}`,
      heartbeatMs: H,
      keyspaceEvents: 'off',
      notificationBuffer: 10_000,
      ...(this.#options as object),
      ...(options as object),
    });
    runtime.process(handler);
    await this.world.until(runtime.start());
    this.all.push(runtime);
    return runtime;
  }

  async announce(count: number): Promise<void> {
    // They know of each other.
    await this.world.advance(3 * H);
    const producer = this.world.producer({ service: 'fleet' });
    await this.world.until(
      producer.addMany(Array.from({ length: count }, (_, n) => ({ name: `stream-${n}` }))),
    );
    await this.world.until(producer.close());
  }

  get living(): Runtime[] {
    return this.all.filter((runtime) => runtime.state === 'running' && !this.crashed.has(runtime));
  }

  counts(): number[] {
    return this.living.map(owned);
  }

  /** How often each stream has had an owner. */
  owners(): Map<string, number> {
    const times = new Map<string, number>();
    for (const runtime of this.all) {
      for (const told of this.world.told(runtime)) {
        if (told.type === 'StreamAdded') times.set(told.stream, (times.get(told.stream) ?? 0) + 1);
      }
    }
    return times;
  }

  moves(): number {
    return sum(
      this.all.map(
        (runtime) => this.world.told(runtime).filter(({ type }) => type === 'StreamMoving').length,
      ),
    );
  }
}

async function untilAborted({ signal }: StreamHandle<unknown>): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

describe('a fleet that shares its streams out', () => {
  it('keeps the contract while processes come and go, and everything else befalls them [C-BAL-5]', async () => {
    const { kinds: _kinds, ...others } = SHARING;
    const sometimes = { everyMs: 200, settleMs: 500 };
    let moved = 0;
    for (const [seed, wishes] of [
      [5, SHARING],
      [6, SHARING],
      [2, { ...others, shape: { ...others.shape, balance: sometimes } }],
      [6, { ...others, shape: { ...others.shape, balance: sometimes } }],
    ] as const) {
      const trace = (line: string) => {
        if (line.includes('is told StreamMoving')) moved += 1;
      };
      const { violations } = await runSchedule(drawSchedule(seed, wishes), { trace });
      expect(violations, `seed ${seed}`).to.deep.equal([]);
    }
    expect(moved).to.be.at.least(3);
  });

  it('gives one that joins its share within 10 s, moves nothing else, and nothing twice [C-BAL-1, C-BAL-2]', async () => {
    await using world = simulate({ seed: 1 });
    const fleet = new Fleet(world);
    for (let n = 0; n < 3; n += 1) await fleet.start();
    await fleet.announce(300);
    await world.until(() => sum(fleet.counts()) === 300);
    await world.advance(20_000);
    expect(fleet.moves(), 'moved before').to.equal(0);
    await fleet.start();
    await world.advance(10_000);
    for (const count of fleet.counts()) expect(count).to.be.within(68, 82);
    await world.advance(60_000);
    expect(fleet.moves()).to.be.within(68, 79);
    expect(Math.max(...fleet.owners().values())).to.equal(2);
  });

  it('has moved each stream once when all processes have been replaced, new ones first', async () => {
    await using world = simulate({ seed: 2 });
    const fleet = new Fleet(world);
    for (let n = 0; n < 10; n += 1) await fleet.start();
    await fleet.announce(200);
    await world.until(() => sum(fleet.counts()) === 200);
    await world.advance(20_000);
    const before = fleet.owners();
    for (const old of [...fleet.all]) {
      await fleet.start();
      // Ready for a moment, as `minReadySeconds` has it.
      await world.advance(3_000);
      await world.stop(old);
      await world.until(() => sum(fleet.counts()) === 200);
      await world.advance(15_000);
    }
    const times = [...fleet.owners()].map(([name, count]) => count - (before.get(name) ?? 0));
    expect(Math.max(...times), 'moves of one stream').to.be.at.most(2);
    expect(sum(times) / 200, 'moves of a stream, on average').to.be.at.most(1.1);
    for (const count of fleet.counts()) expect(count).to.be.within(15, 25);
  });

  it('does not swing to and fro while loads rise and fall for ten minutes [C-BAL-6]', async () => {
    await using world = simulate({ seed: 3 });
    const fleet = new Fleet(world);
    const { clock } = world;
    for (let n = 0; n < 4; n += 1) {
      const runtime: Runtime = await fleet.start({
        // Each stream is some work, and how much it is changes all the time, by a fifth.
        load: () => owned(runtime) * 10 * (0.8 + 0.4 * clock.random()),
      });
    }
    await fleet.announce(200);
    await world.until(() => sum(fleet.counts()) === 200);
    await world.advance(60_000);
    const before = fleet.moves();
    await world.advance(600_000);
    expect(fleet.moves() - before, 'moved in ten minutes').to.be.at.most(10);
    for (const count of fleet.counts()) expect(count).to.be.within(40, 60);
  });

  it('keeps nothing waiting for a handler that ignores its signal [C-BAL-3]', async () => {
    await using world = simulate({ seed: 4 });
    const fleet = new Fleet(world, { handOverGraceMs: 30_000 });
    await fleet.start({}, async (stream) => {
      await untilAborted(stream);
      if (stream.name === 'stream-39') await world.sleep('1 h');
    });
    await fleet.announce(40);
    await world.until(() => sum(fleet.counts()) === 40);
    const second = await fleet.start();
    await world.advance(3_000 + MOVED_WITHIN_MS);
    expect(owned(second)).to.be.within(18, 20);
    // It stays where it is until its grace is over, and everybody has its share then.
    await world.advance(40_000);
    expect(owned(second)).to.be.within(19, 21);
  });

  it('gives what a dead one had to those that have most room', async () => {
    await using world = simulate({ seed: 5 });
    const fleet = new Fleet(world, { balance: 'off' });
    const [victim] = [await fleet.start(), await fleet.start(), await fleet.start()];
    await fleet.announce(300);
    await world.until(() => sum(fleet.counts()) === 300);
    const fresh = await fleet.start();
    await world.advance(10_000);
    fleet.crashed.add(victim as Runtime);
    world.crash(victim as Runtime);
    await world.until(() => sum(fleet.counts()) === 300);
    expect(fleet.moves()).to.equal(0);
    expect(owned(fresh)).to.be.within(85, 110);
  });

  it('goes by weights [C-BAL-1]', async () => {
    await using world = simulate({ seed: 6 });
    const fleet = new Fleet(world);
    await fleet.start({ weight: 1 });
    await fleet.announce(120);
    await world.until(() => sum(fleet.counts()) === 120);
    await fleet.start({ weight: 2 });
    await fleet.start({ weight: 3 });
    await world.advance(3_000 + MOVED_WITHIN_MS);
    const [one, two, three] = fleet.counts();
    expect(one).to.be.within(18, 22);
    expect(two).to.be.within(36, 44);
    expect(three).to.be.within(54, 66);
  });
});
