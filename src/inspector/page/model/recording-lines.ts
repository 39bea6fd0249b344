/**
 * The text of a recording → its lines. What is looked at is only what showing them needs: whether it is a recording in every detail is the server's
 * report to say.
 */
import type { Header, Line } from '../../../replay/format.js';
import { atOnce } from './slices.js';

export class NotARecording extends Error {
  override readonly name = 'NotARecording';
}

export interface RecordingLines {
  readonly header: Header;
  readonly lines: readonly Line[];
  /** Its last line was not written to its end. */
  readonly isCut: boolean;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What a page takes: as much as the server that replays it does, and no more lines than a page can go through. */
export const LIMITS = {
  bytes: 128 * 1024 * 1024,
  lines: 500_000,
  lineLength: 16 * 1024 * 1024,
  depth: 64,
} as const;

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}

/**
 * Before it is read.
 * @throws NotARecording
 */
export function checkSize(bytes: number): void {
  if (bytes <= LIMITS.bytes) return;
  throw new NotARecording(
    `expected a recording of at most ${megabytes(LIMITS.bytes)}, got: ${megabytes(bytes)}; streamwarden replay has no such limit`,
  );
}

/** What is recorded is at most 32 deep, and whoever shows it walks down in it. */
function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((member) => isDeeper(member, most - 1));
}

/** Lines that are not empty, each with its number from 1. Found one at a time: a list of all of them would be a second copy of the text. */
function* textsOf(text: string): Generator<readonly [number: number, line: string]> {
  let number = 0;
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end === -1 ? text.length : end;
    number += 1;
    if (to - from > LIMITS.lineLength) {
      throw new NotARecording(
        `expected line ${number} to be at most ${megabytes(LIMITS.lineLength)} long, got: a longer one`,
      );
    }
    const line = text.slice(from, to);
    if (line.trim() !== '') yield [number, line];
    from = to + 1;
  }
}

function headerOf(line: string): Header {
  const header = parsed(line);
  if (header?.format !== 'streamwarden-recording') {
    throw new NotARecording('expected the first line to be the header of a recording, got: something else');
  }
  if (header.version !== 1 && header.version !== 2) {
    throw new NotARecording(`expected a recording of version 1 or 2, got: ${String(header.version)}`);
  }
  return header as unknown as Header;
}

/** @throws NotARecording */
export function* recordingOf(text: string): Generator<void, RecordingLines> {
  checkSize(text.length);
  const lines: Line[] = [];
  let header: Header | undefined;
  let broken: number | undefined;
  for (const [number, line] of textsOf(text)) {
    if (header === undefined) {
      header = headerOf(line);
      continue;
    }
    // Only the last one may have been cut short.
    if (broken !== undefined) throw brokenAt(broken);
    const value = parsed(line);
    if (typeof value?.kind !== 'string' || typeof value.seq !== 'number') {
      broken = number;
      continue;
    }
    if (isDeeper(value, LIMITS.depth)) {
      throw new NotARecording(
        `expected line ${number} to be nested at most ${LIMITS.depth} deep, got: deeper`,
      );
    }
    if (lines.length === LIMITS.lines) {
      throw new NotARecording(
        `expected a recording of at most ${LIMITS.lines} lines, got: more; streamwarden replay has no such limit`,
      );
    }
    lines.push(value as unknown as Line);
    yield;
  }
  return { header: header ?? headerOf(''), lines, isCut: broken !== undefined };
}

function brokenAt(number: number): NotARecording {
  return new NotARecording(`expected line ${number} to be a line of a recording, got: something else`);
}

/** @throws NotARecording */
export function readRecording(text: string): RecordingLines {
  return atOnce(recordingOf(text));
}
