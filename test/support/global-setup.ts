import { findRedisBinary } from '../../src/testing/redis-binary.js';

/** Runs once, before Mocha starts its parallel workers: a binary that must be downloaded is downloaded once, and first. */
export async function mochaGlobalSetup(): Promise<void> {
  // Without one, whoever needs it says so.
  await findRedisBinary().catch(() => undefined);
}
