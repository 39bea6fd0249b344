/** Recordings made of recordings: a part that is cut out, the smallest that still diverges, several as one, and one that is accepted as it is now. */
import { resolve } from 'node:path';
import { plural } from '../../core/amounts.js';
import { Acceptance } from '../../replay/accept.js';
import type { Line } from '../../replay/format.js';
import { merge } from '../../replay/merge.js';
import { loadRecording, openRecording } from '../../replay/recording.js';
import { replay } from '../../replay/replayer.js';
import { shrink } from '../../replay/shrink.js';
import { Trim } from '../../replay/trim.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import type { Range } from '../range.js';
import { reportForPeople, shrunkForPeople } from '../replay-view.js';
import { type Place, writeRecording } from './write-recording.js';

function checkOther(files: readonly string[], { file: out }: Place): void {
  if (files.every((file) => resolve(file) !== resolve(out))) return;
  throw new CliError('Usage', `expected --out to be another file than the recording, got: ${out}`);
}

export async function trimFile(
  file: string,
  place: Place,
  range: Range & { readonly actor?: string },
  output: Output,
): Promise<number> {
  checkOther([file], place);
  const reader = await openRecording(file);
  const trim = new Trim(range);
  const kept: Line[] = [];
  for await (const lines of reader) for (const line of lines) kept.push(...trim.take(line));
  if (kept.length === 0) {
    throw new CliError(
      'Usage',
      `expected ${file} to have lines from seq ${range.from} to ${range.to}, got: none (--trim)`,
    );
  }
  await writeRecording(place, trim.header(reader.header), [...kept, trim.end()]);
  const lines = kept.length + 2;
  output.write(
    output.json
      ? JSON.stringify({ type: 'Trimmed', file, out: place.file, lines })
      : `${place.file}: ${plural(lines, 'line')} of ${file}`,
  );
  return EXIT.ok;
}

/** @param place undefined: it is only shown */
export async function shrinkFile(file: string, place: Place | undefined, output: Output): Promise<number> {
  if (place !== undefined) checkOther([file], place);
  const shrunk = shrink(await loadRecording(file));
  if (shrunk === undefined) {
    output.write(
      output.json
        ? JSON.stringify({ type: 'Shrunk', file, out: null, diverges: false })
        : `${file}: nothing diverges, so that there is nothing to shrink`,
    );
    return EXIT.ok;
  }
  const { header, lines, divergence, events } = shrunk;
  if (place !== undefined) await writeRecording(place, header, lines);
  const out = place?.file ?? null;
  const { actor, seq, reason } = divergence;
  output.write(
    output.json
      ? JSON.stringify({
          type: 'Shrunk',
          file,
          out,
          diverges: true,
          actor,
          seq,
          reason,
          events,
          lines: lines.length + 1,
        })
      : shrunkForPeople(file, out, shrunk),
  );
  return EXIT.failed;
}

export async function mergeFiles(files: readonly string[], place: Place, output: Output): Promise<number> {
  checkOther(files, place);
  const { header, lines } = merge(await Promise.all(files.map(loadRecording)));
  await writeRecording(place, header, lines);
  output.write(
    output.json
      ? JSON.stringify({ type: 'Merged', files, out: place.file, lines: lines.length + 1 })
      : `${place.file}: ${plural(lines.length + 1, 'line')} of ${plural(files.length, 'file')}`,
  );
  return EXIT.ok;
}

/** The difference is shown first; then a person says whether that is what was meant. */
export async function acceptFile(
  file: string,
  { yes, place = { file, mayReplace: true } }: { readonly yes: boolean; readonly place?: Place | undefined },
  output: Output,
): Promise<number> {
  refuseUnasked(output.host, yes);
  const recording = await loadRecording(file);
  const report = replay(recording);
  const acceptance = new Acceptance();
  const header = acceptance.header(recording.header);
  const lines = recording.lines.flatMap((line) => acceptance.take(line) ?? []);
  const changed = countChanged([recording.header, ...recording.lines], [header, ...lines]);
  const out = place.file;
  if (changed === 0) {
    output.write(
      output.json
        ? JSON.stringify({ type: 'Accepted', file, out: null, changed, diverged: 0 })
        : `${file}: as it is now, nothing to accept`,
    );
    return EXIT.ok;
  }
  if (!output.json) output.write(reportForPeople(file, report));
  const what = `${plural(changed, 'line')} of ${file}, in which ${plural(report.diverged, 'actor')} diverged`;
  await confirm(output.host, yes, `Write anew ${what}?`);
  await writeRecording(place, header, lines);
  output.write(
    output.json
      ? JSON.stringify({ type: 'Accepted', file, out, changed, diverged: report.diverged })
      : `${out}: written anew, ${plural(changed, 'line')} changed`,
  );
  return EXIT.ok;
}

/** Lines that are not as they were, and those that are there no more. */
function countChanged(before: readonly unknown[], after: readonly unknown[]): number {
  const texts = new Set(before.map((line) => canonical(line)));
  const kept = after.filter((line) => texts.has(canonical(line))).length;
  return Math.max(before.length, after.length) - kept;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
