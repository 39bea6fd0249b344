import { expect } from 'chai';
import { Axis, type Moment } from '../../src/inspector/page/model/axis.js';

/** Two lines at once, one a while later, one much later, one whose clock went back. */
const axis = new Axis([0, 0, 400, 10_400, 9_000].map((at) => ({ at: 1_000 + at })));

/** Played for so long, a tick of 40 ms at a time. */
function played(from: Moment, ms: number, speed: number, skipsQuiet: boolean): Moment {
  let moment = from;
  for (let passed = 0; passed < ms; passed += 40) moment = axis.advance(moment, 40, { speed, skipsQuiet });
  return moment;
}

describe('the time of a recording', () => {
  it('has its lines in real distances, and never goes back', () => {
    expect([axis.start, axis.end, axis.lasts]).to.deep.equal([1_000, 11_400, 10_400]);
    expect([0, 1, 2, 3, 4, 5].map((position) => axis.timeAt(position) - 1_000)).to.deep.equal([
      0, 0, 0, 400, 10_400, 10_400,
    ]);
    expect([999, 1_000, 1_399, 1_400, 11_399, 11_400].map((at) => axis.positionAt(at))).to.deep.equal([
      0, 2, 2, 3, 3, 5,
    ]);
    expect(axis.fractionAt(6_200)).to.equal(0.5);
    expect(axis.momentAt(0.5)).to.deep.equal({ at: 6_200, position: 3 });
    expect(axis.momentAt(-1).position).to.equal(2);
    expect(axis.momentAt(2)).to.deep.equal({ at: 11_400, position: 5 });
  });

  it('passes as fast as it is asked to', () => {
    const start = { at: 1_000, position: 2 };
    expect(played(start, 400, 1, false)).to.deep.equal({ at: 1_400, position: 3 });
    expect(played(start, 400, 0.1, false)).to.deep.equal({ at: 1_040, position: 2 });
    expect(played(start, 400, 10, false)).to.deep.equal({ at: 5_000, position: 3 });
    expect(played(start, 120, 100, false)).to.deep.equal({ at: 11_400, position: 5 });
  });

  it('is jumped over where nothing happens for long, with a rest before and after', () => {
    const line = { at: 1_400, position: 3 };
    expect(played(line, 280, 1, true)).to.deep.equal({ at: 1_680, position: 3 });
    const after = played(line, 400, 1, true);
    expect(after.at).to.be.within(11_100, 11_200);
    expect(played(line, 800, 1, true)).to.deep.equal({ at: 11_400, position: 5 });
    // At this speed it is over before one would be bored.
    expect(played(line, 40, 25, true)).to.deep.equal({ at: 2_400, position: 3 });
  });

  it('does not mind a recording in which no time passes, or of which nothing is known', () => {
    const still = new Axis([{ at: 5 }, { at: 5 }]);
    expect([still.lasts, still.fractionAt(5), still.positionAt(5)]).to.deep.equal([0, 1, 2]);
    const none = new Axis([]);
    expect([none.start, none.end, none.timeAt(0), none.positionAt(1)]).to.deep.equal([0, 0, 0, 0]);
    expect(none.advance({ at: 0, position: 0 }, 40, { speed: 1, skipsQuiet: true }).position).to.equal(0);
    const strange = new Axis([{ at: undefined as unknown as number }, { at: 7 }]);
    expect([strange.start, strange.end, strange.lasts]).to.deep.equal([0, 7, 7]);
  });
});
