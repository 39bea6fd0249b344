/**
 * A stream that kills whoever begins with it, among others that have nothing to do with it. `npm test` looks at one fleet and 200 others;
 * `npm run test:long`, which CI runs as well, at fleets of 1, 3 and 10 processes and 1,000 others.
 */
import { expect } from 'chai';
import { useCrew } from '../support/crew.js';
import { deadLetters } from '../support/dead-letters.js';
import { eventually } from '../support/eventually.js';
import { isLong } from '../support/long.js';
import { hangingMs } from '../support/pace.js';
import { PoisonedFleet } from '../support/poisoned-process.js';
import { useRedis } from '../support/redis.js';
import { streamNames } from '../support/runtimes.js';

const INNOCENTS = isLong ? 1_000 : 200;
const SIZES = isLong ? [1, 3, 10] : [3];
const MOST_INNOCENTS = 2;

describe('a stream that kills its process 100 ms after it begins', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  let fleet: PoisonedFleet | undefined;

  afterEach(async () => {
    await fleet?.end();
  });

  for (const size of SIZES) {
    it(`falls alone among ${INNOCENTS} others, with ${size} processes that are started again [C-POI-11]`, async () => {
      const names = streamNames(INNOCENTS);
      await suite.redis().xgroup('CREATE', crew.lbs, crew.group, '0', 'MKSTREAM');
      await crew.announce(...names.slice(0, INNOCENTS / 2), 'poison', ...names.slice(INNOCENTS / 2));
      const begunAt = performance.now();
      const seconds = () => ((performance.now() - begunAt) / 1_000).toFixed(1);
      fleet = await PoisonedFleet.start(size, {
        options: crew.options(),
        poison: 'poison',
        killsAfterMs: 100,
      });
      const fallen = await eventually(
        'the poison is dead-lettered',
        async () => {
          const letters = (await deadLetters(suite.redis(), crew.dlq)).map(({ fields }) => ({
            name: JSON.parse(fields['lbs-input'] ?? '{}').DataStreamName as string,
            reason: fields._dlq_reason,
          }));
          return letters.some(({ name }) => name === 'poison') && letters;
        },
        { timeoutMs: hangingMs(300_000), everyMs: 250 },
      );
      const innocents = fallen.filter(({ name }) => name !== 'poison');
      const told = `${fleet.deaths} deaths in ${seconds()} s, ${innocents.length} innocents`;
      const why = [...new Set(innocents.map(({ reason }) => reason))].join(', ');
      expect(innocents.length, `${told}: ${why}`).to.be.at.most(MOST_INNOCENTS);
      // All the others are begun, and nobody falls any more.
      await eventually(
        'all others are owned',
        async () => (await suite.redis().hlen(`{${crew.lbs}}:owners`)) === 1 + INNOCENTS + 1 - fallen.length,
        { timeoutMs: hangingMs(300_000), everyMs: 250 },
      );
      if (process.env.SHOW_TIMES) console.log(`${told}; all are begun after ${seconds()} s`);
      expect(await suite.redis().xlen(crew.dlq)).to.equal(fallen.length);
      expect((await crew.history()).violations).to.deep.equal([]);
    });
  }
});
