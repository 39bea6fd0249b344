/** What the consumers of a soak recorded, lived through again: every machine that ran has to replay exactly, also where its process was killed. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isStreamwardenError } from '../src/index.js';
import { replayFile } from '../src/testing/index.js';

export interface Replayed {
  readonly recordings: number;
  readonly recordedEvents: number;
  readonly divergences: number;
  /** Lines that a consumer could not write fast enough. */
  readonly linesLost: number;
  /** Everything that must not be, in words. */
  readonly violations: readonly string[];
}

/** Killed before its first line was written: there is nothing to replay. */
function isEmpty(error: unknown): boolean {
  return isStreamwardenError(error, 'RecordingMalformed') && error.details.line === 1;
}

export async function replayAll(folder: string): Promise<Replayed> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.jsonl')).sort();
  const violations: string[] = [];
  let [recordings, recordedEvents, divergences, linesLost] = [0, 0, 0, 0];
  for (const file of files) {
    try {
      const report = await replayFile(join(folder, file));
      recordings += 1;
      recordedEvents += report.events;
      divergences += report.diverged;
      linesLost += report.lost;
      for (const { divergence } of report.actors) {
        if (divergence === null) continue;
        violations.push(
          `${file}: ${divergence.actor} diverges at seq ${divergence.seq} (${divergence.reason})`,
        );
      }
      if (report.missing > 0) violations.push(`${file}: ${report.missing} lines are missing`);
    } catch (error) {
      if (!isEmpty(error)) throw error;
    }
  }
  return { recordings, recordedEvents, divergences, linesLost, violations };
}
