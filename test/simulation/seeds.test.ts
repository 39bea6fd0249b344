import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { FaultKind } from '../../simulate/fault-kinds.js';
import { runSchedule } from '../../simulate/fleet.js';
import type { Kept } from '../../simulate/kept.js';
import { drawSchedule, type Schedule } from '../../simulate/schedule.js';

/** A few seconds of a processor; `npm run simulate` goes through as many others as one wants, and CI through new ones. */
const [FIRST, LAST] = [1, 8];
/** Each failed on the version before its fault was mended. */
const FOUND = new URL('./found/', import.meta.url);

async function brokenBy(schedule: Schedule): Promise<string[]> {
  return told(await runSchedule(schedule)).map((violation) => `seed ${schedule.seed}: ${violation}`);
}

function told({ violations }: Awaited<ReturnType<typeof runSchedule>>): string[] {
  return violations.map(({ atMs, clause, message }) => `${(atMs / 1000).toFixed(3)} s ${clause} ${message}`);
}

describe('fleets under all faults mixed', () => {
  it(`keep the contract under seeds ${FIRST} to ${LAST}`, async () => {
    const broken: string[] = [];
    for (let seed = FIRST; seed <= LAST; seed += 1) {
      broken.push(...(await brokenBy(drawSchedule(seed))));
    }
    expect(broken).to.deep.equal([]);
  });
});

describe('fleets whose connections are all ended before a heartbeat is over', () => {
  it('keep the contract, also where it takes long to make them again [C-EXP-7, C-DEG-1]', async () => {
    const broken: string[] = [];
    for (const [seed, rejecting] of [
      [22, 0],
      [25, 0.5],
    ] as const) {
      broken.push(...(await brokenBy(drawSchedule(seed, { shape: { connectionLifeMs: 900, rejecting } }))));
    }
    expect(broken).to.deep.equal([]);
  });
});

describe('fleets keep the contract, and no more is excepted than it says, under', () => {
  async function brokenByOnly(kind: FaultKind): Promise<string[]> {
    const broken: string[] = [];
    for (const seed of [1, 2, 3])
      broken.push(...(await brokenBy(drawSchedule(seed, { kinds: { [kind]: 1 }, mostFaults: 4 }))));
    return broken;
  }

  it('a Redis clock that is set, either way [C-OVL-8]', async () => {
    expect(await brokenByOnly('serverClock')).to.deep.equal([]);
  });

  it('groups, consumers and data that go, one after the other [C-OUT-5, C-LOST-3, C-OVL-6]', async () => {
    const kinds = { failover: 1, dataLoss: 1, destroyGroup: 1, deleteConsumer: 1 };
    const broken: string[] = [];
    for (const seed of [700_013, 700_016, 700_043, 700_050])
      broken.push(...(await brokenBy(drawSchedule(seed, { kinds }))));
    expect(broken).to.deep.equal([]);
  });

  it('what is no entry id in the hashes beside the stream [C-ADD-9]', async () => {
    expect(await brokenByOnly('garbage')).to.deep.equal([]);
  });

  it('a group that is set back [C-OUT-5]', async () => {
    expect(await brokenByOnly('setBack')).to.deep.equal([]);
  });

  it('entries with ids far ahead of the clock [C-ADD-7]', async () => {
    expect(await brokenByOnly('ahead')).to.deep.equal([]);
  });

  it('a failover that loses the last writes [C-OVL-6]', async () => {
    expect(await brokenByOnly('failover')).to.deep.equal([]);
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
