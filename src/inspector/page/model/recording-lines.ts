/**
 * The text of a recording → its lines. What is looked at is only what showing them needs: whether it is a recording in every detail is the server's
 * report to say.
 */
import type { Header, Line } from '../../../replay/format.js';

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

/** @throws NotARecording */
export function readRecording(text: string): RecordingLines {
  const texts = text.split('\n').filter((line) => line.trim() !== '');
  const header = parsed(texts[0] ?? '');
  if (header?.format !== 'streamwarden-recording') {
    throw new NotARecording('expected the first line to be the header of a recording, got: something else');
  }
  if (header.version !== 1) {
    throw new NotARecording(`expected a recording of version 1, got: ${String(header.version)}`);
  }
  const lines: Line[] = [];
  for (let at = 1; at < texts.length; at++) {
    const line = parsed(texts[at] as string);
    const isWhole = typeof line?.kind === 'string' && typeof line.seq === 'number';
    if (isWhole) lines.push(line as unknown as Line);
    else if (at === texts.length - 1) return { header: header as unknown as Header, lines, isCut: true };
    else throw new NotARecording(`expected line ${at + 1} to be a line of a recording, got: something else`);
  }
  return { header: header as unknown as Header, lines, isCut: false };
}
