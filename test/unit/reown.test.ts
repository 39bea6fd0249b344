import { expect } from 'chai';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import { percentile, percentiles, reownMs, reownTimes } from '../../src/testing/reown.js';

function record(at: number, op: string, id: string, more: object): HistoryRecord {
  return { at, op, id, name: `stream of ${id.split('-')[0]}`, ...more } as HistoryRecord;
}
const moved = { from: 'v', by: 'b', count: 1, why: 'dead' };

describe('reownTimes', () => {
  const records = [
    record(10, 'acquired', '1-0', { owner: 'v' }),
    record(11, 'acquired', '2-0', { owner: 'v' }),
    record(12, 'acquired', '3-0', { owner: 'v' }),
    record(13, 'acquired', '4-0', { owner: 'v' }),
    record(14, 'acquired', '5-0', { owner: 'other' }),
    record(15, 'acquired', '6-0', { owner: 'v' }),
    record(90, 'finished', '6-0', { owner: 'v' }),
    // Killed at 100.
    record(101, 'finished', '3-0', { owner: 'v' }),
    record(300, 'requeued', '1-0', { ...moved, copy: '10-0' }),
    record(300, 'requeued', '2-0', { ...moved, copy: '11-0' }),
    record(310, 'acquired', '10-0', { owner: 'b' }),
    record(320, 'requeued', '11-0', { ...moved, why: 'waiting', from: 'b', copy: '12-0' }),
    record(350, 'acquired', '12-0', { owner: 'c' }),
  ];
  const reowns = reownTimes({ records, victim: 'v', killedAt: 100 });

  it('measures from the kill to the next owner, through copies of copies', () => {
    expect(reowns.filter(({ outcome }) => outcome === 'reowned')).to.deep.equal([
      { name: 'stream of 1', id: '1-0', outcome: 'reowned', copy: '10-0', owner: 'b', ms: 210 },
      { name: 'stream of 2', id: '2-0', outcome: 'reowned', copy: '12-0', owner: 'c', ms: 250 },
    ]);
    expect(reownMs(reowns)).to.deep.equal([210, 250]);
  });

  it('says what became of the others, and leaves out what had ended before', () => {
    expect(reowns.map(({ id, outcome }) => [id, outcome])).to.deep.equal([
      ['1-0', 'reowned'],
      ['2-0', 'reowned'],
      ['3-0', 'finished'],
      ['4-0', 'open'],
    ]);
  });

  it('ends on a history in which an entry is its own copy', () => {
    const looped = [
      record(1, 'acquired', '1-0', { owner: 'v' }),
      record(3, 'requeued', '1-0', { ...moved, copy: '2-0' }),
      record(4, 'requeued', '2-0', { ...moved, copy: '2-0' }),
    ];
    expect(reownTimes({ records: looped, victim: 'v', killedAt: 2 })[0]).to.include({ outcome: 'open' });
  });
});

describe('percentile', () => {
  it('is a value that occurred: the smallest that is no smaller than p percent of them', () => {
    const hundred = Array.from({ length: 100 }, (_value, index) => 100 - index);
    expect([1, 50, 99, 100].map((p) => percentile(hundred, p))).to.deep.equal([1, 50, 99, 100]);
    expect(percentile([5, 7], 50)).to.equal(5);
    expect(percentile([5, 7], 51)).to.equal(7);
  });

  it('of nothing is null', () => {
    expect(percentiles([])).to.deep.equal({ p50: null, p99: null, max: null });
  });

  it('refuses a p that is none', () => {
    expect(() => percentile([1], 0)).to.throw('expected p to be above 0 and at most 100, got: 0');
  });
});
