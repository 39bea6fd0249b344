import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Outcome } from '../../scripts/matrix/cell.js';
import { withOutcomes } from '../../scripts/matrix/page.js';

const page = readFileSync(new URL('../../docs/reference/compatibility.md', import.meta.url), 'utf8');

const outcome = (kind: Outcome['kind'], name: string, version: string, passed: number): Outcome => ({
  kind,
  name,
  version,
  passed,
  failed: 0,
  skipped: 2,
  failures: [],
});

describe('the tables of docs/reference/compatibility.md', () => {
  const rows = (text: string) =>
    text.split('\n').filter((line) => /^\| ((Redis|Valkey) )?\d+\.\d+\.\d+ /.test(line));

  it('take new results, in order of versions, and keep what else is there', () => {
    const before = rows(page);
    const given = [outcome('server', 'redis 10.0.1', '10.0.1', 5), outcome('node', 'node 24', '24.1.0', 7)];
    const written = withOutcomes(page, given);
    expect(rows(written)).to.include.members(before);
    expect(rows(written)).to.have.length(before.length + 2);
    const servers = rows(written).filter((row) => row.startsWith('| Redis'));
    expect(servers.at(-1)).to.match(/^\| Redis 10\.0\.1 +\| 5 +\| 0 +\| 2 +\|$/);
    // Measured again: its row is another one.
    const again = withOutcomes(written, [outcome('node', 'node 24', '24.1.0', 8)]);
    expect(rows(again)).to.have.length(rows(written).length);
    expect(again).to.match(/^\| 24\.1\.0 +\| 8 /m);
    expect(withOutcomes(again, [])).to.equal(again);
  });
});
