import { expect } from 'chai';
import {
  ACTIVE_MS,
  dueAt,
  found,
  foundNothing,
  IDLE_MS,
  LookRate,
  type Pace,
} from '../../../src/actors/data/pace.js';

function newPace(): Pace {
  return { lookedAt: Number.NEGATIVE_INFINITY, foundAt: Number.NEGATIVE_INFINITY, delayMs: 0 };
}

/** Looks at what is empty from then on, at each time at which it is due; the times. */
function looks(pace: Pace, count: number): number[] {
  const at: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const now = Math.max(0, dueAt(pace));
    at.push(now);
    pace.lookedAt = now;
    foundNothing(pace, now);
  }
  return at;
}

describe('the pace of a data stream', () => {
  it('is looked at at once, and then ever less often, while nothing comes [C-DATA-13]', () => {
    expect(looks(newPace(), 9)).to.deep.equal([0, 8, 24, 56, 120, 248, 504, 789, 1074]);
  });

  it('is quick for a second after an entry has come', () => {
    const pace = newPace();
    pace.lookedAt = 0;
    found(pace, 0, false);
    const times = looks(pace, 140);
    const quick = times.filter((time) => time < 1000);
    expect(quick.length).to.equal(Math.ceil(1000 / ACTIVE_MS) - 1);
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    expect(Math.max(...gaps)).to.equal(IDLE_MS);
  });

  it('is slower where there are more looks than a process can afford [C-DATA-13]', () => {
    const rate = new LookRate();
    for (let at = 0; at <= 1000; at += 10) rate.looked(100, at);
    expect(rate.activeMs).to.equal(ACTIVE_MS);
    for (let at = 1010; at <= 1300; at += 10) rate.looked(2000, at);
    expect(rate.activeMs).to.be.within(12, 17);
    for (let at = 1310; at <= 3000; at += 10) rate.looked(10, at);
    expect(rate.activeMs).to.equal(ACTIVE_MS);
  });

  it('does not wait where there may be more', () => {
    const pace = newPace();
    pace.lookedAt = 5;
    found(pace, 5, true);
    expect(dueAt(pace)).to.equal(5);
  });
});
