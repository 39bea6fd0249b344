import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import type { Kept } from '../../simulate/kept.js';
import { drawSchedule } from '../../simulate/schedule.js';

/** About ten seconds of a processor. */
const [FIRST, LAST] = [12, 42];
/** Each failed on the version before its fault was mended. */
const FOUND = new URL('./found/', import.meta.url);

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
  for (const file of readdirSync(FOUND)) {
    const { reason, schedule } = JSON.parse(readFileSync(new URL(file, FOUND), 'utf8')) as Kept;
    it(`${file}: ${reason}`, async () => {
      expect(told(await runSchedule(schedule))).to.deep.equal([]);
    });
  }
});
