/** The entries of the streams that this process owns: who iterates over what, how that ended, and what a handler's failure means for the entry in its hands. */
import type { Consumer } from '../../actors/consumer.js';
import type { DataReader } from '../../actors/data/data-reader.js';
import type { Measure } from '../../actors/data/lag.js';
import type { Positions } from '../../actors/data/positions.js';
import type { Ownership } from '../../actors/ownership.js';
import type { Clock } from '../../core/clock.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { DataRow, DataStreams } from '../../redis/data-streams.js';
import type { Names } from '../../redis/names.js';
import type { Notification, StreamRef } from '../notifications.js';
import { invalid } from '../option-errors.js';
import type { DoneOptions } from '../types.js';
import { isUnrecoverable } from '../unrecoverable-error.js';
import { EntryCursor } from './cursor.js';
import type { CursorHost, Walked } from './cursor-host.js';
import { walkBatches, walkEntries } from './iterators.js';
import { compileEntries } from './options.js';
import type { Loss } from './trim-watch.js';
import type { Entries, EntryBatches } from './types.js';

export interface StreamEntriesSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxRetries: number;
  readonly names: Names;
  readonly consumer: Consumer;
  tell(notification: Notification): void;
}

/** One for all: there may be as many as streams. */
const NONE: readonly EntryCursor[] = [];

/** All cursors over one stream's entries that its handler has opened since it was called; of each key the last one. */
class Walks {
  readonly cursors: EntryCursor[] = [];
  /** Those of the call before, for what is known of their lag, and what they have passed over. */
  readonly #before: readonly EntryCursor[];

  constructor(before: readonly EntryCursor[] = NONE) {
    const measured = before.filter(({ measure, passed }) => measure !== undefined || passed !== undefined);
    this.#before = measured.length === 0 ? NONE : measured;
  }

  get followers(): readonly EntryCursor[] {
    return this.cursors;
  }

  /** What is known of the lag of whoever went through the entries of this key last. */
  measureOf(key: string): Measure | undefined {
    const last = [...this.#before, ...this.cursors].findLast((cursor) => cursor.key === key);
    last?.measure?.counter.moveOn(last.standing());
    return last?.measure;
  }

  passedOf(key: string): Set<string> | undefined {
    return [...this.#before, ...this.cursors].findLast((cursor) => cursor.key === key)?.passed;
  }

  over(): void {
    for (const cursor of this.cursors) cursor.over();
  }
}

export class StreamEntries implements CursorHost {
  readonly clock: Clock;
  readonly reader: DataReader;
  readonly positions: Positions;
  readonly streams: DataStreams;
  readonly #settings: StreamEntriesSettings;

  constructor(settings: StreamEntriesSettings) {
    this.#settings = settings;
    const { clock, consumer } = settings;
    this.clock = clock;
    this.reader = consumer.dataReader;
    this.positions = consumer.saver;
    this.streams = consumer.kernel.dataStreams;
  }

  /** @throws StreamwardenError `InvalidOption`, `InvalidState`: they are iterated over already */
  entries(ownership: Ownership, options: unknown): Entries<unknown> {
    return walkEntries(this.#open(ownership, options));
  }

  /** @throws StreamwardenError as `entries` */
  batches(ownership: Ownership, options: unknown): EntryBatches<unknown> {
    return walkBatches(this.#open(ownership, options));
  }

  /** The handler is about to be called: whatever an earlier call did is over. */
  begins(ownership: Ownership): void {
    const walks = walksOf(ownership);
    if (walks === undefined) return;
    for (const cursor of walks.cursors) cursor.leave();
    ownership.walks = new Walks(walks.cursors);
  }

  /** It has left this process's hands. */
  ended(ownership: Ownership): void {
    ownership.walks?.over();
  }

  /** How a stream is to be finished whose handler has returned; undefined: it is not, as there is more for the handler. */
  finishing(ownership: Ownership): DoneOptions | undefined {
    const walks = walksOf(ownership);
    if (walks === undefined) return {};
    const { cursors } = walks;
    // It has been called again, and has not looked: what it had dealt with before is dealt with.
    if (cursors.length === 0) return { keep: true };
    const endings = cursors.map(({ ending }) => ending);
    if (endings.some((ending) => ending?.isMore)) return undefined;
    const isWhole = endings.every((ending) => ending?.by === 'mark' || ending?.by === 'idle');
    const keep = endings.some((ending) => ending?.isRemoved !== true);
    // The touches of one that ended otherwise say nothing: the application has ended it.
    return {
      keep,
      ...(isWhole && { ifTouches: Math.min(...endings.map((ending) => ending?.touches ?? 0)) }),
    };
  }

  /** Its handler has returned, and it has been touched since its entries were looked at. Resolves with whether there are more. */
  async hasMore(ownership: Ownership): Promise<boolean> {
    for (const cursor of walksOf(ownership)?.cursors ?? []) if (await cursor.hasMore()) return true;
    return false;
  }

  /**
   * A handler has thrown. Counts that against the entry in its hands.
   * @returns whether the entry has been passed over, and the handler is to be called again
   */
  async failed(ownership: Ownership, error: unknown): Promise<boolean> {
    if (isTouched(ownership, error)) return false;
    const cursors = walksOf(ownership)?.cursors ?? [];
    const cursor = cursors.find(({ inHand }) => inHand !== undefined);
    const row = cursor?.inHand;
    if (cursor === undefined || row === undefined) {
      this.#countsForNone(ownership, cursors);
      return false;
    }
    const { key, options } = cursor;
    const before = this.positions.attemptsOf(ownership, key);
    const attempts = before?.id === row[0] ? before.count + 1 : 1;
    this.positions.attempted(ownership, key, row[0], attempts);
    if (options.onEntryError === 'stop') return false;
    // Which of several it is shows when they are handed out one by one.
    if (cursor.handedCount > 1) return true;
    if (attempts <= options.entryRetries && !isUnrecoverable(error)) return false;
    try {
      await this.passOver(cursor, row, error, attempts);
      return true;
    } catch (problem) {
      this.#settings.logger.warn(
        { stream: ownership.name, id: ownership.id, error: messageOf(problem) },
        'an entry could not be passed over',
      );
      return false;
    }
  }

  /** What leaves the loop and the handler not at once, through an awaited clean-up say, is taken for no failure of an entry. */
  #countsForNone({ name, id }: Ownership, cursors: readonly EntryCursor[]): void {
    const left = cursors.find(({ leftWith, options }) => leftWith && options.onEntryError !== 'stop');
    if (left === undefined) return;
    this.#settings.logger.warn(
      { stream: name, id, key: left.key, entryId: left.leftWith?.[0] },
      'a handler failed after it had left its loop: that counts as a failure of the stream, and of no entry',
    );
  }

  async passOver(cursor: Walked, row: DataRow, thrown: unknown, attempts: number): Promise<void> {
    const { ownership, key, options } = cursor;
    const { clock, logger, consumer, tell } = this.#settings;
    const error = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
    let letterId: string | null = null;
    if (options.onEntryError === 'deadLetter') {
      letterId = await this.reader.patiently(() =>
        consumer.kernel.entryLetters.add({ stream: ownership.name, key, row, error: messageOf(thrown) }),
      );
    }
    if (cursor.mayMoveTo(row)) await this.positions.committed(ownership, key, row[0]);
    else cursor.passed = (cursor.passed ?? new Set()).add(row[0]);
    this.reader.tally[letterId === null ? 'skipped' : 'deadLettered'] += 1;
    const facts = { key, entryId: row[0], attempts, letterId };
    logger.warn(
      { stream: ownership.name, id: ownership.id, ...facts, error: messageOf(thrown) },
      'an entry was passed over',
    );
    tell({ type: 'EntryFailed', at: clock.now(), ...refOf(ownership), ...facts, error, count: 1 });
  }

  lost({ ownership, key }: EntryCursor, { after, first, missed }: Loss): void {
    const { clock, logger, tell } = this.#settings;
    this.reader.tally.lost += missed ?? 1;
    logger.warn(
      { stream: ownership.name, id: ownership.id, key, after, first, missed },
      'entries were removed before they were read',
    );
    tell({
      type: 'EntriesTrimmed',
      at: clock.now(),
      ...refOf(ownership),
      key,
      after,
      first,
      missed,
      count: 1,
    });
  }

  /** It is so for all of them. */
  notWatched(_: EntryCursor, error: unknown): void {
    this.reader.lag.refused(error);
  }

  notTrimmed({ ownership, key }: EntryCursor, error: unknown): void {
    if (isStreamwardenError(error, 'StreamNotOwned') || isStreamwardenError(error, 'RuntimeStopped')) return;
    this.#settings.logger.warn(
      { stream: ownership.name, id: ownership.id, key, error: messageOf(error) },
      'entries that are committed could not be removed',
    );
  }

  #open(ownership: Ownership, raw: unknown): EntryCursor {
    const options = compileEntries(raw, this.#settings.maxRetries);
    const key = options.key ?? this.streams.keyOf(ownership.name);
    if (this.#settings.names.isOwn(key)) {
      throw invalid('key', 'none of the keys that streamwarden keeps itself', key);
    }
    let walks = walksOf(ownership);
    if (walks === undefined) {
      walks = new Walks();
      ownership.walks = walks;
    }
    const at = walks.cursors.findIndex((cursor) => cursor.key === key);
    if (walks.cursors[at]?.isOpen) {
      throw new StreamwardenError('InvalidState', `the entries of ${key} are iterated over already`, {
        details: { stream: ownership.name, key },
      });
    }
    const cursor = new EntryCursor(ownership, key, options, this);
    cursor.measure = walks.measureOf(key);
    cursor.passed = walks.passedOf(key);
    if (at === -1) walks.cursors.push(cursor);
    else walks.cursors[at] = cursor;
    return cursor;
  }
}

function walksOf(ownership: Ownership): Walks | undefined {
  return ownership.walks as Walks | undefined;
}

function isTouched({ id }: Ownership, error: unknown): boolean {
  return isStreamwardenError(error, 'StreamTouched') && error.details.id === id;
}

function refOf({ name, id, info, retryCount }: Ownership): StreamRef {
  return { stream: name, id, info, retryCount };
}
