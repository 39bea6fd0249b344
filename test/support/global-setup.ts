import { findRedisBinary } from '../../src/testing/redis-binary.js';
import { measureRun } from './pace.js';

/** Runs once, before Mocha starts its parallel workers: a binary that must be downloaded is downloaded once, and first; then the machine's
 * pace is measured, which the workers begin with. */
export async function mochaGlobalSetup(): Promise<void> {
  // Without one, whoever needs it says so.
  await findRedisBinary().catch(() => undefined);
  await measureRun();
}
