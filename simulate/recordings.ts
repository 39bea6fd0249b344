/** What a run leaves for the tools that read recordings and histories. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordOptions, Runtime } from '../src/index.js';
import type { HistoryRecord } from '../src/testing/history-records.js';

/** Everything is remembered, and written when the run is over: while it goes on, no file could keep up with its time. */
export function recordingIn(folder: string, name: string): RecordOptions {
  return {
    file: join(folder, `${name}.jsonl`),
    ring: { maxEvents: 1_000_000, lastMs: 3_600_000, dumpOn: [] },
    info: 'keep',
  };
}

/** `<folder>/<consumer id>-<number>.jsonl` for each process, and `history.json`. */
export async function keepRecordings(
  members: readonly { readonly runtime: Runtime }[],
  history: readonly HistoryRecord[],
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { runtime } of members) await runtime.recording?.dump('simulated');
  await writeFile(
    join(folder, 'history.json'),
    `[\n${history.map((record) => JSON.stringify(record)).join(',\n')}\n]\n`,
  );
}
