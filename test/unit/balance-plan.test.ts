/** Who hands over how much: what all have said is given, and nothing is asked for. */
import { expect } from 'chai';
import fc from 'fast-check';
import { levelOf, type Plan, planRound } from '../../src/actors/balance/plan.js';
import type { MemberRecord, FleetMemberSeen, RoundBegun } from '../../src/redis/fleet.js';
import { memberRecord } from '../support/member-record.js';

const NOW = 1_000_000;
const H = 2000;
const LIMITS = { maxMoves: 1000, maxShare: 0.1, settleMs: 3000 };

function member(name: string, other: Partial<MemberRecord> = {}, leftMs = H - 100): FleetMemberSeen {
  return {
    name,
    untilMs: NOW + leftMs,
    record: memberRecord({ heartbeatMs: H, ...other }),
    order: undefined,
  };
}

/** All have been there for long, and nothing is on its way. */
function begun(members: readonly FleetMemberSeen[], between = 0): RoundBegun {
  const owned = members.reduce((sum, { record }) => sum + (record?.owned ?? 0), 0);
  const look = { redisMs: NOW, token: 't', length: owned + between, members };
  const { round } = planRound({ ...look, round: undefined }, LIMITS);
  return { ...look, round: { ...round, changedAt: 0 } };
}

const orders = ({ orders: all }: Plan) =>
  Object.fromEntries([...all].map(([name, { count }]) => [name, count]));
const plan = (members: readonly FleetMemberSeen[], between = 0, limits = LIMITS) =>
  planRound(begun(members, between), limits);
const counts = (...owned: number[]) => owned.map((count, at) => member(`m${at}`, { owned: count }));

describe('a round of balancing', () => {
  it('has those above their share hand over as many as those below can take [C-BAL-2]', () => {
    expect(orders(plan(counts(100, 100, 100, 0)))).to.deep.equal({ m0: 25, m1: 25, m2: 25, m3: -75 });
    expect(plan(counts(100, 100, 100, 0)).figures).to.deep.equal({
      number: 2,
      members: 4,
      imbalance: 1,
      ordered: 75,
      waits: null,
    });
  });

  it('goes by weights [C-BAL-1]', () => {
    const members = [member('a', { owned: 100 }), member('b', { owned: 0, weight: 3 })];
    expect(orders(plan(members))).to.deep.equal({ a: 75, b: -75 });
  });

  it('goes by what load says, where it says something [C-BAL-1]', () => {
    const members = [
      member('a', { owned: 100, load: 300 }),
      member('b', { owned: 100, load: 100 }),
      member('c', { owned: 100, load: 200 }),
    ];
    expect(orders(plan(members))).to.deep.equal({ a: 50, b: -50 });
  });

  it('gives nobody more than its capacity [C-BAL-1]', () => {
    const members = [member('a', { owned: 100 }), member('b', { owned: 0, capacity: 10 })];
    expect(orders(plan(members))).to.deep.equal({ a: 10, b: -10 });
  });

  it('leaves alone who is near enough to its share, or within a stream of it [C-BAL-2]', () => {
    expect(orders(plan(counts(105, 100, 95)))).to.deep.equal({});
    expect(orders(plan(counts(3, 3, 2, 2)))).to.deep.equal({});
    expect(orders(plan(counts(2, 0)))).to.deep.equal({});
    expect(orders(plan(counts(4, 0)))).to.deep.equal({ m0: 2, m1: -2 });
  });

  it('counts what is on its way as that of those who have room [C-BAL-1]', () => {
    expect(orders(plan(counts(100, 100, 25), 75))).to.deep.equal({});
    expect(orders(plan(counts(100, 100, 0), 25))).to.deep.equal({ m0: 25, m1: 25, m2: -50 });
  });

  it('orders at most so many of each in one round [C-BAL-2]', () => {
    const limited = plan(counts(100, 60, 20), 0, { ...LIMITS, maxMoves: 5 });
    expect(orders(limited)).to.deep.equal({ m0: 5, m2: -5 });
  });

  it('takes nothing from those that hand nothing over now, and gives nothing to those that take nothing [C-BAL-6, C-BAL-7]', () => {
    const members = [
      member('off', { owned: 100, balances: false }),
      member('on', { owned: 80 }),
      member('paused', { owned: 0, isOpen: false }),
      member('open', { owned: 0 }),
    ];
    expect(orders(plan(members))).to.deep.equal({ on: 35, open: -35 });
  });

  describe('waits [C-BAL-5]', () => {
    const waits = (members: readonly FleetMemberSeen[], other: Partial<RoundBegun> = {}) => {
      const made = planRound({ ...begun(members), ...other }, LIMITS);
      expect(orders(made)).to.deep.equal({});
      return made.figures.waits;
    };
    const uneven = counts(100, 0);

    it('while somebody has come or gone just now', () => {
      const before = planRound({ ...begun([...uneven, member('gone')]) }, LIMITS).round;
      expect(waits(uneven, { round: { ...before, changedAt: 0 } })).to.match(/come or gone/);
      expect(waits(uneven, { round: undefined })).to.match(/come or gone/);
      const since = begun(uneven).round as NonNullable<RoundBegun['round']>;
      expect(waits(uneven, { round: { ...since, changedAt: NOW - 2999 } })).to.match(/come or gone/);
      expect(
        orders(planRound({ ...begun(uneven), round: { ...since, changedAt: NOW - 3000 } }, LIMITS)),
      ).to.deep.equal({ m0: 50, m1: -50 });
    });

    it('while what nobody owns changes: streams are being given out, and not all say yet what they have got', () => {
      const seen = begun(uneven);
      expect(waits(uneven, { ...seen, length: seen.length + 3 })).to.match(/being given out/);
      expect(orders(planRound({ ...seen, length: seen.length + 2 }, LIMITS))).to.deep.equal({
        m0: 49,
        m1: -49,
      });
    });

    it('while somebody is late with a heartbeat', () => {
      expect(waits([...uneven, member('late', { owned: 50 }, 700)])).to.equal(
        'the lease of late is uncertain',
      );
      expect(waits([...uneven, member('over', { owned: 50 }, -10)])).to.equal(
        'the lease of over is uncertain',
      );
    });

    for (const state of ['starting', 'recovering', 'draining']) {
      it(`while somebody is ${state}`, () => {
        expect(waits([...uneven, member('one', { state })])).to.equal(`one is ${state}`);
      });
    }

    it('for nobody where nobody has to hand anything over', () => {
      expect(waits([...counts(50, 50), member('late', { owned: 50 }, 700)])).to.equal(null);
    });
  });

  it('counts the time from when it sees that somebody has come or gone, and begins anew where the clock was set back', () => {
    const quiet = begun(counts(1, 1));
    expect(planRound(quiet, LIMITS).round.changedAt).to.equal(0);
    expect(planRound({ ...quiet, members: counts(1, 1, 1) }, LIMITS).round.changedAt).to.equal(NOW);
    const ahead = { ...(quiet.round as NonNullable<typeof quiet.round>), changedAt: NOW + 5 };
    expect(planRound({ ...quiet, round: ahead }, LIMITS).round.changedAt).to.equal(NOW);
  });

  it('holds still for twice the time that a step of a rollout takes, and no longer where processes only come [C-BAL-5]', () => {
    const stood = (of: readonly FleetMemberSeen[], agoMs: number, holdMs = LIMITS.settleMs) => {
      const { round } = planRound({ ...begun(of), round: undefined }, LIMITS);
      return { ...round, changedAt: NOW - agoMs, holdMs };
    };
    const holdOf = (members: readonly FleetMemberSeen[], round: RoundBegun['round']) =>
      planRound({ ...begun(members), round }, LIMITS).round.holdMs;
    const [two, three] = [counts(1, 1), counts(1, 1, 0)];
    expect(holdOf(three, stood(two, 7_000))).to.equal(3000);
    expect(holdOf(two, stood(three, 7_000))).to.equal(14_000);
    expect(holdOf(two, stood(three, 500))).to.equal(3000);
    expect(holdOf(two, stood(three, 20_000))).to.equal(30_000);
    expect(holdOf(two, stood(three, 30_001))).to.equal(3000);
    // One has come and another has gone between two rounds.
    expect(holdOf([...counts(1), member('new')], stood(two, 7_000))).to.equal(14_000);
    expect(holdOf(three, stood(two, 1_000, 14_000))).to.equal(14_000);
    expect(holdOf(three, stood(two, 30_001, 14_000))).to.equal(3000);
    const uneven = counts(100, 0);
    const late = planRound({ ...begun(uneven), round: stood(uneven, 13_999, 14_000) }, LIMITS);
    expect(late.figures.waits).to.match(/come or gone/);
    const calm = planRound({ ...begun(uneven), round: stood(uneven, 14_000, 14_000) }, LIMITS);
    expect(orders(calm)).to.deep.equal({ m0: 50, m1: -50 });
  });

  it('says for those that take what all of them have together', () => {
    const members = [
      member('a', { owned: 30, weight: 2 }),
      member('b', { owned: 10 }),
      member('full', { owned: 50, isOpen: false }),
    ];
    expect(plan(members).round).to.include({ weight: 3, ownedByOthers: 50, perStream: 1, lowest: 10 });
  });

  describe('whose orders are not known to have been heard', () => {
    const told = (ageMs: number, followed: number) => {
      const order = { number: 7, count: 50, at: NOW - ageMs };
      const [from, to] = counts(100, 0) as [FleetMemberSeen, FleetMemberSeen];
      const record = memberRecord({ heartbeatMs: H, owned: 100, followed });
      return plan([{ ...from, record, order }, to]);
    };

    it('gives no others, and lets them stand [C-BAL-2]', () => {
      expect(orders(told(1500, 0))).to.deep.equal({ m0: 50 });
      expect(told(1500, 0).orders.get('m0')).to.include({ number: 7 });
      expect(told(1500, 0).figures).to.include({ ordered: 0, waits: null });
    });

    it('gives others once they have been followed, or are too old to be', () => {
      for (const made of [told(1500, 7), told(3000, 0)]) {
        expect(orders(made)).to.deep.equal({ m0: 50, m1: -50 });
        expect(made.orders.get('m0')).to.deep.equal({ number: 2, count: 50, at: NOW });
      }
    });
  });

  it('goes on where nothing can be read of what somebody says of itself', () => {
    const members = [
      ...counts(100, 0),
      { name: 'older', untilMs: NOW + H, record: undefined, order: undefined },
    ];
    expect(orders(plan(members))).to.deep.equal({ m0: 50, m1: -50 });
  });

  describe('whatever there is', () => {
    const party = fc.record({
      owned: fc.integer({ min: 0, max: 400 }),
      weight: fc.constantFrom(0.5, 1, 1, 1, 2, 3),
      capacity: fc.constantFrom(50, 200, 10_000),
      isOpen: fc.boolean(),
      balances: fc.boolean(),
    });
    const fleets = fc.array(party, { minLength: 1, maxLength: 12 });
    const fleetOf = (parties: readonly Partial<MemberRecord>[]) =>
      parties.map((one, at) => member(`m${at}`, one));

    it('levels add up to all there is, as far as it can be had', () => {
      fc.assert(
        fc.property(fleets, fc.integer({ min: 0, max: 5000 }), (parties, total) => {
          const sides = parties.map(({ capacity, weight }) => ({ limit: capacity, record: { weight } }));
          const level = levelOf(sides, total);
          const most = parties.reduce((sum, { capacity }) => sum + capacity, 0);
          const had = sides.reduce(
            (sum, { limit, record }) => sum + Math.min(limit, level * record.weight),
            0,
          );
          if (total < most) expect(had).to.be.closeTo(total, 1e-6);
        }),
      );
    });

    it('what is handed over is what is taken, nobody passes its share, and it ends [C-BAL-2]', () => {
      fc.assert(
        fc.property(fleets, fc.integer({ min: 1, max: 500 }), (parties, maxMoves) => {
          const owned = parties.map((one) => one.owned);
          let moves = 0;
          for (;;) {
            const members = fleetOf(parties.map((one, at) => ({ ...one, owned: owned[at] as number })));
            const made = planRound(begun(members), { ...LIMITS, maxMoves });
            const given = Object.values(orders(made));
            expect(given.reduce((sum, one) => sum + one, 0)).to.equal(0);
            if (given.length === 0) break;
            for (const [name, { count }] of made.orders) {
              const at = Number(name.slice(1));
              const { weight, capacity, isOpen, balances } = parties[at] as (typeof parties)[number];
              const share = Math.min(capacity, made.round.level * weight);
              const after = (owned[at] as number) - count;
              if (count > 0) {
                expect(balances).to.equal(true);
                expect(count).to.be.at.most(maxMoves);
                expect(after).to.be.at.least(Math.floor(share));
              } else {
                expect(isOpen).to.equal(true);
                expect(after).to.be.at.most(Math.ceil(share));
              }
              owned[at] = after;
              moves += Math.max(0, count);
            }
          }
          // No stream goes twice: none comes to one that hands some over.
          expect(moves).to.be.at.most(parties.reduce((sum, one) => sum + one.owned, 0));
        }),
      );
    });
  });
});
