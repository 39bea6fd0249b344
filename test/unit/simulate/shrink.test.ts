import { expect } from 'chai';
import { drawSchedule, type Schedule } from '../../../simulate/schedule.js';
import { kindOf, shrink } from '../../../simulate/shrink.js';

/** A schedule with enough to leave out. */
const SCHEDULE = drawSchedule(4, { announcements: 12, kinds: { cut: 1, stop: 1 }, shape: { processes: 4 } });

describe('a schedule that shows a violation', () => {
  it('is made as small as it gets, and still shows it', async () => {
    const faults = [...SCHEDULE.faults, ...SCHEDULE.faults];
    const schedule = { ...SCHEDULE, faults };
    const [needed, entry] = [faults[1], SCHEDULE.announcements[5]];
    const shows = async (tried: Schedule) =>
      tried.faults.includes(needed as never) &&
      tried.announcements.includes(entry as never) &&
      tried.shape.processes >= 2;
    const { schedule: small, part } = await shrink(schedule, shows);
    expect(small.announcements).to.deep.equal([entry]);
    expect(small.faults).to.deep.equal([needed]);
    expect(small.shape).to.deep.equal({ ...SCHEDULE.shape, processes: 2 });
    expect(part.announcements).to.deep.equal([5]);
    expect(await shows(small)).to.equal(true);
  });

  it('stays as it is when nothing less shows it', async () => {
    const { schedule: small } = await shrink(SCHEDULE, async (tried) => tried === SCHEDULE);
    expect(small).to.deep.equal(SCHEDULE);
  });

  it('is tried no more often than allowed', async () => {
    let tries = 0;
    const { runs } = await shrink(
      SCHEDULE,
      async () => {
        tries += 1;
        return false;
      },
      5,
    );
    expect([tries, runs]).to.deep.equal([5, 5]);
  });
});

describe('the kind of a violation', () => {
  it('is the same where only names, ids and times differ', () => {
    const one = {
      clause: 'C-OVL-1',
      message: 'two certain workers on order-3: c1~772a8b24 (1800000000353-0), 12.5 ms',
    };
    const other = {
      clause: 'C-OVL-1',
      message: 'two certain workers on order-1: c0~0eb6df03 (1800000002867-1), 3 ms',
    };
    expect(kindOf(one)).to.equal(kindOf(other));
    expect(kindOf({ ...one, clause: 'C-ADD-1' })).not.to.equal(kindOf(one));
  });
});
