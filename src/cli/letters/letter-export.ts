/** Writes dead letters as JSON lines: to stdout, or to a file that is there as a whole or not at all. */

import type { FileHandle } from 'node:fs/promises';
import { link, open, rename, unlink } from 'node:fs/promises';
import type { DeadLettersAdmin } from '../../admin/letters/letters-admin.js';
import { plural } from '../../core/amounts.js';
import { messageOf } from '../../core/errors.js';
import { CliError, EXIT } from '../errors.js';
import { Interruption, interrupted } from '../interruption.js';
import type { Output } from '../output.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';
import { type FilterOptions, filterOf } from './letter-choice.js';

export interface ExportOptions extends ServiceVisitOptions, FilterOptions {
  readonly out?: string;
  readonly overwrite: boolean;
}

/** @throws CliError `FileExists`, `FileNotWritten`, `Interrupted` */
export async function exportLetters(options: ExportOptions, output: Output): Promise<number> {
  const { out } = options;
  if (options.overwrite && out === undefined) {
    throw new CliError('Usage', 'expected --overwrite together with --out, got: it alone');
  }
  return await withAdmin(options, output, async ({ admin: { deadLetters } }) => {
    using interruption = new Interruption(output);
    if (out === undefined) {
      const count = await writeAll(deadLetters, options, interruption, (text) => output.write(text));
      if (interruption.isAsked) throw interrupted(`${plural(count, 'dead letter')} written, and not all`);
      return EXIT.ok;
    }
    const count = await intoFile(out, options.overwrite, async (file) => {
      const written = await writeAll(deadLetters, options, interruption, (text) =>
        file.appendFile(`${text}\n`),
      );
      if (interruption.isAsked) throw interrupted(`nothing was written to ${out}`);
      return written;
    });
    output.line({ type: 'Exported', file: out, count }, `${plural(count, 'dead letter')} written to ${out}`);
    return EXIT.ok;
  });
}

/** Characters that are kept until they are written; a single letter may have more. */
const CHUNK = 1_048_576;

/** Oldest first. Resolves with how many. */
async function writeAll(
  letters: DeadLettersAdmin,
  options: ExportOptions,
  interruption: Interruption,
  write: (lines: string) => void | Promise<void>,
): Promise<number> {
  let count = 0;
  let lines: string[] = [];
  let length = 0;
  const flush = async () => {
    if (lines.length > 0) await write(lines.join('\n'));
    count += lines.length;
    lines = [];
    length = 0;
  };
  const { nowMs } = await letters.summary();
  for await (const line of letters.export(filterOf(options, nowMs))) {
    lines.push(line);
    length += line.length;
    if (length >= CHUNK) await flush();
    if (interruption.isAsked) break;
  }
  await flush();
  return count;
}

/** Whoever deletes the letters afterwards must be able to rely on the file: it has its name only when all of it is on disk. */
async function intoFile<T>(
  out: string,
  overwrite: boolean,
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const unfinished = `${out}.${process.pid}.part`;
  const file = await onDisk(out, () => open(unfinished, 'wx', 0o600));
  try {
    let result: T;
    try {
      result = await fill(file);
      await onDisk(out, () => file.sync());
    } finally {
      await file.close();
    }
    // A link is refused where there is something of that name already, also when it came there meanwhile.
    await onDisk(out, () => (overwrite ? rename(unfinished, out) : link(unfinished, out)));
    return result;
  } finally {
    await unlink(unfinished).catch(() => {});
  }
}

async function onDisk<T>(out: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError('FileExists', `expected no file ${out} yet, got: one; --overwrite replaces it`);
    }
    throw new CliError('FileNotWritten', `cannot write ${out}: ${messageOf(error)}`);
  }
}
