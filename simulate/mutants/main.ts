/** `npm run mutants`: see arguments.ts for what it takes. */
import { UsageError } from '../arguments.js';
import { SeedProcess } from '../seed-process.js';
import { HELP, type MutantArguments, mutantArgumentsOf } from './arguments.js';
import { AS_IT_IS, Bundles } from './bundle.js';
import { CLIENT_MUTANTS } from './client-mutants.js';
import { ENTRY_MUTANTS } from './entry-mutants.js';
import type { Mutant } from './mutant.js';
import { SCRIPT_MUTANTS } from './script-mutants.js';
import { look, type Verdict } from './trial.js';

const ALL: readonly Mutant[] = [...SCRIPT_MUTANTS, ...CLIENT_MUTANTS, ...ENTRY_MUTANTS];
const NAME_WIDTH = Math.max(...ALL.map(({ name }) => name.length));
const MOST_WORDS = 150;

function isFound({ violation, problem }: Verdict): boolean {
  return violation !== undefined && problem === undefined;
}

function outcomeOf({ mutant, violation, problem }: Verdict): string {
  if (problem !== undefined) return `NOT FOUND: ${problem}`;
  if (violation === undefined) return `NOT FOUND: ${mutant.why}`;
  return `${violation.clause} ${violation.message}`;
}

function placeOf({ mutant, seeds, budget }: Verdict): string {
  if (mutant.explored !== undefined) return 'world';
  return seeds === 0 ? 'kept' : `${seeds}/${budget}`;
}

function row(verdict: Verdict): string {
  const { mutant, cpuMs } = verdict;
  return [
    mutant.name.padEnd(NAME_WIDTH),
    placeOf(verdict).padStart(6),
    `${(cpuMs / 1000).toFixed(1)} s`.padStart(7),
    outcomeOf(verdict).replace(/\s+/g, ' ').slice(0, MOST_WORDS),
  ].join('  ');
}

function document({ mutant, seeds, budget, cpuMs, violation, problem }: Verdict): object {
  const { name, why } = mutant;
  return {
    type: 'mutant',
    name,
    why,
    kept: seeds === 0 ? mutant.kept : undefined,
    explored: mutant.explored,
    seeds,
    budget,
    cpuMs: Math.round(cpuMs),
    violation,
    problem,
  };
}

/** @returns what was found of each, in the order given */
async function lookForAll({ mutants, budget, jobs, json }: MutantArguments): Promise<Verdict[]> {
  await using bundles = await Bundles.create();
  const soundProgram = await bundles.make(AS_IT_IS);
  const verdicts: Verdict[] = [];
  let next = 0;
  const work = async () => {
    const sound = new SeedProcess(soundProgram);
    for (let at = next++; at < mutants.length; at = next++) {
      const verdict = await look(mutants[at] as Mutant, { bundles, sound, budget });
      verdicts[at] = verdict;
      console.log(json ? JSON.stringify(document(verdict)) : row(verdict));
    }
    sound.close();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return verdicts;
}

async function run(args: MutantArguments): Promise<number> {
  if (args.lists) {
    for (const { name, why } of args.mutants) console.log(`${name.padEnd(NAME_WIDTH)}  ${why}`);
    return 0;
  }
  if (!args.json) console.log(`${'mutant'.padEnd(NAME_WIDTH)}   seeds      CPU  found by`);
  const began = performance.now();
  const verdicts = await lookForAll(args);
  const missed = verdicts.filter((verdict) => !isFound(verdict)).map(({ mutant }) => mutant.name);
  const seeds = verdicts.reduce((sum, verdict) => sum + verdict.seeds, 0);
  const cpuSeconds = verdicts.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000;
  const seconds = (performance.now() - began) / 1000;
  if (args.json) {
    const found = verdicts.length - missed.length;
    console.log(JSON.stringify({ type: 'summary', found, missed, seeds, cpuSeconds, seconds }));
  } else {
    const found = `${verdicts.length - missed.length} of ${verdicts.length} mutants found`;
    console.log(`${found}, ${seeds} seeds, ${cpuSeconds.toFixed(0)} s of CPU in ${seconds.toFixed(0)} s`);
    if (missed.length > 0) console.log(`not found: ${missed.join(', ')}`);
  }
  return missed.length > 0 ? 1 : 0;
}

try {
  const args = mutantArgumentsOf(process.argv.slice(2), ALL);
  if (args === 'help') console.log(HELP);
  else process.exitCode = await run(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
