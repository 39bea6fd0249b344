import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
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

const seen = new Map<number, string[]>();
/** The same, run when it is first asked for. */
async function knownTraceOf(seed: number): Promise<string[]> {
  const trace = seen.get(seed) ?? (await traceOf(seed));
  seen.set(seed, trace);
  return trace;
}

/** Other versions of Node.js to compare with: paths of their programs. */
const OTHERS = (process.env.OTHER_NODES ?? '').split(delimiter).filter((path) => path !== '');

async function traceOn(node: string, seed: number): Promise<string[]> {
  const args = [await compiled('simulate/main'), '--trace', String(seed)];
  const { stdout } = await run(node, args, { maxBuffer: 2 ** 26 });
  // Between the schedule and the summary.
  return stdout.split('\n').slice(1);
}

describe('a seed', () => {
  it('gives the same trace twice in one process, byte for byte', async () => {
    expect(await knownTraceOf(3)).to.deep.equal(await traceOf(3));
  });

  it('gives the same trace in another process', async () => {
    const lines = await knownTraceOf(3);
    expect((await traceOn(process.execPath, 3)).slice(0, lines.length)).to.deep.equal(lines);
  });

  for (const node of OTHERS) {
    it(`gives the same trace on ${node}`, async () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const lines = await knownTraceOf(seed);
        expect((await traceOn(node, seed)).slice(0, lines.length)).to.deep.equal(lines);
      }
    });
  }

  it('gives another trace than another one', async () => {
    expect(await knownTraceOf(3)).not.to.deep.equal(await traceOf(2));
  });
});
