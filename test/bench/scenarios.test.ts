/** The benchmark comes to figures: what it runs, the baseline above all, is held by nothing else. Figures are nobody's promise here. */
import { expect } from 'chai';
import { runCommand } from '../../src/testing/run-command.js';
import { hangingMs } from '../support/pace.js';

/** Those that take a few seconds with few streams. */
const QUICK = ['assign-done', 'ensure', 'dead-consumers', 'recording', 'redrive'];

describe('the benchmark', () => {
  it('has a figure for each of what it runs, and a ratio where bare ioredis does the same', async () => {
    const args = ['--expose-gc', '--import', 'tsx', 'bench/main.ts', '--only', QUICK.join(',')];
    const { ok, output } = await runCommand(
      process.execPath,
      [...args, '--streams', '40', '--rounds', '1', '--json'],
      { timeoutMs: hangingMs() },
    );
    expect(ok, output).to.equal(true);
    const figures = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { figure: string; streamwarden: number; ratio: number | null });
    for (const { figure, streamwarden } of figures) expect(streamwarden, figure).to.be.above(0);
    const compared = figures.filter(({ ratio }) => ratio !== null).map(({ figure }) => figure);
    expect(compared).to.include('assign all').and.to.include('done, all at once');
    expect(compared.filter((figure) => figure.startsWith('ensure'))).not.to.be.empty;
    expect(compared).to.include('80 dead consumers: a sweep');
    expect(figures.map(({ figure }) => figure)).to.include('80 dead consumers: until all are removed');
  });
});
