import { appendFileSync } from 'node:fs';

/** Named by `global-setup.ts`; read by the reporter in `scripts/totals-reporter.cjs`, which says at the end of a run what was skipped. */
export const SKIPS_FILE = 'TEST_SKIPS_FILE';

export interface SkipReason {
  /** What this machine has not got: `a Docker engine`. */
  readonly missing: string;
  /** What to do to have the tests run: `apt-get install zsh`. */
  readonly remedy: string;
}

/** Skips the test, or every test of the suite whose hook asks, and has the reason said at the end of the run. */
export function skipWithout(context: Mocha.Context, reason: SkipReason): never {
  const file = process.env[SKIPS_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(reason)}\n`);
  return context.skip();
}
