/** A flight recorder: remembers the latest, and writes it when something has happened. Remembering makes no text: that is done when it is written. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorOf, messageOf } from '../core/errors.js';
import { LineWriter } from './line-writer.js';
import type {
  ActiveRecording,
  CompiledRecordOptions,
  RecordingReport,
  RingOptions,
} from './record-options.js';
import { RecordingFile } from './recording-file.js';
import type { RecordingHost } from './recording-host.js';
import type { Entry, HeardSpawn, Subject } from './tap.js';

interface Remembered {
  readonly entries: readonly Entry[];
  /** Those that live and have not been heard of in that time: they stood all the while as they stand now. */
  readonly silent: readonly HeardSpawn[];
  readonly since: number;
  readonly nextSeq: number;
}

export class RingRecording implements ActiveRecording {
  readonly #host: RecordingHost;
  readonly #options: CompiledRecordOptions;
  readonly #ring: Required<RingOptions>;
  readonly #leave: () => void;
  readonly #slots: Entry[] = [];
  readonly #files: string[] = [];
  /** Where the oldest is once every slot is taken. */
  #oldest = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #dumping: Promise<unknown> = Promise.resolve();
  #events = 0;
  #bytes = 0;
  #error: Error | null = null;

  constructor(host: RecordingHost, options: CompiledRecordOptions, ring: Required<RingOptions>) {
    this.#host = host;
    this.#options = options;
    this.#ring = ring;
    this.#leave = host.tap.listen((entry) => this.#hear(entry));
  }

  get report(): RecordingReport {
    return { files: [...this.#files], events: this.#events, lost: 0, bytes: this.#bytes, error: this.#error };
  }

  dump(why = 'dump'): Promise<string> {
    const remembered = this.#remembered();
    return this.#enqueue(() => this.#write(remembered, why));
  }

  async stop(): Promise<RecordingReport> {
    this.#leave();
    await this.#dumping;
    return this.report;
  }

  /** One file is written after the other. */
  #enqueue(write: () => Promise<string>): Promise<string> {
    const dumped = this.#dumping.then(write);
    this.#dumping = dumped.catch((error: unknown) => {
      this.#error = errorOf(error);
      this.#host.logger.error({ file: this.#options.file, error: messageOf(error) }, 'recording failed');
    });
    return dumped;
  }

  #hear(entry: Entry): void {
    this.#events += 1;
    if (this.#slots.length < this.#ring.maxEvents) {
      this.#slots.push(entry);
    } else {
      this.#slots[this.#oldest] = entry;
      this.#oldest = (this.#oldest + 1) % this.#ring.maxEvents;
    }
    if (entry.kind === 'notification') this.#told(entry.notification.type, entry.at);
  }

  /** A hundred streams that are lost at once are one incident. */
  #told(type: string, at: number): void {
    if (!this.#ring.dumpOn.includes(type) || at < this.#quietUntil) return;
    this.#quietUntil = at + this.#ring.lastMs;
    this.#enqueue(async () => {
      // What comes of it at once shall be in it.
      await nextTurn();
      return await this.#write(this.#remembered(), type);
    }).catch(() => {});
  }

  #remembered(): Remembered {
    const { tap, clock } = this.#host;
    const now = clock.now();
    const inOrder = [...this.#slots.slice(this.#oldest), ...this.#slots.slice(0, this.#oldest)];
    const since = now - this.#ring.lastMs;
    const begin = inOrder.findIndex(({ at }) => at >= since);
    const entries = begin === -1 ? [] : inOrder.slice(begin);
    const first = entries[0];
    const heardOf = new Set<Subject>(entries.flatMap((entry) => ('subject' in entry ? [entry.subject] : [])));
    const silent = tap.standing().filter(({ subject }) => !heardOf.has(subject));
    return {
      entries,
      silent: silent.map((join) => ({ ...join, seq: first?.seq ?? join.seq, at: first?.at ?? join.at })),
      since: first?.at ?? now,
      nextSeq: (entries.at(-1)?.seq ?? tap.nextSeq - 1) + 1,
    };
  }

  async #write(remembered: Remembered, why: string): Promise<string> {
    const file = await RecordingFile.create(this.#options.file);
    try {
      await file.appendAll(this.#lines(remembered, why), this.#options.maxBytes);
    } finally {
      this.#files.push(file.path);
      this.#bytes += file.bytes;
      await file.close().catch(() => {});
    }
    this.#host.logger.info({ file: file.path, events: remembered.entries.length, why }, 'recording written');
    return file.path;
  }

  *#lines({ entries, silent, since, nextSeq }: Remembered, why: string): IterableIterator<string> {
    const writer = new LineWriter(this.#options.info);
    yield writer.header(this.#host.headerOf(why, since));
    for (const join of silent) yield writer.linesOf(join);
    for (const entry of entries) yield writer.linesOf(entry);
    yield writer.end(nextSeq, this.#host.clock.now(), why, entries.length, 0);
  }
}
