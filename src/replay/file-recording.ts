/**
 * A recording that is written as things happen. It never holds the runtime up: what is heard waits in memory until it is made into lines, so many at a
 * time, and written. Where the disk cannot follow, what is over the limit is dropped, counted, and written down as lost.
 *
 * What waits longer than it should is written from within the very turn of the event loop that brings more: a busy loop rings timers late, and a process
 * that is killed in such a turn would lose all of it. The operating system writes while that turn goes on.
 */
import { Bell } from '../core/bell.js';
import type { Timer } from '../core/clock.js';
import { errorOf, StreamwardenError } from '../core/errors.js';
import { soon } from '../core/microtask.js';
import { LineWriter } from './line-writer.js';
import type { ActiveRecording, CompiledRecordOptions, RecordingReport } from './record-options.js';
import { RecordingFile } from './recording-file.js';
import type { RecordingHost } from './recording-host.js';
import type { Entry } from './tap.js';

/** Lines are gathered so long, in milliseconds, before they are written: what a SIGKILL may cost, beside what one turn of the event loop brings. */
const GATHER_MS = 50;

/** So many are made into lines at a time: about four milliseconds' worth. */
const SLICE = 1_024;

/** So many entries may wait to be written, unless it is told otherwise; about 20 MB. */
const MAX_WAITING = 100_000;

interface Loss {
  readonly kind: 'loss';
  readonly seq: number;
  readonly at: number;
  readonly lines: number;
}

/** An event is heard when it begins, and can be written when it is known what came of it. */
function isWhole(entry: Entry | Loss): boolean {
  return entry.kind !== 'event' || entry.after !== undefined || entry.threw !== undefined;
}

export class FileRecording implements ActiveRecording {
  readonly #host: RecordingHost;
  readonly #options: CompiledRecordOptions;
  readonly #maxWaiting: number;
  readonly #writer: LineWriter;
  readonly #bell = new Bell();
  readonly #leave: () => void;
  readonly #limit: Timer;
  readonly #done: Promise<void>;
  #file: RecordingFile | undefined;
  #waiting: (Entry | Loss)[] = [];
  /** When the first of them was heard, on the monotonic clock; undefined while none waits. */
  #since: number | undefined;
  #isWriting = false;
  #isDue = false;
  #gathering: Timer | undefined;
  #endedBy: string | undefined;
  #missing = 0;
  #nextSeq: number;
  /** The same of what has been written. */
  #nextWritten: number;
  #events = 0;
  #lost = 0;
  #error: Error | null = null;

  constructor(host: RecordingHost, options: CompiledRecordOptions, maxWaiting = MAX_WAITING) {
    this.#host = host;
    this.#options = options;
    this.#maxWaiting = maxWaiting;
    this.#writer = new LineWriter(options.info);
    this.#leave = host.tap.listen((entry) => this.#hear(entry));
    this.#waiting.push(...host.tap.standing());
    if (this.#waiting.length > 0) this.#since = host.clock.monotonic();
    this.#nextSeq = host.tap.nextSeq;
    this.#nextWritten = this.#nextSeq;
    this.#limit = this.#after(options.maxMs, () => this.#end('time'));
    this.#done = this.#run();
  }

  get report(): RecordingReport {
    return {
      files: this.#file ? [this.#file.path] : [],
      events: this.#events,
      lost: this.#lost,
      bytes: this.#file?.bytes ?? 0,
      error: this.#error,
    };
  }

  dump(): Promise<string> {
    return Promise.reject(
      new StreamwardenError(
        'InvalidState',
        'expected a flight recorder (option ring) to dump, got: a recording that is written as things happen',
      ),
    );
  }

  async stop(why = 'stopped'): Promise<RecordingReport> {
    this.#end(why);
    await this.#done;
    return this.report;
  }

  #hear(entry: Entry): void {
    this.#events += 1;
    this.#nextSeq = entry.seq + 1;
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#missing += 1;
      this.#lost += 1;
      return;
    }
    if (this.#missing > 0) this.#noteLoss(entry.seq, entry.at);
    this.#waiting.push(entry);
    this.#gather();
  }

  #gather(): void {
    const { clock } = this.#host;
    if (this.#since === undefined) {
      this.#since = clock.monotonic();
      this.#gathering = this.#after(GATHER_MS, () => this.#write());
    } else if (!this.#isWriting && this.#isOverdue) {
      this.#write();
    }
  }

  /** The operating system's timers keep a process alive, and a recording is no reason to. */
  #after(ms: number, callback: () => void): Timer {
    const timer = this.#host.clock.setTimeout(callback, ms) as { unref?: () => void } | undefined;
    timer?.unref?.();
    return timer;
  }

  #noteLoss(seq: number, at: number): void {
    this.#waiting.push({ kind: 'loss', seq, at, lines: this.#missing });
    this.#missing = 0;
  }

  #end(why: string): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = why;
    this.#leave();
    this.#host.clock.clearTimeout(this.#limit);
    if (this.#missing > 0) this.#noteLoss(this.#nextSeq, this.#host.clock.now());
    this.#write();
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { clock, headerOf } = this.#host;
    const startedAt = clock.now();
    let opened: RecordingFile | undefined;
    try {
      const file = await RecordingFile.create(this.#options.file);
      opened = file;
      await file.append(this.#writer.header(headerOf('record', startedAt)));
      this.#file = file;
      this.#write();
      while (this.#endedBy === undefined || this.#waiting.length > 0 || this.#isWriting) {
        if (this.#error !== null) throw this.#error;
        await this.#bell.rung();
      }
      if (this.#error !== null) throw this.#error;
      const end = this.#writer.end(this.#nextWritten, clock.now(), this.#endedBy, this.#events, this.#lost);
      await file.append(end);
    } catch (error) {
      this.#error = errorOf(error);
      this.#host.logger.error({ file: this.#options.file, error: this.#error.message }, 'recording failed');
      this.#waiting = [];
      this.#end('failed');
    } finally {
      await opened?.close().catch(() => {});
    }
  }

  /** Begins to write what waits, unless a write is under way: its end begins the next one. */
  #write(): void {
    const file = this.#file;
    if (file === undefined || this.#isWriting || this.#error !== null || this.#waiting.length === 0) return;
    try {
      const text = this.#takeLines(file);
      if (text === '') {
        this.#writeSoon();
        return;
      }
      this.#host.clock.clearTimeout(this.#gathering);
      this.#isWriting = true;
      file.append(text).then(
        () => this.#written(file),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first that waits is being processed: what comes of it is known before anything that waits for a promise goes on. */
  #writeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    soon(() => {
      this.#isDue = false;
      this.#write();
    });
  }

  #fail(error: unknown): void {
    this.#error = errorOf(error);
    this.#bell.ring();
  }

  #written(file: RecordingFile): void {
    this.#isWriting = false;
    if (file.bytes >= this.#options.maxBytes) {
      this.#waiting = [];
      this.#end('size');
    }
    if (this.#endedBy !== undefined || this.#isOverdue) this.#write();
    this.#bell.ring();
  }

  get #isOverdue(): boolean {
    return this.#since !== undefined && this.#host.clock.monotonic() - this.#since >= GATHER_MS;
  }

  #takeLines(file: RecordingFile): string {
    const left = this.#options.maxBytes - file.bytes;
    let text = '';
    let count = 0;
    for (const entry of this.#waiting) {
      if (count >= SLICE || text.length >= left || !isWhole(entry)) break;
      count += 1;
      // What only introduces or explains has the number of what comes next.
      this.#nextWritten = entry.kind === 'join' || entry.kind === 'loss' ? entry.seq : entry.seq + 1;
      text +=
        entry.kind === 'loss'
          ? this.#writer.lost(entry.seq, entry.at, entry.lines)
          : this.#writer.linesOf(entry);
    }
    this.#waiting.splice(0, count);
    if (this.#waiting.length === 0) this.#since = undefined;
    return text;
  }
}
