/** Looks for a mutant: seed by seed, until one breaks the contract. */
import { fileURLToPath } from 'node:url';
import type { Violation } from '../invariants/violations.js';
import { readKept } from '../kept.js';
import { drawSchedule, type Schedule } from '../schedule.js';
import { ProcessGone, SeedProcess } from '../seed-process.js';
import type { Bundles } from './bundle.js';
import { type Mutant, USUAL_BUDGET } from './mutant.js';

/** A run that takes longer than this has been sent round in circles, in milliseconds. */
const LONGEST_RUN_MS = 30_000;
const FOUND = new URL('../../test/simulation/found/', import.meta.url);

export interface Verdict {
  readonly mutant: Mutant;
  readonly budget: number;
  /** Seeds that were run, of which the last one shows it; 0: the kept schedule does. */
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
  for (let seed = 1; seed <= budget; seed += 1) yield [seed, drawSchedule(seed, wishes)];
}

export async function look(mutant: Mutant, { bundles, sound, budget: wanted }: Trial): Promise<Verdict> {
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
      if (own !== undefined) return verdict(violation, `without it, too: ${own.clause} ${own.message}`);
      return verdict(violation);
    }
    return verdict();
  } catch (error) {
    if (!(error instanceof ProcessGone)) throw error;
    return verdict(undefined, `seed ${seeds}: ${error.message}`);
  } finally {
    process.close();
  }
}
