/**
 * `npm run redis-model`: random programs on a real server and on the simulated one, until N replies have been
 * compared. Prints the seed, the counts and the server's version; exits with 1 at the first difference, with the program made small.
 */
import fc from 'fast-check';
import { startRedis } from '../../src/testing/index.js';
import { type Arguments, argumentsOf } from './arguments.js';
import { benchmark } from './benchmark.js';
import { Comparison, SERVER_CONFIG } from './comparison.js';
import { type Program, programs, runProgram } from './program.js';

const args = argumentsOf(process.argv.slice(2));

if (args.isBenchmark) benchmark();
else process.exitCode = await compare(args);

async function compare({ replies, seed, length, kinds }: Arguments): Promise<number> {
  await using server = await startRedis({ config: SERVER_CONFIG });
  const comparison = await Comparison.open(server.url);
  try {
    console.log(`seed ${seed}, ${comparison.version}`);
    let batch = 0;
    let count = 0;
    let undecided = 0;
    while (comparison.replies < replies) {
      for (const program of fc.sample(programs(length, kinds), {
        seed: seed + batch,
        numRuns: 50,
      })) {
        if (comparison.replies >= replies) break;
        count += 1;
        const outcome = await runProgram(program, comparison);
        if (outcome === 'undecided') undecided += 1;
        if (outcome !== 'different') continue;
        show(comparison);
        await report(await smaller(program, comparison), comparison);
        return 1;
      }
      batch += 1;
    }
    console.log(
      `${comparison.replies} replies of ${count} programs compared with ${comparison.version}: 0 differences (programs undecided: ${undecided})`,
    );
    for (const [what, times] of comparison.unsupported)
      console.log(`  programs ended early: ${times}: ${what}`);
    return 0;
  } finally {
    comparison.close();
  }
}

/** Leaves out what can be left out. */
async function smaller(program: Program, comparison: Comparison): Promise<Program> {
  let best = program;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      if ((await runProgram(shorter, comparison)) === 'different') best = shorter;
      else at += size;
    }
  }
  return best;
}

async function report(program: Program, comparison: Comparison): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await runProgram(program, comparison);
    if (comparison.difference === undefined) continue;
    console.log('made small:');
    show(comparison);
    return;
  }
  console.log('it did not come again');
}

function show({ difference }: Comparison): void {
  if (difference === undefined) return;
  const { command, real, simulated, before } = difference;
  for (const line of before) console.log(`  before:   ${line}`);
  console.log(`DIFFERENCE  ${command}\n  real      ${real}\n  simulated ${simulated}`);
}
