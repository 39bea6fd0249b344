/** Entry ids have 64 bits on both sides, and numbers of Lua 53. */
import { expect } from 'chai';
import fc from 'fast-check';
import { compareFencingTokens } from '../../src/core/entry-id.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import { useRedis } from '../support/redis.js';

const HALF = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** The same half, or one that is next to it: where rounding makes them equal. */
const PAIR = fc
  .tuple(HALF, fc.constantFrom(0n, 0n, 1n, -1n, 512n))
  .map(([half, by]) => [half, (half + by + 2n ** 64n) % 2n ** 64n] as const);

describe('the order of entry ids', () => {
  const suite = useRedis();

  it('is in the scripts what it is on this side, up to the largest id there is [C-ADD-7, C-ENS-1]', async () => {
    const { source } = SCRIPTS['prune-owners'];
    const library = source.slice(0, source.indexOf('local cleared'));
    await fc.assert(
      fc.asyncProperty(PAIR, PAIR, async ([aMs, bMs], [aSequence, bSequence]) => {
        const [a, b] = [`${aMs}-${aSequence}`, `${bMs}-${bSequence}`];
        const isNewer = await suite
          .redis()
          .eval(`${library} return isNewer(ARGV[1], ARGV[2]) and 1 or 0`, 0, a, b);
        expect(isNewer === 1, `${a} and ${b}`).to.equal(compareFencingTokens(a, b) > 0);
      }),
      { numRuns: 300 },
    );
  });
});
