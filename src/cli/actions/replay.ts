/** Lives recordings through again, with the machines of this version. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { plural } from '../../core/amounts.js';
import { messageOf } from '../../core/errors.js';
import { Diagram } from '../../replay/diagram.js';
import { openRecording } from '../../replay/recording.js';
import { Replayer, replayFile } from '../../replay/replayer.js';
import type { ReplayReport } from '../../replay/report.js';
import { Trim } from '../../replay/trim.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import type { Range } from '../range.js';
import { reportForPeople, stepForPeople } from '../replay-view.js';

interface ReplayOptions {
  readonly actor?: string;
  readonly step?: boolean;
  readonly diagram?: boolean;
  readonly trim?: Range;
  readonly out?: string;
  readonly force?: boolean;
}

export async function replayFiles(
  files: readonly string[],
  options: ReplayOptions,
  output: Output,
): Promise<number> {
  if ((options.trim === undefined) !== (options.out === undefined)) {
    throw new CliError('Usage', 'expected --trim and --out together, got: one of them');
  }
  if (options.force && options.out === undefined) {
    throw new CliError('Usage', 'expected --force with --out, got: it alone');
  }
  if (options.trim !== undefined && files.length > 1) {
    throw new CliError('Usage', `expected one file with --trim, got: ${files.length}`);
  }
  let exitCode: number = EXIT.ok;
  for (const file of files) exitCode = Math.max(exitCode, await replayOne(file, options, output));
  return exitCode;
}

async function replayOne(file: string, options: ReplayOptions, output: Output): Promise<number> {
  const { trim, out, force = false, diagram, step, actor } = options;
  if (trim !== undefined && out !== undefined)
    return await writePart(file, { file: out, mayReplace: force }, { ...trim, ...only(actor) }, output);
  if (diagram) return await draw(file, actor, output);
  if (step) return await walk(file, actor, output);
  const report = await replayFile(file, only(actor));
  checkFound(file, actor, report);
  if (output.json) printJson(file, report, output);
  else output.write(reportForPeople(file, report));
  return report.agrees ? EXIT.ok : EXIT.failed;
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
function printJson(file: string, { actors, ...summary }: ReplayReport, output: Output): void {
  for (const actor of actors) output.write(JSON.stringify({ type: 'Actor', file, ...actor }));
  output.write(JSON.stringify({ type: 'Replayed', file, ...summary }));
}

async function draw(file: string, actor: string | undefined, output: Output): Promise<number> {
  const drawing = new Diagram(actor);
  for await (const lines of await openRecording(file)) for (const line of lines) drawing.feed(line);
  const mermaid = drawing.text();
  output.write(output.json ? JSON.stringify({ type: 'Diagram', file, mermaid }) : mermaid);
  return EXIT.ok;
}

/** Line by line; what stands in the recording and, where they part, what the machine does now. */
async function walk(file: string, actor: string | undefined, output: Output): Promise<number> {
  const reader = await openRecording(file);
  const replayer = new Replayer(reader.header, only(actor));
  const { stdin, stdout } = output.host;
  const isTerminal = stdin.isTTY && stdout.isTTY;
  const terminal = isTerminal ? createInterface({ input: stdin, output: stdout }) : undefined;
  try {
    for await (const lines of reader) {
      for (const line of lines) {
        const divergence = replayer.feed(line);
        const isMeant = actor === undefined || ('actor' in line && line.actor === actor);
        const words = isMeant ? stepForPeople(line, divergence) : undefined;
        if (words === undefined) continue;
        output.write(words);
        if (terminal !== undefined && !(await goesOn(terminal))) return EXIT.ok;
      }
    }
  } finally {
    terminal?.close();
  }
  const report = replayer.report(reader.cut);
  checkFound(file, actor, report);
  return report.agrees ? EXIT.ok : EXIT.failed;
}

/** Enter: yes. `q`, the end of the input, or Ctrl-C: no. */
async function goesOn(terminal: Interface): Promise<boolean> {
  const asked = new AbortController();
  const closed = once(terminal, 'close', { signal: asked.signal }).then(() => 'q');
  try {
    return (await Promise.race([terminal.question(''), closed])).trim() !== 'q';
  } catch {
    return false;
  } finally {
    closed.catch(() => {});
    asked.abort();
  }
}

/** Where a part of a recording is to stand. */
interface Part {
  readonly file: string;
  /** A file that is there is replaced. */
  readonly mayReplace: boolean;
}

async function writePart(
  file: string,
  { file: out, mayReplace }: Part,
  range: Range & { readonly actor?: string },
  output: Output,
): Promise<number> {
  if (resolve(file) === resolve(out)) {
    throw new CliError('Usage', `expected --out to be another file than the recording, got: ${out}`);
  }
  const reader = await openRecording(file);
  const trim = new Trim(range);
  const kept: unknown[] = [trim.header(reader.header)];
  for await (const lines of reader) for (const line of lines) kept.push(...trim.take(line));
  if (kept.length === 1) {
    throw new CliError(
      'Usage',
      `expected ${file} to have lines from seq ${range.from} to ${range.to}, got: none (--trim)`,
    );
  }
  kept.push(trim.end());
  try {
    await write(out, `${kept.map((line) => JSON.stringify(line)).join('\n')}\n`, mayReplace);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError('FileExists', `expected no file ${out} yet, got: one; --force replaces it`);
    }
    throw new CliError('RecordingFailed', `expected ${out} to be writable, got: ${messageOf(error)} (--out)`);
  }
  const lines = kept.length;
  output.write(
    output.json
      ? JSON.stringify({ type: 'Trimmed', file, out, lines })
      : `${out}: ${plural(lines, 'line')} of ${file}`,
  );
  return EXIT.ok;
}

/** For whoever runs the process alone: names stand in it. A file that is replaced had rights of its own. */
async function write(file: string, text: string, mayReplace: boolean): Promise<void> {
  const handle = await open(file, mayReplace ? 'w' : 'wx', 0o600);
  try {
    // A device has no rights that could be set.
    if ((await handle.stat()).isFile()) await handle.chmod(0o600);
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}
