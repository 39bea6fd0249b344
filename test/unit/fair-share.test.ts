/** Who waits for entries, and what is asked for. */
import { expect } from 'chai';
import { FairShare } from '../../src/actors/intake/fair-share.js';
import type { Kernel } from '../../src/actors/kernel.js';
import { NO_ROUND, type Round } from '../../src/redis/fleet.js';
import type { Taken } from '../../src/redis/taking.js';
import { aRound } from '../support/member-record.js';

const H = 2000;

/** A process that is told of rounds. */
class Process {
  owned: number;
  nowMs = 0;
  #heard = NO_ROUND;
  readonly share: FairShare;

  constructor(
    owned = 0,
    { weight = 1, load = () => null }: { weight?: number; load?: () => number | null } = {},
  ) {
    this.owned = owned;
    const kernel = {
      clock: { monotonic: () => this.nowMs },
      settings: { heartbeatMs: H, weight },
      lease: { roundHeard: () => this.#heard },
    };
    this.share = new FairShare(kernel as unknown as Kernel, load, () => this.owned);
  }

  /** So many heartbeats are answered. */
  beat(times = 1): this {
    for (let beat = 0; beat < times; beat += 1) {
      this.nowMs += H / 2;
      this.share.beat();
    }
    return this;
  }

  hears(round: Partial<Round> | undefined, dueInMs = 500): this {
    this.#heard = { dueInMs, round: round && aRound(round), order: undefined };
    return this.beat();
  }

  get parks(): boolean {
    return this.share.mayPark(true);
  }
}

const taken = (part: number | undefined, count = 0, delivered?: string): Taken => ({
  allowed: count,
  part,
  delivered,
  entries: Array.from({ length: count }, () => ({ id: '1-1', fields: [] })),
});

describe('a fair share', () => {
  it('waits for entries where nobody has made a round, or not for long', () => {
    const process = new Process(500);
    expect(process.beat(2).parks).to.equal(true);
    const round = { lowest: 0, level: 100, weight: 3 };
    expect(process.hears(round).parks).to.equal(false);
    expect(process.hears({ ...round, number: 2 }, -H - 1).parks, 'over for long').to.equal(true);
    expect(process.hears({ ...round, number: 3 }).parks).to.equal(false);
    expect(process.hears(undefined).parks).to.equal(true);
    expect(process.hears({ ...round, number: 4, weight: 0 }).parks, 'nobody takes anything').to.equal(true);
  });

  it('waits for entries where it has least, or hardly more, or less than three quarters of its share', () => {
    const round = { lowest: 10, level: 50, weight: 3 };
    for (const [owned, parks] of [
      [10, true],
      [12, true],
      [39, true],
      [40, false],
      [50, false],
    ] as const) {
      expect(new Process(owned).beat(2).hears(round).parks, String(owned)).to.equal(parks);
    }
    const large = { lowest: 1000, level: 5000, weight: 3 };
    expect(new Process(3850).beat(2).hears(large).parks, '2 % of a share').to.equal(true);
    expect(new Process(3851).beat(2).hears(large).parks).to.equal(false);
    // Where some have less room than their share the others have more.
    expect(new Process(60).beat(2).hears({ lowest: 60, level: 50, weight: 3 }).parks).to.equal(true);
  });

  it('waits again as soon as it has less: streams end, and those that come are taken in turn', () => {
    const process = new Process(16).beat(2).hears({ lowest: 3, level: 10, weight: 3 });
    expect(process.parks).to.equal(false);
    process.owned = 9;
    expect(process.parks).to.equal(true);
    process.owned = 10;
    expect(process.parks).to.equal(false);
    process.share.taken(taken(4), 0);
    process.owned = 12;
    expect([process.parks, process.share.isToAsk], 'its share is more now').to.deep.equal([true, false]);
  });

  it('goes by weights, and by what it says of its load', () => {
    const round = { lowest: 40, level: 50, weight: 4 };
    const heavy = { weight: 3 };
    expect(new Process(123, heavy).beat(2).hears(round).parks).to.equal(true);
    expect(new Process(124, heavy).beat(2).hears(round).parks).to.equal(false);
    const busy = { load: () => 0.9 };
    const half = { lowest: 0.1, level: 0.5, perStream: 0.01, weight: 2 };
    expect(new Process(1, busy).beat(2).hears(half).parks).to.equal(false);
    expect(new Process(1, { load: () => 0.39 }).beat(2).hears(half).parks).to.equal(true);
  });

  it('compares what it had said by the time of the round: what all have got since makes no difference', () => {
    const process = new Process(0).beat(2);
    // Streams were announced to everyone, and its heartbeat is the one that was later.
    process.owned = 2000;
    process.beat();
    process.owned = 3000;
    expect(process.hears({ lowest: 300, level: 1500, weight: 3 }).parks).to.equal(true);
    process.beat(2);
    expect(process.hears({ number: 2, lowest: 300, level: 1500, weight: 3 }).parks, 'and still has').to.equal(
      false,
    );
  });

  it('asks for its part once it has got more than its share was, and stands back where it is less than it has', () => {
    const process = new Process(0).beat(2).hears({ lowest: 0, level: 100, weight: 3 });
    process.owned = 102;
    expect(process.share.isToAsk).to.equal(false);
    process.owned = 103;
    expect(process.share.isToAsk).to.equal(true);
    process.share.taken(taken(-1), 0);
    expect([process.share.isToAsk, process.parks], 'as good as its share').to.deep.equal([false, true]);
    process.owned = 106;
    expect(process.share.isToAsk).to.equal(true);
    process.share.taken(taken(1, 4), 0);
    process.owned = 110;
    expect(process.parks, 'with what it was given it has 3 more').to.equal(false);
    process.hears({ number: 2, lowest: 104, level: 108, weight: 3 });
    expect(process.parks).to.equal(true);
  });

  it('waits whatever it has where it cannot be seen that others take nothing, and asks no more than once', () => {
    const process = new Process(500).beat(2).hears({ lowest: 0, level: 100, weight: 3 });
    expect(process.share.mayPark(false)).to.equal(true);
    process.share.taken(taken(-400), 0);
    expect([process.share.mayPark(false), process.share.isToAsk]).to.deep.equal([true, false]);
    process.owned = 600;
    process.share.taken(taken(undefined), 0);
    expect(process.share.isToAsk, 'Redis knows of no round').to.equal(false);
  });

  it('asks with what it said last and has got since, and with what it saw where that is a patience ago', () => {
    const process = new Process(10, { weight: 2, load: () => 0.4 }).beat();
    process.owned = 13;
    const asked = { wanted: 7, weight: 2, load: 0.4, gained: 5, patienceMs: H / 4 };
    expect(process.share.request(7, 2)).to.deep.equal({ ...asked, deliveredThen: undefined });
    process.share.taken(taken(-1, 0, '5-5'), 0);
    process.nowMs += H / 4 - 1;
    expect(process.share.request(7, 2).deliveredThen).to.equal(undefined);
    process.share.taken(taken(-1, 0, '5-5'), 0);
    process.nowMs += 1;
    expect(process.share.request(7, 2).deliveredThen).to.equal('5-5');
    process.share.taken(taken(-1, 0, '6-6'), 0);
    expect(process.share.request(7, 2).deliveredThen).to.equal(undefined);
  });
});
