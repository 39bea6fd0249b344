import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findRedisBinary } from '../../src/testing/redis-binary.js';
import { measureRun } from './pace.js';
import { closePrograms, openPrograms } from './programs.js';
import { closeAtEnd } from './run-end.js';
import { SKIPS_FILE } from './skip.js';

/** Runs once, before Mocha starts its parallel workers: a binary that must be downloaded is downloaded once, and first; then the machine's
 * pace is measured, which the workers begin with. */
export async function mochaGlobalSetup(): Promise<void> {
  // Without one, whoever needs it says so.
  await findRedisBinary().catch(() => undefined);
  await openPrograms();
  await measureRun();
  process.env[SKIPS_FILE] = join(await mkdtemp(join(tmpdir(), 'streamwarden-skips-')), 'reasons.jsonl');
}

export async function mochaGlobalTeardown(): Promise<void> {
  await closeAtEnd();
  await closePrograms();
  const file = process.env[SKIPS_FILE];
  if (file !== undefined) await rm(dirname(file), { recursive: true, force: true });
}
