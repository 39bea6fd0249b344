/** Looks for a mutant: seed by seed, until one breaks the contract. */
import { fileURLToPath } from 'node:url';
import { CONFIGURATIONS, explore, type Scripts } from '../../explore/index.js';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import type { Violation } from '../invariants/violations.js';
import { readKept } from '../kept.js';
import { drawSchedule, type Schedule } from '../schedule.js';
import { ProcessGone, SeedProcess } from '../seed-process.js';
import type { Bundles } from './bundle.js';
import { edited, type Mutant, USUAL_BUDGET } from './mutant.js';

/** A run that takes longer than this has been sent round in circles, in milliseconds. */
const LONGEST_RUN_MS = 30_000;
/** Of what fails beside the contract: a script, say. */
const OF_NO_CLAUSE = '-';
const FOUND = new URL('../../test/simulation/found/', import.meta.url);

export interface Verdict {
  readonly mutant: Mutant;
  readonly budget: number;
  /** Seeds that were run, of which the last one shows it; 0: the kept schedule does, or the explorer. */
  readonly seeds: number;
  /** What the contract says against it; undefined: nothing was found. */
  readonly violation: Violation | undefined;
  /** Why it does not count as found: the sources themselves break the contract with this seed, or the run came to no end. */
  readonly problem: string | undefined;
  /** Processor time of these runs, in milliseconds. */
  readonly cpuMs: number;
}

export interface Trial {
  readonly bundles: Bundles;
  /** Runs the sources without a change. */
  readonly sound: SeedProcess;
  /** Instead of the mutant's own. */
  readonly budget?: number | undefined;
}

/** The mutant's kept schedule, and then as many as the budget allows. */
async function* schedulesFor({ kept, wishes }: Mutant, budget: number): AsyncGenerator<[number, Schedule]> {
  if (kept !== undefined) {
    yield [0, (await readKept(fileURLToPath(new URL(`${kept}.json`, FOUND)))).schedule];
  }
  // On one server, unless it is a cluster that shows it: seeds are few.
  const shape = { servers: 1, ...wishes?.shape };
  for (let seed = 1; seed <= budget; seed += 1) yield [seed, drawSchedule(seed, { ...wishes, shape })];
}

/** Scripts with the edits of a mutant, by the names of their files. */
function scriptsOf({ name, edits }: Mutant): Scripts {
  const scripts: Partial<Record<ScriptName, { source: string }>> = {};
  for (const edit of edits) {
    const [, script] = /^redis\/scripts\/([\w-]+)\.lua$/.exec(edit.file) ?? [];
    const known = script === undefined ? undefined : SCRIPTS[script as ScriptName];
    if (known === undefined) throw new Error(`expected ${name} to change scripts only, got: ${edit.file}`);
    const { source } = scripts[script as ScriptName] ?? known;
    scripts[script as ScriptName] = { source: edited(source, edit) };
  }
  return scripts;
}

function lookInto(world: string, mutant: Mutant): Verdict {
  const configuration = CONFIGURATIONS.find(({ name }) => name === world);
  if (configuration === undefined) throw new Error(`expected the name of a configuration, got: ${world}`);
  const found = explore(configuration, { scripts: scriptsOf(mutant) });
  const sound = explore(configuration);
  const of = ({ counterexample: shown }: typeof found): Violation | undefined =>
    shown && { atMs: 0, clause: shown.clause, message: shown.message };
  return {
    mutant,
    budget: 0,
    seeds: 0,
    violation: of(found),
    problem: problemOf(of(found), of(sound)),
    cpuMs: 1000 * found.seconds,
  };
}

/** A script that cannot run, or a broken contract without the change as well, says nothing for the checks. */
function problemOf(violation: Violation | undefined, own: Violation | undefined): string | undefined {
  if (own !== undefined) return `without it, too: ${own.clause} ${own.message}`;
  return violation?.clause === OF_NO_CLAUSE ? violation.message : undefined;
}

export async function look(mutant: Mutant, { bundles, sound, budget: wanted }: Trial): Promise<Verdict> {
  if (mutant.explored !== undefined) return lookInto(mutant.explored, mutant);
  const budget = wanted ?? mutant.budget ?? USUAL_BUDGET;
  const process = new SeedProcess(await bundles.make(mutant), LONGEST_RUN_MS);
  let seeds = 0;
  let cpuMs = 0;
  const verdict = (violation?: Violation, problem?: string): Verdict => ({
    mutant,
    budget,
    seeds,
    violation,
    problem,
    cpuMs,
  });
  try {
    for await (const [seed, schedule] of schedulesFor(mutant, budget)) {
      seeds = seed;
      const { result, cpuMs: spentMs } = await process.run(schedule);
      cpuMs += spentMs;
      const [violation] = result.violations;
      if (violation === undefined) continue;
      // Is it the mutant's doing?
      const [own] = (await sound.run(schedule)).result.violations;
      return verdict(violation, problemOf(violation, own));
    }
    return verdict();
  } catch (error) {
    if (!(error instanceof ProcessGone)) throw error;
    return verdict(undefined, `seed ${seeds}: ${error.message}`);
  } finally {
    process.close();
  }
}
