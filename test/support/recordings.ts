/** Recordings for tests that need no Redis: actors that only these tests know, and files that are gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startActor } from '../../src/actors/host.js';
import { silentLogger } from '../../src/core/logger.js';
import { Seam } from '../../src/core/seam.js';
import { ownershipMachine } from '../../src/machines/ownership.machine.js';
import type { RecordOptions } from '../../src/replay/record-options.js';
import { Recorder } from '../../src/replay/recorder.js';
import { compileRecordOptions } from '../../src/runtime/record-schema.js';
import { trackedClock } from './tracked-clock.js';

/** Gives each test of the surrounding suite a folder of its own. */
export function useFolder(): (name?: string) => string {
  let folder: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamwarden-recordings-'));
  });

  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  return (name = '') => join(folder ?? '', name);
}

/** Actors that are recorded as a runtime's are. */
export function createStage(settings: { readonly maxWaiting?: number } = {}) {
  const seam = new Seam((error) => {
    throw error;
  });
  const time = { now: 1_000 };
  const clock = trackedClock({ now: () => time.now });
  const about = { service: 'orders', consumer: 'me~1', seam, clock, logger: silentLogger };
  const recorder = new Recorder({ ...about, ...settings });
  return {
    seam,
    /** What the clock shows. */
    time,
    recorder,
    record: (options: RecordOptions) => recorder.record(compileRecordOptions(options)),
    /** An ownership, in state `acquiring`. */
    own(id: string, name = `stream-${id}`) {
      return startActor({ clock, seam }, ownershipMachine, {
        path: `consumer/ownership/${id}`,
        input: { id, name, retryCount: 0 },
        onError: () => {},
      });
    },
    clock,
  };
}
