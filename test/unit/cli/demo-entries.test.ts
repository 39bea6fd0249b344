/** The demo's proof finds what it is to find. */
import { expect } from 'chai';
import { proveEntries } from '../../../src/cli/demo/entries-proof.js';
import type { HistoryRecord } from '../../../src/testing/history-records.js';
import type { JsonLine } from '../../../src/testing/json-line-log.js';

const appended = new Map([['s', ['1-1', '1-2', '1-3']]]);
const acquired = (id: string): HistoryRecord => ({
  op: 'acquired',
  at: 0,
  id,
  name: 's',
  owner: 'a~00000001',
});
const saved = (id: string, position: string): HistoryRecord => ({
  op: 'saved',
  at: 0,
  id,
  name: 's',
  owner: 'a~00000001',
  number: 1,
  text: JSON.stringify({ p: { s: position } }),
});
const line = (id: string, entryId: string) =>
  ({ at: 0, type: 'EntryHandled', stream: 's', id, entryId }) as unknown as JsonLine;
const prove = (records: readonly HistoryRecord[], ...handled: readonly JsonLine[]) =>
  proveEntries({ appended, handled, records });

describe('what the demo proves of entries', () => {
  const first = [line('5-1', '1-1'), line('5-1', '1-2')];

  it('is that each was handled, and none twice that was committed', () => {
    const records = [acquired('5-1'), saved('5-1', '1-2'), acquired('5-2')];
    expect(prove(records, ...first, line('5-2', '1-3'))).to.deep.equal({
      appended: 3,
      handled: 3,
      skipped: 0,
      repeated: 0,
      wrong: 0,
    });
    const again = [acquired('5-1'), saved('5-1', '1-1'), acquired('5-2')];
    const repeated = prove(again, ...first, line('5-2', '1-2'), line('5-2', '1-3'));
    expect(repeated).to.include({ handled: 4, skipped: 0, repeated: 1, wrong: 0 });
  });

  it('would find one that was skipped, one that comes again after its commit, and one out of order', () => {
    const records = [acquired('5-1'), saved('5-1', '1-2'), acquired('5-2')];
    expect(prove(records, ...first)).to.include({ skipped: 1 });
    const late = prove(records, ...first, line('5-2', '1-2'), line('5-2', '1-3'));
    expect(late).to.include({ repeated: 1, wrong: 1 });
    const swapped = prove([acquired('5-1')], line('5-1', '1-1'), line('5-1', '1-3'), line('5-1', '1-2'));
    expect(swapped).to.include({ skipped: 0, wrong: 2 });
  });
});
