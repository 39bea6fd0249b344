/**
 * Replays one recording in a thread of its own: whatever stands in it, the thread that holds leases goes on, and this one can be ended. It is given pieces
 * of the recording and then null, or with `workerData.file` a file, and answers once.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import { RecordingParser } from '../replay/parser.js';
import { Replayer, replayFile } from '../replay/replayer.js';
import type { ReplayReport } from '../replay/report.js';

/** What it says. */
export type ReplayMessage =
  /** The next piece may come. */
  | { readonly kind: 'more' }
  /** JSON, written here: as much stands in a report as its recording has, and the other thread has other things to do. */
  | { readonly kind: 'report'; readonly report: Uint8Array }
  | { readonly kind: 'tooLong' }
  | { readonly kind: 'refused'; readonly code: string | null; readonly message: string };

const { file, mostBytes } = workerData as { readonly file: string | null; readonly mostBytes: number };

function say(message: ReplayMessage): void {
  parentPort?.postMessage(message);
}

function sayReport(report: ReplayReport): void {
  const bytes = new TextEncoder().encode(JSON.stringify(report));
  if (bytes.length > mostBytes) say({ kind: 'tooLong' });
  else parentPort?.postMessage({ kind: 'report', report: bytes } satisfies ReplayMessage, [bytes.buffer]);
  parentPort?.close();
}

function failed(error: unknown): void {
  say({
    kind: 'refused',
    code: isStreamwardenError(error) ? error.code : null,
    message: messageOf(error),
  });
  parentPort?.close();
}

/** Takes the pieces. @returns the report, after the last one */
function reader(): (piece: Uint8Array | null) => ReplayReport | undefined {
  const parser = new RecordingParser('the recording');
  const decoder = new TextDecoder();
  let replayer: Replayer | undefined;
  return (piece) => {
    const text = piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
    const lines = [...parser.push(text), ...(piece === null ? parser.end() : [])];
    if (piece === null || parser.hasHeader) replayer ??= new Replayer(parser.header);
    for (const line of lines) replayer?.feed(line);
    return piece === null ? replayer?.report(parser.cut) : undefined;
  };
}

if (file !== null) {
  replayFile(file).then(sayReport).catch(failed);
} else {
  const take = reader();
  parentPort?.on('message', (piece: Uint8Array | null) => {
    try {
      const report = take(piece);
      if (report === undefined) say({ kind: 'more' });
      else sayReport(report);
    } catch (error) {
      failed(error);
    }
  });
}
