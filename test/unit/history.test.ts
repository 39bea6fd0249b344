import { expect } from 'chai';
import fc from 'fast-check';
import { checkHistory } from '../../src/testing/history.js';
import { type HistoryRecord, parseHistoryRecord, readHistory } from '../../src/testing/history-records.js';
import { type Choice, FleetModel } from '../support/history-model.js';
import { rejection } from '../support/rejection.js';

const acquired = (id: string, owner: string, name = 's', at = 0): HistoryRecord => ({
  op: 'acquired',
  at,
  id,
  name,
  owner,
});
const finished = (id: string, owner: string, name = 's', at = 0): HistoryRecord => ({
  op: 'finished',
  at,
  id,
  name,
  owner,
});
const requeued = (
  id: string,
  copy: string,
  from: string,
  more: { why?: 'dead' | 'handOver' | 'failed' | 'waiting'; count?: number; by?: string; name?: string } = {},
): HistoryRecord => {
  const { why = 'dead', count = 1, by = 'b', name = 's' } = more;
  return { op: 'requeued', at: 0, id, name, from, by, copy, count, why };
};

const due = (id: string, from: string): HistoryRecord => ({
  op: 'deadLetterDue',
  at: 0,
  id,
  name: 's',
  from,
  by: 'b',
  to: 'nobody',
  count: 4,
  reason: 'max_retries_exceeded',
});
const deadLettered = (id: string, from: string): HistoryRecord => ({
  op: 'deadLettered',
  at: 0,
  id,
  name: 's',
  from,
  by: 'c',
  copy: '1-1',
  count: 4,
  reason: 'max_retries_exceeded',
});

describe('checkHistory', () => {
  describe('of a history in which all went well', () => {
    const records = [
      acquired('1-0', 'a', 'one'),
      acquired('2-0', 'a', 'two'),
      requeued('1-0', '5-0', 'a', { name: 'one' }),
      acquired('5-0', 'b', 'one'),
      requeued('5-0', '6-0', 'b', { name: 'one', why: 'handOver' }),
      finished('2-0', 'a', 'two'),
      acquired('6-0', 'c', 'one'),
      finished('6-0', 'c', 'one'),
    ];

    it('follows every announced entry through its copies to its end', () => {
      const { chains, ends, violations } = checkHistory({ records, announced: ['1-0', '2-0'] });
      expect(violations).to.deep.equal([]);
      expect(ends).to.deep.equal({
        finished: 2,
        deadLettered: 0,
        gone: 0,
        cancelled: 0,
        coalesced: 0,
        deadLetterDue: 0,
        owned: 0,
        waiting: 0,
      });
      expect(chains.get('1-0')).to.deep.include({
        ids: ['1-0', '5-0', '6-0'],
        last: '6-0',
        end: 'finished',
        owner: 'c',
        owners: 3,
        timesFinished: 1,
      });
    });

    it('counts recoveries and hand-overs', () => {
      expect(checkHistory({ records })).to.deep.include({ recovered: 1, handedOver: 1 });
    });

    it('takes every entry that is no copy as announced when it is told none', () => {
      expect([...checkHistory({ records }).chains.keys()]).to.deep.equal(['1-0', '2-0']);
    });
  });

  it('tells what is owned, what waits, what is dead-lettered and what is gone', () => {
    const from = { from: 'a', by: 'b', name: 's', at: 0 };
    const { chains } = checkHistory({
      records: [
        acquired('1-0', 'a', 'owned'),
        requeued('2-0', '9-0', 'a', { name: 'waits' }),
        { op: 'deadLettered', id: '3-0', copy: '1-1', count: 4, reason: 'max_retries_exceeded', ...from },
        { op: 'gone', id: '4-0', ...from },
      ],
      announced: ['1-0', '2-0', '3-0', '4-0', '5-0'],
      onStream: ['1-0', '9-0', '5-0'],
    });
    expect([...chains.values()].map(({ end }) => end)).to.deep.equal([
      'owned',
      'waiting',
      'deadLettered',
      'gone',
      'waiting',
    ]);
  });

  it('follows what is delayed through its delay, and what is cancelled to its end', () => {
    const by = { by: 'b', name: 's', at: 0 };
    const records: HistoryRecord[] = [
      acquired('1-0', 'a'),
      { op: 'delayed', id: '1-0', from: 'a', copy: 'delayed:1-0', count: 0, why: 'handOver', ...by, by: 'a' },
      { op: 'undelayed', id: 'delayed:1-0', copy: '5-0', ...by },
      acquired('5-0', 'b'),
      { op: 'cancelled', id: '5-0', from: 'b', ...by },
    ];
    const { chains, ends, violations } = checkHistory({ records, announced: ['1-0'] });
    expect(violations).to.deep.equal([]);
    expect(ends).to.include({ cancelled: 1, finished: 0 });
    expect(chains.get('1-0')?.ids).to.deep.equal(['1-0', 'delayed:1-0', '5-0']);
    const waits = { records: records.slice(0, 2), announced: ['1-0'] };
    expect(checkHistory({ ...waits, onStream: ['delayed:1-0'] }).violations).to.deep.equal([]);
    expect(checkHistory(waits).lost).to.deep.equal(['1-0']);
    const twice: HistoryRecord = { op: 'undelayed', id: 'delayed:1-0', copy: '6-0', ...by };
    expect(checkHistory({ records: [...records, twice] }).violations.join()).to.include(
      'after it had been undelayed',
    );
  });

  it('takes an entry that is due for the dead-letter stream as pending for nobody, until it is dead-lettered', () => {
    const isDue = [acquired('1-0', 'a'), due('1-0', 'a')];
    const standing = checkHistory({ records: isDue, onStream: ['1-0'] });
    expect(standing.violations).to.deep.equal([]);
    expect(standing.ends).to.include({ deadLetterDue: 1, owned: 0 });
    // The name is free as soon as that is decided.
    const ended = [...isDue, acquired('2-0', 'b'), deadLettered('1-0', 'nobody'), finished('2-0', 'b')];
    const after = checkHistory({ records: ended });
    expect(after.violations).to.deep.equal([]);
    expect(after.ends).to.include({ deadLetterDue: 0, deadLettered: 1, finished: 1 });
  });

  it('does not call the second announcement of a name a second finish', () => {
    const records = [acquired('1-0', 'a'), finished('1-0', 'a'), acquired('2-0', 'b'), finished('2-0', 'b')];
    expect(checkHistory({ records }).violations).to.deep.equal([]);
  });

  describe('reports', () => {
    const cases: [what: string, records: HistoryRecord[], says: RegExp, announced?: string[]][] = [
      ['an entry that was never seen again', [], /entry 1-0 was lost: its last copy 1-0 is waiting/, ['1-0']],
      ['an owned entry that left the stream', [acquired('1-0', 'a')], /1-0 was lost.*is owned/, ['1-0']],
      [
        'a copy that left the stream',
        [acquired('1-0', 'a'), requeued('1-0', '2-0', 'a')],
        /entry 1-0 was lost: its last copy 2-0 is waiting/,
      ],
      [
        'two owners of one name',
        [acquired('1-0', 'a'), acquired('2-0', 'b'), finished('1-0', 'a'), finished('2-0', 'b')],
        /data stream s was owned by two at once, a and b/,
      ],
      [
        'two owners of one entry',
        [acquired('1-0', 'a'), acquired('1-0', 'b'), finished('1-0', 'b')],
        /owned by two at once, a and b/,
      ],
      [
        'an entry given to one owner twice',
        [acquired('1-0', 'a'), acquired('1-0', 'a'), finished('1-0', 'a')],
        /a was given entry 1-0 twice/,
      ],
      [
        'an entry that was finished twice',
        [acquired('1-0', 'a'), finished('1-0', 'a'), finished('1-0', 'a')],
        /entry 1-0 was finished 2 times/,
      ],
      [
        'an entry that was finished as itself and as its copy',
        [
          acquired('1-0', 'a'),
          requeued('1-0', '2-0', 'a'),
          acquired('2-0', 'b'),
          finished('1-0', 'a'),
          finished('2-0', 'b'),
        ],
        /entry 1-0 was finished 2 times/,
      ],
      [
        'a finish by somebody else than the owner',
        [acquired('1-0', 'a'), finished('1-0', 'b')],
        /entry 1-0 was finished by b, but a owned it/,
      ],
      ['a finish without an owner', [finished('1-0', 'b')], /finished by b, but nobody owned it/],
      [
        'an entry taken from somebody else than its owner',
        [acquired('1-0', 'a'), requeued('1-0', '2-0', 'x'), acquired('2-0', 'b'), finished('2-0', 'b')],
        /entry 1-0 was requeued from x, but a owned it/,
      ],
      [
        'a token that shrinks',
        [acquired('10-0', 'a'), finished('10-0', 'a'), acquired('9-0', 'b'), finished('9-0', 'b')],
        /the fencing token of data stream s did not grow: 10-0, then 9-0/,
      ],
      [
        'an entry that lives on after its end',
        [acquired('1-0', 'a'), finished('1-0', 'a'), requeued('1-0', '2-0', 'a')],
        /entry 1-0 was requeued after it had been finished/,
      ],
      [
        'two copies of one entry',
        [
          acquired('1-0', 'a'),
          requeued('1-0', '2-0', 'a'),
          requeued('1-0', '3-0', 'a'),
          acquired('3-0', 'b'),
          finished('3-0', 'b'),
        ],
        /entry 1-0 was requeued after it had been requeued/,
      ],
      [
        'a copy older than the entry',
        [requeued('5-0', '4-0', 'a'), acquired('4-0', 'b'), finished('4-0', 'b')],
        /the copy 4-0 of entry 5-0 is not newer/,
      ],
      [
        'a hand-over that spends a retry',
        [
          requeued('1-0', '2-0', 'a', { count: 1 }),
          acquired('2-0', 'b'),
          requeued('2-0', '3-0', 'b', { why: 'handOver', count: 2 }),
          acquired('3-0', 'c'),
          finished('3-0', 'c'),
        ],
        /requeueing entry 2-0 \(handOver\) took its retry count from 1 to 2/,
      ],
      [
        'an entry that was due for the dead-letter stream and left both',
        [acquired('1-0', 'a'), due('1-0', 'a')],
        /entry 1-0 was lost: its last copy 1-0 is deadLetterDue/,
      ],
      [
        'an entry that is given to somebody although it was due',
        [acquired('1-0', 'a'), due('1-0', 'a'), acquired('1-0', 'b'), deadLettered('1-0', 'nobody')],
        /entry 1-0 was acquired while it was due/,
      ],
      [
        'an entry that becomes due twice',
        [due('1-0', 'a'), due('1-0', 'nobody'), deadLettered('1-0', 'nobody')],
        /entry 1-0 was deadLetterDue while it was due/,
      ],
      [
        'an entry that was due and is dead-lettered from somebody else',
        [acquired('1-0', 'a'), due('1-0', 'a'), deadLettered('1-0', 'a')],
        /entry 1-0 was deadLettered from a, but it was due at nobody/,
      ],
      [
        'an entry that becomes due from somebody else than its owner',
        [acquired('1-0', 'a'), due('1-0', 'x'), deadLettered('1-0', 'nobody')],
        /entry 1-0 was deadLetterDue from x, but a owned it/,
      ],
      [
        'an entry whose payload is gone',
        [{ op: 'gone', at: 0, id: '1-0', name: '', from: 'a', by: 'b' }],
        /entry 1-0 was lost.*is gone/,
      ],
    ];
    for (const [what, records, says, announced] of cases) {
      it(what, () => {
        const { violations } = checkHistory(announced ? { records, announced } : { records });
        expect(violations.join('\n')).to.match(says);
      });
    }

    it('loss, double finishes and overlaps as data as well', () => {
      const report = checkHistory({
        records: [acquired('1-0', 'a'), acquired('2-0', 'b'), finished('2-0', 'b'), finished('2-0', 'b')],
      });
      expect(report).to.deep.include({ lost: ['1-0'], finishedTwice: ['2-0'] });
      expect(report.ownedByTwo.map(({ name, first, second }) => [name, first.id, second.id])).to.deep.equal([
        ['s', '1-0', '2-0'],
      ]);
    });
  });

  describe('of any history', () => {
    const choices: fc.Arbitrary<Choice[]> = fc.array(
      fc.record({
        act: fc.constantFrom<Choice['act'][]>(
          ...(['announce', 'announce', 'deliver', 'deliver', 'acquire', 'acquire'] as const),
          ...(['finish', 'handOver', 'fail', 'die', 'wait', 'bury'] as const),
        ),
        pick: fc.nat(50),
      }),
      { minLength: 30, maxLength: 200, size: 'max' },
    );
    const fleet = choices.map((all) => {
      const model = new FleetModel();
      for (const choice of all) model.take(choice);
      return model;
    });
    const violationsOf = (model: FleetModel, records: readonly HistoryRecord[]) =>
      checkHistory({ records, announced: model.announced, onStream: model.onStream }).violations;
    /** Wherever the mutation can be applied to a legal history, it must be noticed; and it can be in some of them. */
    const noticed = (
      mutate: (records: readonly HistoryRecord[], at: number) => HistoryRecord[] | undefined,
    ) => {
      let applied = 0;
      fc.assert(
        fc.property(fleet, (model) => {
          for (const at of model.records.keys()) {
            const mutated = mutate(model.records, at);
            if (mutated === undefined) continue;
            applied += 1;
            expect(violationsOf(model, mutated)).to.not.deep.equal([]);
          }
        }),
      );
      expect(applied).to.be.greaterThan(0);
    };

    it('finds nothing when it is legal', () => {
      fc.assert(
        fc.property(fleet, (model) => {
          expect(violationsOf(model, model.records)).to.deep.equal([]);
        }),
        { numRuns: 300 },
      );
    });

    it('notices a record that is there twice', () => {
      noticed((records, at) => records.toSpliced(at, 0, records[at] as HistoryRecord));
    });

    it('notices an end that is missing', () => {
      noticed((records, at) => {
        const { op, id } = records[at] as HistoryRecord;
        if (op === 'acquired') return undefined;
        // What is due stays on the stream until it is written: as long as nothing comes of it, it looks like what is owned.
        const isOpen = op === 'deadLetterDue' && !records.slice(at + 1).some((later) => later.id === id);
        return isOpen ? undefined : records.toSpliced(at, 1);
      });
    });

    it('notices a finish by a stranger', () => {
      noticed((records, at) => {
        const record = records[at] as HistoryRecord;
        return record.op === 'finished' ? records.with(at, { ...record, owner: 'stranger' }) : undefined;
      });
    });

    it('notices an acquisition that comes before the end of the ownership before', () => {
      noticed((records, at) => {
        const record = records[at] as HistoryRecord;
        const before = records.findLastIndex(
          (other, index) => index < at && other.op === 'acquired' && other.name === record.name,
        );
        if (record.op !== 'acquired' || before === -1) return undefined;
        return records.toSpliced(at, 1).toSpliced(before + 1, 0, record);
      });
    });
  });
});

describe('history records', () => {
  const line = '{"at":1700000000000.123,"op":"acquired","id":"1-0","name":"s","owner":"a~00000000"}';

  it('are read as the scripts write them', () => {
    expect(parseHistoryRecord(line)).to.deep.equal({
      at: 1700000000000.123,
      op: 'acquired',
      id: '1-0',
      name: 's',
      owner: 'a~00000000',
    });
  });

  for (const [what, bad] of [
    ['text that is no JSON', '{"at":'],
    ['an operation that there is not', '{"at":1,"op":"stolen","id":"1-0","name":"s"}'],
    ['a record without its owner', '{"at":1,"op":"finished","id":"1-0","name":"s"}'],
  ] as const) {
    it(`refuses ${what}, and shows it`, () => {
      expect(() => parseHistoryRecord(bad))
        .to.throw(bad)
        .with.property('code', 'ProtocolMismatch');
    });
  }

  it('are read in pages, the last one of which may be full', async () => {
    const asked: [number, number][] = [];
    const list = [line, line, line, line];
    const client = {
      lrange: (_key: string, start: number, stop: number) => {
        asked.push([start, stop]);
        return Promise.resolve(list.slice(start, stop + 1));
      },
    };
    const records = await readHistory(client as never, 'key', { pageSize: 2 });
    expect(records).to.have.length(4);
    expect(asked).to.deep.equal([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
  });

  it('reading fails with the record that is none', async () => {
    const client = { lrange: () => Promise.resolve(['nonsense']) };
    expect((await rejection(readHistory(client as never, 'key'))).message).to.contain('nonsense');
  });
});
