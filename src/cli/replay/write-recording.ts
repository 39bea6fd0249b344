/** Recordings that commands write: whole or not at all, for whoever runs the process alone; compressed where the name ends in `.gz`. */
import { link, open, rename, unlink } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { messageOf } from '../../core/errors.js';
import type { Header, Line } from '../../replay/format.js';
import { CliError } from '../errors.js';

/** Where a recording is to stand. */
export interface Place {
  readonly file: string;
  /** A file that is there is replaced. */
  readonly mayReplace: boolean;
}

/** As they are recorded, so that what has not changed is the same text. */
const MEMBERS = [
  'kind',
  'seq',
  'at',
  'by',
  'actor',
  'machine',
  'input',
  'event',
  'state',
  'context',
  'patch',
  'effects',
  'status',
  'threw',
];

function textOf(line: Header | Line): string {
  if (line.kind === 'header') return JSON.stringify(line);
  const members = Object.entries(line);
  const placeOf = (name: string) => (MEMBERS.includes(name) ? MEMBERS.indexOf(name) : MEMBERS.length);
  return JSON.stringify(Object.fromEntries(members.sort(([a], [b]) => placeOf(a) - placeOf(b))));
}

/** @throws CliError `FileExists`, `RecordingFailed` */
export async function writeRecording(
  { file, mayReplace }: Place,
  header: Header,
  lines: readonly Line[],
): Promise<void> {
  const text = `${[header, ...lines].map(textOf).join('\n')}\n`;
  const bytes = file.endsWith('.gz') ? gzipSync(text) : Buffer.from(text);
  try {
    if (await isDevice(file)) await writeTo(file, bytes, 'w');
    else await replace(file, bytes, mayReplace);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new CliError('FileExists', `expected no file ${file} yet, got: one; --force replaces it`);
    throw new CliError(
      'RecordingFailed',
      `expected ${file} to be writable, got: ${messageOf(error)} (--out)`,
    );
  }
}

/** Such as /dev/stdout: nothing else may be put in its place. */
async function isDevice(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r+');
    try {
      return !(await handle.stat()).isFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    // A directory, or what may be written and not read, is for the writing itself to find out.
    return false;
  }
}

async function replace(file: string, bytes: Uint8Array, mayReplace: boolean): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await writeTo(unfinished, bytes, 'wx');
    // A link, unlike a new name, replaces nothing.
    await (mayReplace ? rename(unfinished, file) : link(unfinished, file));
  } finally {
    await unlink(unfinished).catch(() => {});
  }
}

async function writeTo(file: string, bytes: Uint8Array, flags: 'w' | 'wx'): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await handle.writeFile(bytes);
  } finally {
    await handle.close();
  }
}
