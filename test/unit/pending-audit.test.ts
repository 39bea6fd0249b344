import { expect } from 'chai';
import { type InHand, PendingAudit } from '../../src/actors/recovery/pending-audit.js';
import { systemClock } from '../../src/core/clock.js';

type Facts = { -readonly [K in keyof InHand]: InHand[K] };

describe('the audit of what is pending for us', () => {
  function audit(known: Partial<Facts> = {}) {
    let now = 0;
    const said: string[] = [];
    const facts: Facts = {
      size: 3,
      begun: 3,
      ended: 0,
      unlisted: 0,
      received: 3,
      atRest: (count) => count,
      knows: () => true,
      ...known,
    };
    const clock = { ...systemClock, monotonic: () => now };
    const one = new PendingAudit(clock, facts, 500, (why) => said.push(why));
    /** A question whose answer is that so many are pending, `ms` after the last one; what happens in between. */
    const look = (ms: number, pending: number, meanwhile: (facts: Facts) => void = () => {}) => {
      now += ms;
      const begun = one.begin();
      meanwhile(facts);
      one.judge(begun, pending);
      return said.length;
    };
    return { one, facts, said, look };
  }

  it('is content with what is known', () => {
    const { look } = audit();
    for (let i = 0; i < 5; i += 1) expect(look(1000, 3)).to.equal(0);
  });

  it('has everything verified when one more is pending twice, and nothing has been read in between [C-ADD-8]', () => {
    const { look } = audit();
    expect(look(0, 4)).to.equal(0);
    expect(look(1000, 4)).to.equal(1);
    expect(look(1000, 4), 'it begins anew').to.equal(1);
    expect(look(1000, 4)).to.equal(2);
  });

  it('waits as long as an answer may be under way', () => {
    const { look } = audit();
    expect(look(0, 4)).to.equal(0);
    expect(look(100, 4)).to.equal(0);
    expect(look(399, 4)).to.equal(0);
    expect(look(1, 4)).to.equal(1);
  });

  it('takes what has been read since for what was too many', () => {
    const { look } = audit();
    const read = (facts: Facts) => {
      facts.received += 2;
      facts.size += 1;
      facts.begun += 2;
      facts.ended += 1;
    };
    expect(look(0, 4)).to.equal(0);
    for (let size = 4; size < 10; size += 1) expect(look(1000, size + 2, read)).to.equal(0);
  });

  it('finds one among many that have been read since', () => {
    const { look } = audit();
    expect(look(0, 8)).to.equal(0);
    const read = (facts: Facts) => {
      facts.received += 4;
      facts.size += 4;
      facts.begun += 4;
    };
    expect(look(1000, 8, read)).to.equal(1);
  });

  it('knows also what ended while it asked, and what has been read and is not listed', () => {
    const { look } = audit({ unlisted: 1 });
    const end = (facts: Facts) => {
      facts.size -= 1;
      facts.ended += 1;
    };
    for (let i = 0; i < 3; i += 1) {
      const { look: asked } = audit({ unlisted: 1 });
      expect(asked(0, 4)).to.equal(0);
      expect(asked(1000, 4)).to.equal(0);
    }
    expect(look(0, 4, end)).to.equal(0);
  });

  it('has everything verified at once when fewer are pending than are held [C-LOST-5]', () => {
    expect(audit().look(0, 2)).to.equal(1);
  });

  it('misses nothing that is on its way, or began after the question', () => {
    const moving = audit({ atRest: (count) => count - 1 });
    expect(moving.look(0, 2)).to.equal(0);
    const begin = (facts: Facts) => {
      facts.size += 1;
      facts.begun += 1;
    };
    expect(audit().look(0, 3, begin)).to.equal(0);
  });

  it('has everything verified when a scan finds one that is unknown', () => {
    const { one, said } = audit({ knows: (id) => id !== '3-0' });
    one.found(['1-0', '2-0']);
    expect(said).to.have.length(0);
    one.found(['2-0', '3-0']);
    expect(said).to.have.length(1);
  });
});
