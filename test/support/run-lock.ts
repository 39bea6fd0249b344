import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDirectoryLock } from '../../src/testing/directory-lock.js';

/** Held by one test file at a time, of all those that a run of the tests has in parallel. */
export interface RunLock {
  release(): Promise<void>;
}

/**
 * Waits for the lock of this name. The files of one run are started by the same process, so that its number tells runs apart: two
 * runs do not wait for one another.
 */
export async function takeRunLock(name: string): Promise<RunLock> {
  const path = join(tmpdir(), `streamwarden-${name}-${process.ppid}.lock`);
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let ended: Promise<void> = released;
  await new Promise<void>((taken, failed) => {
    ended = withDirectoryLock(path, () => {
      taken();
      return released;
    });
    ended.catch(failed);
  });
  return {
    release: () => {
      release();
      return ended;
    },
  };
}
