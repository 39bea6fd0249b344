/** The tables of docs/reference/compatibility.md that results stand in. */
import type { CellKind, Outcome } from './cell.js';

const TITLES: Readonly<Record<CellKind, string>> = {
  server: 'server',
  node: 'Node.js',
  ioredis: 'ioredis',
};

const begin = (kind: CellKind) => `<!-- npm run matrix -- --write: ${kind} -->`;
const END = '<!-- end -->';

/** The page with these outcomes in it; those of others stay. */
export function withOutcomes(page: string, outcomes: readonly Outcome[]): string {
  return (Object.keys(TITLES) as CellKind[]).reduce((text, kind) => {
    const from = text.indexOf(begin(kind));
    const to = text.indexOf(END, from);
    if (from === -1 || to === -1)
      throw new Error(`expected ${begin(kind)} and ${END} on the page, got: none`);
    const rows = new Map(rowsOf(text.slice(from, to)).map((row) => [row[0], row]));
    for (const one of outcomes.filter((outcome) => outcome.kind === kind))
      rows.set(wordsOf(one)[0], wordsOf(one));
    const sorted = [...rows.values()].sort((a, b) =>
      (a[0] ?? '').localeCompare(b[0] ?? '', 'en', { numeric: true }),
    );
    const table = tableOf([[TITLES[kind], 'passed', 'failed', 'skipped'], ...sorted]);
    return `${text.slice(0, from)}${begin(kind)}\n\n${table}\n${text.slice(to)}`;
  }, page);
}

function wordsOf({ kind, name, version, passed, failed, skipped }: Outcome): string[] {
  const product = kind === 'server' ? `${name.startsWith('valkey') ? 'Valkey' : 'Redis'} ` : '';
  return [`${product}${version}`, String(passed), String(failed), String(skipped)];
}

function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], pad: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, pad)).join(' | ')} |`;
  const rule = line(
    widths.map(() => ''),
    '-',
  );
  return [line(head, ' '), rule, ...rows.slice(1).map((row) => line(row, ' '))]
    .map((one) => `${one}\n`)
    .join('');
}
