import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { runSchedule } from '../../simulate/fleet.js';
import { drawSchedule } from '../../simulate/schedule.js';
import { compiled } from '../support/programs.js';

const run = promisify(execFile);

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await runSchedule(drawSchedule(seed), { trace: (line) => lines.push(line) });
  return lines;
}

describe('a seed', () => {
  it('gives the same trace twice in one process, byte for byte', async () => {
    for (const seed of [1, 3]) expect(await traceOf(seed)).to.deep.equal(await traceOf(seed));
  });

  it('gives the same trace in another process', async () => {
    const args = [await compiled('simulate/main'), '--trace', '3'];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 2 ** 26 });
    const lines = await traceOf(3);
    expect(stdout.split('\n').slice(1, 1 + lines.length)).to.deep.equal(lines);
  });

  it('gives another trace than another one', async () => {
    expect(await traceOf(1)).not.to.deep.equal(await traceOf(2));
  });
});
