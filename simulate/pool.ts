/** Several processes that run seeds beside each other. */
import type { RunResult } from './fleet.js';
import { drawSchedule, type Wishes } from './schedule.js';
import { ProcessGone, type Program, SeedProcess } from './seed-process.js';

export interface PoolSettings {
  readonly program: Program;
  readonly jobs: number;
  readonly wishes: Wishes;
  /** The next seed to be run; undefined when there is none any more. */
  next(): number | undefined;
  ran(result: RunResult): void;
  /** A child ended while it ran this seed. */
  died(seed: number, why: string): void;
}

async function work({ program, wishes, next, ran, died }: PoolSettings): Promise<void> {
  const child = new SeedProcess(program);
  for (let seed = next(); seed !== undefined; seed = next()) {
    try {
      ran((await child.run(drawSchedule(seed, wishes))).result);
    } catch (error) {
      if (!(error instanceof ProcessGone)) throw error;
      died(seed, error.message);
    }
  }
  child.close();
}

/** Resolves when there is nothing left to run. */
export async function runAll(settings: PoolSettings): Promise<void> {
  await Promise.all(Array.from({ length: settings.jobs }, () => work(settings)));
}
