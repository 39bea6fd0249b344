/**
 * Replays one recording, or tries one event, in a thread of its own: whatever stands in it, the thread that holds leases goes on, and this one can be ended. It
 * is given pieces of what was sent and then null, or a file, and answers once.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import { RecordingParser } from '../replay/parser.js';
import { Replayer, replayFile } from '../replay/replayer.js';
import type { ReplayReport } from '../replay/report.js';
import type { TrialResult } from '../replay/trial.js';
import { MalformedTrial, trialIn } from './trial-in.js';

export type ReplayJob =
  | { readonly kind: 'file'; readonly file: string }
  /** Its pieces come. */
  | { readonly kind: 'recording' }
  | { readonly kind: 'trial' };

export interface WorkerData {
  readonly job: ReplayJob;
  /** Of the answer. */
  readonly mostBytes: number;
}

/** What it says. */
export type ReplayMessage =
  /** The next piece may come. */
  | { readonly kind: 'more' }
  /** JSON, written here: as much stands in a report as its recording has, and the other thread has other things to do. */
  | { readonly kind: 'answer'; readonly answer: Uint8Array }
  | { readonly kind: 'tooLong' }
  | { readonly kind: 'refused'; readonly code: string | null; readonly message: string };

/** Takes a piece, or null after the last one. @returns the answer, after that */
type Taker = (piece: Uint8Array | null) => ReplayReport | TrialResult | undefined;

const { job, mostBytes } = workerData as WorkerData;

function say(message: ReplayMessage): void {
  parentPort?.postMessage(message);
}

function answer(value: ReplayReport | TrialResult): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  if (bytes.length > mostBytes) say({ kind: 'tooLong' });
  else parentPort?.postMessage({ kind: 'answer', answer: bytes } satisfies ReplayMessage, [bytes.buffer]);
  parentPort?.close();
}

function codeOf(error: unknown): string | null {
  if (error instanceof MalformedTrial) return 'Malformed';
  return isStreamwardenError(error) ? error.code : null;
}

function failed(error: unknown): void {
  say({ kind: 'refused', code: codeOf(error), message: messageOf(error) });
  parentPort?.close();
}

function recording(): Taker {
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

function trial(): Taker {
  const decoder = new TextDecoder();
  let text = '';
  return (piece) => {
    text += piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
    return piece === null ? trialIn(text) : undefined;
  };
}

if (job.kind === 'file') {
  replayFile(job.file).then(answer).catch(failed);
} else {
  const take = job.kind === 'trial' ? trial() : recording();
  parentPort?.on('message', (piece: Uint8Array | null) => {
    try {
      const found = take(piece);
      if (found === undefined) say({ kind: 'more' });
      else answer(found);
    } catch (error) {
      failed(error);
    }
  });
}
