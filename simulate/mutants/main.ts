/** `npm run mutants [-- NAME …]`: does the simulation find what it is there for? A table: by which violation, after how many seeds and seconds. */
import { createHash } from 'node:crypto';
import { SCRIPTS, type Script, type ScriptName } from '../../src/redis/scripts.js';
import { learn } from '../../src/simulation/labels.js';
import { runSchedule } from '../fleet.js';
import { drawSchedule } from '../schedule.js';
import { SCRIPT_MUTANTS, type ScriptMutant } from './script-mutants.js';

/** Seeds that a mutant is looked for with. */
const BUDGET = Number(process.env.MUTANT_SEEDS ?? 60);

interface Verdict {
  readonly seeds: number;
  readonly violation: string | undefined;
}

function mutated({ source, ...script }: Script, { name, from, to }: ScriptMutant): Script {
  if (!source.includes(from)) throw new Error(`${name}: its text is not in the script any more: ${from}`);
  const changed = source.replace(from, () => to);
  return { ...script, source: changed, sha: createHash('sha1').update(changed).digest('hex') };
}

async function verdictOn(mutant: ScriptMutant): Promise<Verdict> {
  const scripts = SCRIPTS as Record<ScriptName, Script>;
  const original = scripts[mutant.script];
  scripts[mutant.script] = mutated(original, mutant);
  learn(scripts[mutant.script]);
  try {
    for (let seed = 1; seed <= BUDGET; seed += 1) {
      const [violation] = (await runSchedule(drawSchedule(seed, mutant.wishes))).violations;
      if (violation !== undefined) {
        return { seeds: seed, violation: `${violation.clause} ${violation.message}`.slice(0, 110) };
      }
    }
    return { seeds: BUDGET, violation: undefined };
  } finally {
    scripts[mutant.script] = original;
  }
}

const wanted = process.argv.slice(2);
let missed = 0;
for (const mutant of SCRIPT_MUTANTS) {
  if (wanted.length > 0 && !wanted.includes(mutant.name)) continue;
  const began = process.cpuUsage();
  const { seeds, violation } = await verdictOn(mutant);
  const { user, system } = process.cpuUsage(began);
  if (violation === undefined) missed += 1;
  console.log(
    [
      mutant.name.padEnd(30),
      String(seeds).padStart(4),
      `${((user + system) / 1e6).toFixed(1)} s`.padStart(8),
      violation ?? `NOT FOUND: ${mutant.why}`,
    ].join('  '),
  );
}
console.log(`${missed} not found`);
process.exitCode = missed > 0 ? 1 : 0;
