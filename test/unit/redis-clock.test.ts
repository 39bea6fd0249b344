import { expect } from 'chai';
import fc from 'fast-check';
import { RedisClock } from '../../src/actors/recovery/redis-clock.js';

const TOLERANCE_MS = 500;

/** Readings one after the other: how long until the next is asked for, how long it is under way, when in between Redis read its clock. */
const readings = fc.array(
  fc.record({
    pauseMs: fc.nat(10_000),
    underWayMs: fc.nat(5_000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 2, maxLength: 30 },
);

/** What is said of each reading when the clock is set by so much before the reading at that place. */
function stepsOf(
  all: readonly { pauseMs: number; underWayMs: number; share: number }[],
  at: number,
  byMs: number,
) {
  const clock = new RedisClock(TOLERANCE_MS);
  let now = 1_000;
  return all.map(({ pauseMs, underWayMs, share }, index) => {
    const askedAt = now + pauseMs;
    const answeredAt = askedAt + underWayMs;
    now = answeredAt;
    const redisMs = 1_800_000_000_000 + askedAt + share * underWayMs + (index >= at ? byMs : 0);
    return clock.stepOf({ askedAt, answeredAt, redisMs });
  });
}

describe('the clock of Redis', () => {
  it('that is not set is never said to be, however late its answers come', () => {
    fc.assert(
      fc.property(readings, (all) => {
        expect(stepsOf(all, all.length, 0).every((step) => step === 0)).to.equal(true);
      }),
    );
  });

  it('that is set by more than answers may be late is noticed at once, with its direction, and once', () => {
    const far = fc.oneof(
      fc.integer({ min: 20_000, max: 400_000_000 }),
      fc.integer({ min: -400_000_000, max: -20_000 }),
    );
    fc.assert(
      fc.property(readings, far, fc.nat(), (all, byMs, place) => {
        const at = 1 + (place % (all.length - 1));
        const steps = stepsOf(all, at, byMs);
        expect(Math.sign(steps[at] as number)).to.equal(Math.sign(byMs));
        expect(Math.abs((steps[at] as number) - byMs)).to.be.at.most(10_001);
        expect(steps.filter((step) => step !== 0)).to.have.length(1);
      }),
    );
  });

  it('that is another one, after a switch, was not set', () => {
    const clock = new RedisClock(TOLERANCE_MS);
    expect(clock.stepOf({ askedAt: 0, answeredAt: 1, redisMs: 5_000 })).to.equal(0);
    clock.forget();
    expect(clock.stepOf({ askedAt: 2, answeredAt: 3, redisMs: 99_000 })).to.equal(0);
  });
});
