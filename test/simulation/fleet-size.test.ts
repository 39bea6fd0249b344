/** Fleets in simulated time, small and large: how soon a killed owner's streams have another. */
import { expect } from 'chai';
import { simulate } from '../../src/simulation/index.js';

const H = 2_000;
const STREAMS = 50;

/** A thousand take eight minutes: `FLEET_SIZES=1000 npx mocha --timeout 0 test/simulation/fleet-size.test.ts`. */
const SIZES = (process.env.FLEET_SIZES ?? '3,40').split(',').map(Number);

/** From the kill to the last stream's being another's, in simulated milliseconds. */
async function reownedMs(size: number): Promise<number> {
  await using world = simulate({ seed: size });
  const create = (consumerId: string) =>
    world.runtime({ service: 'fleet', consumerId, heartbeatMs: H, keyspaceEvents: 'off' });
  const victim = create('victim');
  await world.until(victim.start());
  for (let n = 0; n < STREAMS; n += 1) await world.announce(`stream-${n}`);
  await world.until(() => victim.snapshot().owned === STREAMS);
  const others = Array.from({ length: size - 1 }, (_, n) => create(`member-${n}`));
  await world.until(Promise.all(others.map((runtime) => runtime.start())));
  // Nobody takes anything at first; then each has scanned once.
  await world.advance(4 * H);
  const killedAt = world.now;
  world.crash(victim);
  await world.until(() => others.reduce((sum, runtime) => sum + runtime.snapshot().owned, 0) === STREAMS);
  return world.now - killedAt;
}

describe('the streams of a killed owner', () => {
  for (const size of SIZES) {
    it(`have another within 0.6 s of the end of its presence, in a fleet of ${size} [C-EXP-2, C-EXP-9]`, async () => {
      expect(await reownedMs(size)).to.be.at.most(H + 600);
    });
  }
});
