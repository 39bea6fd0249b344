/**
 * A recording that is written as things happen. It never holds the runtime up: what is heard waits in memory until a slice of it is made into lines and
 * written. Where the disk cannot follow, what is over the limit is dropped, counted, and written down as lost.
 */
import { Bell } from '../core/bell.js';
import type { Timer } from '../core/clock.js';
import { errorOf, StreamwardenError } from '../core/errors.js';
import { LineWriter } from './line-writer.js';
import type { ActiveRecording, CompiledRecordOptions, RecordingReport } from './record-options.js';
import { RecordingFile } from './recording-file.js';
import type { RecordingHost } from './recording-host.js';
import type { Entry } from './tap.js';

/** Lines are gathered so long, in milliseconds, before they are written: what a SIGKILL may cost. */
const GATHER_MS = 50;

/** So many entries may wait to be written, unless it is told otherwise; about 20 MB. */
const MAX_WAITING = 100_000;

interface Loss {
  readonly kind: 'loss';
  readonly seq: number;
  readonly at: number;
  readonly lines: number;
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
  /** Taken from what waits and not written yet. */
  #taken = 0;
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
    if (this.#waiting.length + this.#taken >= this.#maxWaiting) {
      this.#missing += 1;
      this.#lost += 1;
      return;
    }
    if (this.#missing > 0) this.#noteLoss(entry.seq, entry.at);
    this.#waiting.push(entry);
    this.#gathering ??= this.#after(GATHER_MS, () => this.#wake());
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

  #wake(): void {
    this.#host.clock.clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#bell.ring();
  }

  #end(why: string): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = why;
    this.#leave();
    this.#host.clock.clearTimeout(this.#limit);
    if (this.#missing > 0) this.#noteLoss(this.#nextSeq, this.#host.clock.now());
    this.#wake();
  }

  async #run(): Promise<void> {
    const { clock, headerOf } = this.#host;
    const startedAt = clock.now();
    try {
      this.#file = await RecordingFile.create(this.#options.file);
      await this.#file.append([this.#writer.header(headerOf('record', startedAt))]);
      while (this.#endedBy === undefined) {
        const hasGathered = this.#waiting.length > 0 && this.#gathering === undefined;
        if (!hasGathered) await this.#bell.rung();
        await this.#writeWaiting(this.#file);
      }
      await this.#writeWaiting(this.#file);
      const end = this.#writer.end(this.#nextWritten, clock.now(), this.#endedBy, this.#events, this.#lost);
      await this.#file.append([end]);
    } catch (error) {
      this.#error = errorOf(error);
      this.#host.logger.error({ file: this.#options.file, error: this.#error.message }, 'recording failed');
      this.#waiting = [];
      this.#end('failed');
    } finally {
      await this.#file?.close().catch(() => {});
    }
  }

  async #writeWaiting(file: RecordingFile): Promise<void> {
    while (this.#waiting.length > 0) {
      const isFull = await file.append(this.#takeLines(), this.#options.maxBytes);
      if (!isFull) continue;
      this.#waiting = [];
      this.#end('size');
    }
  }

  *#takeLines(): IterableIterator<string> {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#taken = taken.length;
    try {
      for (const entry of taken) {
        this.#taken -= 1;
        // What only introduces or explains has the number of what comes next.
        this.#nextWritten = entry.kind === 'join' || entry.kind === 'loss' ? entry.seq : entry.seq + 1;
        if (entry.kind === 'loss') yield this.#writer.lost(entry.seq, entry.at, entry.lines);
        else yield this.#writer.linesOf(entry);
      }
    } finally {
      this.#taken = 0;
    }
  }
}
