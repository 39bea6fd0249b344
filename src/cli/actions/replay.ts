/** Lives recordings through again, with the machines of this version. */
import { Diagram } from '../../replay/diagram.js';
import { overlaps, tenuresOf } from '../../replay/merge.js';
import { loadRecording, type RecordingReader } from '../../replay/recording.js';
import { Replayer } from '../../replay/replayer.js';
import type { ReplayReport } from '../../replay/report.js';
import { type Story, StoryTeller } from '../../replay/story.js';
import { summaryOf, type Told } from '../../replay/summary.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import type { Range } from '../range.js';
import { acceptFile, mergeFiles, shrinkFile, trimFile } from '../replay/parts.js';
import { codeOf, readerOf, walk } from '../replay/walk.js';
import type { Place } from '../replay/write-recording.js';
import { reportForPeople, summaryForPeople, tenuresForPeople } from '../replay-view.js';

interface ReplayOptions {
  readonly actor?: string;
  readonly from?: number;
  readonly step?: boolean;
  readonly diagram?: boolean;
  readonly trim?: Range;
  readonly shrink?: boolean;
  readonly accept?: boolean;
  readonly yes: boolean;
  readonly merge?: boolean;
  readonly out?: string;
  readonly force?: boolean;
}

/** @throws CliError `Usage` */
function checkTogether(
  files: readonly string[],
  { trim, shrink, accept, merge, from, ...options }: ReplayOptions,
): void {
  const { out, force = false, yes } = options;
  const writes = [trim, shrink, accept, merge].some((one) => one !== undefined);
  if (trim !== undefined && out === undefined)
    throw new CliError('Usage', 'expected --trim and --out together, got: one of them');
  if (merge && out === undefined)
    throw new CliError('Usage', 'expected --merge and --out together, got: one of them');
  if (out !== undefined && !writes)
    throw new CliError('Usage', 'expected --out with --trim, --shrink, --accept or --merge, got: it alone');
  if (force && out === undefined) throw new CliError('Usage', 'expected --force with --out, got: it alone');
  if (yes && !accept) throw new CliError('Usage', 'expected --yes with --accept, got: it alone');
  if (merge && files.length < 2) throw new CliError('Usage', 'expected several files with --merge, got: one');
  const single = [
    [trim !== undefined, '--trim'],
    [shrink, '--shrink'],
    [from !== undefined, '--from'],
    [accept && out !== undefined, '--accept and --out'],
  ].find(([isGiven]) => isGiven);
  if (single !== undefined && files.length > 1)
    throw new CliError('Usage', `expected one file with ${single[1]}, got: ${files.length}`);
}

export async function replayFiles(
  files: readonly string[],
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  checkTogether(files, options);
  const { trim, shrink, accept, yes, merge, out, force = false, diagram, step, actor, from = 0 } = options;
  const place: Place | undefined = out === undefined ? undefined : { file: out, mayReplace: force };
  const [file = ''] = files;
  if (merge && place !== undefined) return await mergeFiles(files, place, output);
  if (trim !== undefined && place !== undefined)
    return await trimFile(file, place, { ...trim, ...only(actor) }, output);
  if (shrink) return await shrinkFile(file, place, output);
  if (diagram) return await draw(files, await readerOf(files, from), actor, output);
  if (step) {
    const report = await walk(await readerOf(files, from), actor, output);
    if (report !== undefined) checkFound(files.join(', '), actor, report);
    return codeOf(report);
  }
  const codes: number[] = [];
  if (accept) {
    for (const one of files) codes.push(await acceptFile(one, { yes, place }, output));
    return Math.max(...codes);
  }
  const told: Told[] = [];
  for (const one of files) told.push(await replayOne(one, options, output));
  if (files.length > 1 && actor === undefined) await tellTogether(files, told, output);
  return Math.max(...told.map(({ report }) => codeOf(report)));
}

async function replayOne(file: string, { actor, from = 0 }: ReplayOptions, output: Output): Promise<Told> {
  const told = await replayed(await readerOf([file], from), actor);
  const { report, story } = told;
  checkFound(file, actor, report);
  if (output.json) printJson(file, report, story, output);
  else output.write(reportForPeople(file, report, actor === undefined ? story : undefined));
  return told;
}

async function replayed(reader: RecordingReader, actor: string | undefined): Promise<Told> {
  const replayer = new Replayer(reader.header, only(actor));
  const teller = new StoryTeller();
  for await (const lines of reader) {
    for (const line of lines) {
      teller.take(line);
      replayer.feed(line);
    }
  }
  return { report: replayer.report(reader.cut), story: teller.story };
}

/** Who had which stream, and what came of it all: what no recording of one process says. */
async function tellTogether(files: readonly string[], told: readonly Told[], output: Output): Promise<void> {
  const streams = tenuresOf(await Promise.all(files.map(loadRecording)));
  const summary = summaryOf(told, streams);
  if (!output.json) {
    output.write(tenuresForPeople(streams));
    output.write(summaryForPeople(summary));
    return;
  }
  for (const one of streams)
    output.write(JSON.stringify({ type: 'Owners', ...one, overlaps: overlaps(one) }));
  output.write(JSON.stringify({ type: 'Together', ...summary }));
}

function only(actor: string | undefined): { actor?: string } {
  return actor === undefined ? {} : { actor };
}

function checkFound(file: string, actor: string | undefined, report: ReplayReport): void {
  if (actor === undefined || report.actorCount > 0) return;
  throw new CliError(
    'ActorNotFound',
    `expected ${file} to tell of the actor ${actor}, got: no line about it (--actor)`,
  );
}

/** Exactly these members and no time of day: the same recording gives the same text. */
function printJson(file: string, { actors, ...summary }: ReplayReport, story: Story, output: Output): void {
  for (const actor of actors) output.write(JSON.stringify({ type: 'Actor', file, ...actor }));
  output.write(JSON.stringify({ type: 'Replayed', file, ...summary, story }));
}

async function draw(
  files: readonly string[],
  reader: RecordingReader,
  actor: string | undefined,
  output: Output,
): Promise<number> {
  const drawing = new Diagram(actor);
  for await (const lines of reader) for (const line of lines) drawing.feed(line);
  const mermaid = drawing.text();
  const [file] = files;
  output.write(
    output.json
      ? JSON.stringify({ type: 'Diagram', ...(files.length === 1 ? { file } : { files }), mermaid })
      : mermaid,
  );
  return EXIT.ok;
}
