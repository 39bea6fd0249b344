import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { drawSchedule } from '../../simulate/schedule.js';
import { FOUND } from './found.js';

/** About ten seconds of a processor. */
const [FIRST, LAST] = [12, 42];

function told({ violations }: Awaited<ReturnType<typeof runSchedule>>): string[] {
  return violations.map(({ atMs, clause, message }) => `${(atMs / 1000).toFixed(3)} s ${clause} ${message}`);
}

describe('fleets under all faults mixed', () => {
  it(`keep the contract under seeds ${FIRST} to ${LAST}`, async () => {
    const broken: string[] = [];
    for (let seed = FIRST; seed <= LAST; seed += 1) {
      const result = await runSchedule(drawSchedule(seed));
      broken.push(...told(result).map((violation) => `seed ${seed}: ${violation}`));
    }
    expect(broken).to.deep.equal([]);
  });
});

describe('schedules that once broke the contract', () => {
  for (const { reason, seeds, wishes } of FOUND) {
    it(reason, async () => {
      for (const seed of seeds)
        expect(told(await runSchedule(drawSchedule(seed, wishes))), `seed ${seed}`).to.deep.equal([]);
    });
  }
});
