import { expect } from 'chai';
import type { DataFacts } from '../../../src/redis/data-facts.js';
import { TrimWatch } from '../../../src/runtime/entries/trim-watch.js';

/** A stream of entries 1-0, 2-0, … of which these are left. */
function facts(left: readonly number[], added: number, deleted = 0): DataFacts {
  return {
    length: left.length,
    lastId: `${added}-0`,
    firstId: left[0] === undefined ? null : `${left[0]}-0`,
    added,
    removedId: `${deleted}-0`,
    newestId: left.length > 0 ? `${left.at(-1)}-0` : null,
    isEnded: false,
  };
}

const before70 = (facts70: DataFacts): DataFacts => ({
  ...facts70,
  added: null,
  removedId: null,
});

describe('what was removed before it was read', () => {
  it('is none while entries are only added, read and dealt with [C-DATA-9]', () => {
    const watch = new TrimWatch('0-0');
    expect(watch.judge(facts([1, 2, 3], 3), '3-0')).to.equal(undefined);
    watch.read(2);
    expect(watch.judge(facts([3, 4, 5], 5), '5-0')).to.equal(undefined);
    // Its owner deletes what it has dealt with, the last one as well.
    expect(watch.judge(facts([], 5, 5), '5-0')).to.equal(undefined);
    watch.read(1);
    expect(watch.judge(facts([7], 7, 6), '6-0')).to.equal(undefined);
  });

  it('is counted where the place of the last one is known [C-DATA-9]', () => {
    const watch = new TrimWatch('0-0');
    expect(watch.judge(facts([1, 2, 3], 3), '3-0')).to.equal(undefined);
    // 4 to 7 have come and gone; 8 and 9 are left.
    expect(watch.judge(facts([8, 9], 9), '3-0')).to.deep.equal({ after: '3-0', first: '8-0', missed: 4 });
    expect(watch.judge(facts([8, 9], 9), '3-0')).to.equal(undefined);
    watch.read(2);
    expect(watch.judge(facts([8, 9], 9), '9-0')).to.equal(undefined);
  });

  it('is counted afterwards where it went while what is behind it was read [C-DATA-9]', () => {
    const watch = new TrimWatch('0-0');
    watch.judge(facts([1, 2], 2), '2-0');
    // 3 to 6 went, 7 and 8 came in an answer.
    watch.read(2);
    expect(watch.judge(facts([7, 8], 8), '8-0')).to.deep.equal({ after: '2-0', first: null, missed: 4 });
  });

  it('is told without a number by one who begins behind a position that is gone [C-DATA-9]', () => {
    expect(new TrimWatch('3-0').judge(facts([8, 9], 9), '3-0')).to.deep.equal({
      after: '3-0',
      first: '8-0',
      missed: null,
    });
    // It is there still, and one behind it was deleted.
    expect(new TrimWatch('3-0').judge(facts([3, 9], 9, 5), '3-0')?.missed).to.equal(null);
    // It was the last one, and nothing has come.
    expect(new TrimWatch('3-0').judge(facts([], 3), '3-0')).to.equal(undefined);
    // Everything that came is gone.
    expect(new TrimWatch('3-0').judge(facts([], 9), '3-0')).to.deep.include({ first: null });
  });

  it('is told once before Redis 7.0, where only the first entry that is left says something [C-DATA-9]', () => {
    const watch = new TrimWatch('3-0');
    expect(watch.judge(before70(facts([8, 9], 9)), '3-0')).to.deep.equal({
      after: '3-0',
      first: '8-0',
      missed: null,
    });
    expect(watch.judge(before70(facts([8, 9], 9)), '3-0')).to.equal(undefined);
    expect(new TrimWatch('3-0').judge(before70(facts([3, 4], 4)), '3-0')).to.equal(undefined);
  });
});
