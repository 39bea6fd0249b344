/** Fleets with a stream that kills whoever begins with it: it falls, and at most two others with it. */
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { POISONED } from '../../simulate/mutants/aims.js';
import { drawSchedule, type Wishes } from '../../simulate/schedule.js';

function fleetOf(processes: number, more: Wishes = {}): Wishes {
  return { ...POISONED, ...more, shape: { ...POISONED.shape, ...more.shape, processes } };
}

describe('a poison in a simulated fleet', () => {
  for (const processes of [1, 3, 10]) {
    it(`of ${processes} processes falls alone [C-POI-11]`, async () => {
      const { violations } = await runSchedule(drawSchedule(1, fleetOf(processes)));
      expect(violations).to.deep.equal([]);
    });
  }

  it('that takes longer than the first window falls alone as well [C-POI-11]', async () => {
    const shape = { poisonMs: 3_000, faultMs: 60_000, calmMs: 300_000 };
    const { violations } = await runSchedule(drawSchedule(1, fleetOf(3, { shape })));
    expect(violations).to.deep.equal([]);
  });

  it('falls beside another one, and while the network is broken [C-POI-11]', async () => {
    const kinds = { cut: 2, halfOpenReader: 1, stall: 1 };
    const wishes = fleetOf(3, { kinds, mostFaults: 10, shape: { poisons: 2 } });
    const { violations } = await runSchedule(drawSchedule(1, wishes));
    expect(violations).to.deep.equal([]);
  });
});
