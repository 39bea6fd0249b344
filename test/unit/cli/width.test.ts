import { expect } from 'chai';
import { Columns } from '../../../src/cli/columns.js';
import { LiveText } from '../../../src/cli/live-text.js';
import { Output, table } from '../../../src/cli/output.js';
import { cutTo, padTo, widthOf } from '../../../src/cli/width.js';
import { sinkHost } from './sink-host.js';

/** With how many columns of a terminal each takes. */
const NAMES: readonly (readonly [name: string, columns: number])[] = [
  ['orders', 6],
  ['größer', 6],
  ['日本語', 6],
  ['한국', 4],
  ['👩‍👩‍👧', 2],
  ['🇩🇪-1', 4],
  ['e\u0301te\u0301', 3],
  ['ﾊﾝｶｸ', 4],
];

describe('columns of names of any script', () => {
  it('are as wide as a terminal shows them', () => {
    for (const [name, columns] of NAMES) {
      expect(widthOf(name), name).to.equal(columns);
      expect(padTo(name, 8), name).to.equal(name + ' '.repeat(8 - columns));
      expect(padTo(name, 1), name).to.equal(name);
    }
  });

  it('stand under one another, in a table and where rows are printed as they come', () => {
    const { host, printed } = sinkHost();
    const output = new Output(false, host);
    const columns = new Columns(output, [
      { heading: 'NAME', width: 8 },
      { heading: 'N', width: 1 },
    ]);
    for (const [name] of NAMES) columns.row([name, 7]);
    output.write(
      table(
        ['NAME', 'N'],
        NAMES.map(([name]) => [name, 7]),
      ),
    );
    const lines = printed().trimEnd().split('\n');
    expect(lines).to.have.length(2 * (NAMES.length + 1));
    const before = (line: string) => widthOf(line.slice(0, line.search(/[7N]$/)));
    expect(new Set(lines.slice(0, NAMES.length + 1).map(before))).to.deep.equal(new Set([10]));
    expect(new Set(lines.slice(NAMES.length + 1).map(before))).to.deep.equal(new Set([8]));
  });

  it('are cut where the terminal ends, between what is shown as one', () => {
    expect(cutTo('orders', 6)).to.equal('orders');
    expect(cutTo('orders', 5)).to.equal('order');
    expect(cutTo('日本語', 5)).to.equal('日本');
    expect(cutTo('a👩‍👩‍👧b', 2)).to.equal('a');
    expect(cutTo('a👩‍👩‍👧b', 3)).to.equal('a👩‍👩‍👧');
    expect(cutTo('e\u0301te\u0301', 1)).to.equal('e\u0301');
    const { host, printed } = sinkHost();
    LiveText.onTerminal(Object.assign(host.stdout, { isTTY: true, columns: 21, rows: 5 }))?.show(
      '語'.repeat(30),
    );
    expect(printed()).to.equal(`${'語'.repeat(10)}\n`);
  });
});
