import { expect } from 'chai';
import fc from 'fast-check';
import type { DataFacts } from '../../../src/redis/data-facts.js';
import { LagCount } from '../../../src/redis/lag-count.js';

/** A stream, as Redis keeps it and as XINFO STREAM tells of it. */
class Stream {
  ids: number[] = [];
  added = 0;
  removed = 0;

  get facts(): DataFacts {
    const { ids, added, removed } = this;
    const idOf = (n: number | undefined) => (n === undefined ? null : `${n}-0`);
    return {
      length: ids.length,
      lastId: `${added}-0`,
      firstId: idOf(ids[0]),
      added,
      removedId: `${removed}-0`,
      newestId: idOf(ids.at(-1)),
      isEnded: false,
    };
  }

  add(count: number): this {
    for (let left = count; left > 0; left -= 1) {
      this.added += 1;
      this.ids.push(this.added);
    }
    return this;
  }

  trim(to: number): this {
    this.ids = this.ids.filter((id) => id >= to);
    return this;
  }

  delete(id: number): this {
    if (!this.ids.includes(id)) return this;
    this.ids = this.ids.filter((one) => one !== id);
    this.removed = Math.max(this.removed, id);
    return this;
  }

  behind(position: number): number {
    return this.ids.filter((id) => id > position).length;
  }
}

const at = (position: number, count: number | null) => ({ position: `${position}-0`, count, nextId: null });

describe('the lag of a stream', () => {
  it('is exact at both ends of it, without knowing anything else [C-LAG-1]', () => {
    const stream = new Stream().add(10).trim(4);
    expect(new LagCount().count(at(0, null), stream.facts)).to.deep.equal({ entries: 7, isExact: true });
    expect(new LagCount().count(at(4, null), stream.facts)).to.deep.equal({ entries: 6, isExact: true });
    expect(new LagCount().count(at(10, null), stream.facts)).to.deep.equal({ entries: 0, isExact: true });
    expect(new LagCount().count(at(3, null), undefined)).to.deep.equal({ entries: 0, isExact: true });
  });

  it('is estimated in the middle of one, and exact from the moment in which its place is known [C-LAG-1]', () => {
    const stream = new Stream().add(1000);
    const lag = new LagCount();
    expect(lag.count(at(900, 0), stream.facts)).to.deep.equal({ entries: 100, isExact: false });
    expect(lag.count(at(1000, 100), stream.facts)).to.deep.equal({ entries: 0, isExact: true });
    stream.add(500);
    expect(lag.count(at(1200, 300), stream.facts)).to.deep.equal({ entries: 300, isExact: true });
    stream.trim(1100);
    expect(lag.count(at(1201, 301), stream.facts)).to.deep.equal({ entries: 299, isExact: true });
  });

  it('leaves out what has been trimmed or deleted, and says when it cannot be sure [C-LAG-1]', () => {
    const stream = new Stream().add(10);
    const lag = new LagCount();
    lag.count(at(10, 0), stream.facts);
    stream.add(10).delete(15);
    expect(lag.count(at(12, 2), stream.facts)).to.deep.equal({ entries: 8, isExact: false });
    stream.trim(18);
    expect(lag.count(at(12, 2), stream.facts)).to.deep.equal({ entries: 3, isExact: true });
  });

  it('goes on to be known by the reader that comes after this one [C-LAG-1]', () => {
    const stream = new Stream().add(10);
    const lag = new LagCount();
    lag.count(at(10, 0), stream.facts);
    stream.add(10);
    lag.moveOn(at(13, 3));
    expect(lag.count(at(13, 0), stream.facts)).to.deep.equal({ entries: 7, isExact: true });
    lag.moveOn(at(14, null));
    expect(lag.count(at(14, 0), stream.facts)).to.include({ isExact: false });
  });

  it('is not said to be exact by the reader that comes after one behind whose last count something was deleted [C-LAG-1]', () => {
    const stream = new Stream().add(3);
    const lag = new LagCount();
    lag.count(at(0, 0), stream.facts);
    stream.add(1).delete(1);
    lag.moveOn(at(3, 2));
    expect(lag.count(at(3, 0), stream.facts)).to.include({ isExact: false });
  });

  it('is not said to be exact before Redis 7.0, but at the ends [C-LAG-1]', () => {
    const before70 = ({ facts }: Stream): DataFacts => ({ ...facts, added: null, removedId: null });
    const stream = new Stream().add(10);
    const lag = new LagCount();
    expect(lag.count(at(10, 0), before70(stream))).to.deep.equal({ entries: 0, isExact: true });
    stream.add(10);
    expect(lag.count(at(12, 2), before70(stream))).to.deep.equal({ entries: 8, isExact: false });
  });

  it('is what is there whenever it is called exact, and never more than that [C-LAG-1]', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), n: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant('trim' as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant('delete' as const), n: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant('read' as const), n: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant('count' as const), n: fc.constant(0) }),
      fc.record({ do: fc.constant('moveOn' as const), n: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const stream = new Stream().add(3);
        const lag = new LagCount();
        let [position, count] = [0, 0];
        for (const { do: what, n } of steps) {
          if (what === 'add') stream.add(n);
          else if (what === 'trim') stream.trim(n);
          else if (what === 'delete') stream.delete(n);
          else if (what === 'read') {
            for (const id of stream.ids.filter((one) => one > position).slice(0, n)) {
              position = id;
              count += 1;
            }
          } else if (what === 'moveOn') {
            lag.moveOn(at(position, count));
            count = 0;
          } else {
            const { entries, isExact } = lag.count(at(position, count), stream.facts);
            expect(entries).to.be.at.most(stream.ids.length);
            if (isExact) expect(entries).to.equal(stream.behind(position));
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});
