import { expect } from 'chai';
import fc from 'fast-check';
import { batchEnd, lengthOfText, textBatches } from '../../src/redis/text-batches.js';

/** Names as producers choose them: mostly short, some as long as they may be. */
const names = fc.array(
  fc.oneof(fc.nat(200), fc.integer({ min: 1, max: 65_536 })).map((length) => 'n'.repeat(length)),
  { maxLength: 300 },
);

describe('what is sent in pieces', () => {
  it('is all of it, in its order, in pieces that hold up no heartbeat, as few as that takes [C-SIZE-1]', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 100 }), (all, most) => {
        const pieces = [...textBatches(all, most, lengthOfText)];
        expect(pieces.flat()).to.deep.equal(all);
        pieces.forEach((piece, index) => {
          const length = piece.join('').length;
          expect(piece.length).to.be.within(1, most);
          if (piece.length > 1) expect(length).to.be.at.most(65_536);
          const next = pieces[index + 1]?.[0];
          if (next !== undefined && piece.length < most) expect(length + next.length).to.be.above(65_536);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('ends where there is nothing', () => {
    expect([...textBatches([], 10, lengthOfText)]).to.deep.equal([]);
    expect(batchEnd(['a'], 1, 10, lengthOfText)).to.equal(1);
  });
});
