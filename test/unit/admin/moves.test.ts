import { expect } from 'chai';
import { changeIn, movesBetween } from '../../../src/admin/status/moves.js';

const member = (name: string, owned: number | null, handOver = 0) => ({ name, owned, handOver });

describe('who gave streams away between two looks, and who took them', () => {
  it('is told by how many each owned, with what was ordered, the largest change first [C-FLT-3]', () => {
    const before = [member('a', 100, 40), member('b', 20, -30), member('c', 5, -10)];
    const now = [member('a', 60), member('b', 50), member('c', 5)];
    expect(movesBetween(before, now)).to.deep.equal([
      { consumer: 'a', before: 100, now: 60, ordered: 40 },
      { consumer: 'b', before: 20, now: 50, ordered: -30 },
    ]);
  });

  it('tells who came and who went', () => {
    const moves = movesBetween([member('gone', 7)], [member('new', 3)]);
    expect(moves).to.deep.equal([
      { consumer: 'gone', before: 7, now: null, ordered: 0 },
      { consumer: 'new', before: null, now: 3, ordered: 0 },
    ]);
    expect(moves.map(changeIn)).to.deep.equal([-7, 3]);
  });

  it('says nothing of those of which nobody knows what they own', () => {
    expect(movesBetween([member('go', null)], [member('go', null)])).to.deep.equal([]);
    expect(movesBetween([member('quiet', null)], [member('quiet', 40)])).to.deep.equal([]);
  });
});
