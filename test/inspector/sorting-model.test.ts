import { expect } from 'chai';
import { Actors } from '../../src/inspector/page/model/actors.js';
import { afterClick, ariaSort, parseSorting, sorted } from '../../src/inspector/page/model/sorting.js';
import { NO_FILTER, treeRows } from '../../src/inspector/page/model/tree.js';
import type { ActorRow } from '../../src/inspector/protocol.js';

interface Row {
  readonly name: string | null;
  readonly count: number;
}

const ROWS: readonly Row[] = [
  { name: 'order-10', count: 1 },
  { name: null, count: 3 },
  { name: 'order-9', count: 2 },
  { name: 'order-9', count: 1 },
];
const KEYS = { name: ({ name }: Row) => name, count: ({ count }: Row) => count };

const row = (path: string, more: Partial<ActorRow> = {}): ActorRow => ({
  path,
  parent: null,
  machine: 'ownership',
  label: null,
  lock: null,
  state: 'extending',
  status: 'active',
  restarts: null,
  since: null,
  events: 0,
  last: null,
  ended: null,
  ...more,
});

describe('the order of tables', () => {
  it('goes up, down, and back with each click, and is said in the address and to screen readers', () => {
    expect(parseSorting(undefined)).to.equal(null);
    expect(parseSorting('')).to.equal(null);
    const up = parseSorting('name');
    expect(up).to.deep.equal({ column: 'name', isDown: false });
    expect(afterClick(null, 'name')).to.equal('name');
    expect(afterClick(up, 'name')).to.equal('-name');
    expect(afterClick(parseSorting('-name'), 'name')).to.equal('');
    expect(afterClick(up, 'count')).to.equal('count');
    expect(ariaSort(up, 'name')).to.equal('ascending');
    expect(ariaSort(parseSorting('-name'), 'name')).to.equal('descending');
    expect(ariaSort(up, 'count')).to.equal('none');
  });

  it('is that of numbers within names too; what is not known stands last, equals stay as they came', () => {
    const names = (text: string) =>
      sorted(ROWS, parseSorting(text), KEYS).map(({ name, count }) => `${name} ${count}`);
    expect(names('name')).to.deep.equal(['order-9 2', 'order-9 1', 'order-10 1', 'null 3']);
    expect(names('-name')).to.deep.equal(['order-10 1', 'order-9 2', 'order-9 1', 'null 3']);
    expect(names('-count')).to.deep.equal(['null 3', 'order-9 2', 'order-10 1', 'order-9 1']);
    expect(sorted(ROWS, parseSorting('constructor'), KEYS)).to.equal(ROWS);
    expect(sorted(ROWS, null, KEYS)).to.equal(ROWS);
  });

  it('makes a list of the tree of actors; words find those that have ended as well', () => {
    const actors = new Actors();
    actors.put(row('consumer', { machine: 'consumer', events: 5 }));
    actors.put(row('consumer/ownership/1-0', { parent: 'consumer', label: 'order-10', events: 1 }));
    actors.put(row('consumer/ownership/2-0', { parent: 'consumer', label: 'order-9', events: 9 }));
    actors.remember(row('consumer/ownership/0-1', { label: 'order-8', status: 'done' }));
    const labels = (filter: object, sorting: string) =>
      treeRows(actors, { ...NO_FILTER, ...filter }, new Set(), parseSorting(sorting)).map(
        ({ row: { label, path }, hasEnded }) => `${label ?? path}${hasEnded ? ' ended' : ''}`,
      );
    expect(labels({}, '')).to.deep.equal(['consumer', 'order-10', 'order-9']);
    expect(labels({}, '-events')).to.deep.equal(['order-9', 'consumer', 'order-10']);
    expect(labels({ words: 'order' }, '')).to.deep.equal(['order-10', 'order-9', 'order-8 ended']);
    expect(labels({ words: 'order' }, 'name')).to.deep.equal(['order-8 ended', 'order-9', 'order-10']);
    expect(labels({ machine: 'ownership' }, '')).to.deep.equal(['order-10', 'order-9']);
    expect(labels({ ended: true }, '')).to.deep.equal(['order-8 ended']);
  });
});
