/**
 * Where a handler is in the entries of one data stream: what has been read and not been handed out, what is in the handler's hands, what has been committed.
 * `stream.entries()` and `stream.batches()` are two ways to walk it.
 */
import type { Follower, Measure } from '../../actors/data/lag.js';
import { type Attempts, REMOVED } from '../../actors/data/progress.js';
import type { Asker, Page, Reading } from '../../actors/data/reading.js';
import type { Ownership } from '../../actors/ownership.js';
import { onNextTurn } from '../../core/clock.js';
import { compareEntryIds } from '../../core/entry-id.js';
import { StreamwardenError } from '../../core/errors.js';
import { soon } from '../../core/microtask.js';
import type { DataRow } from '../../redis/data-streams.js';
import { isEndMark } from '../../redis/end-mark.js';
import type { Standing } from '../../redis/lag.js';
import { replyOf } from '../../redis/reply-errors.js';
import type { CursorHost } from './cursor-host.js';
import type { Ending } from './ending.js';
import { checkedFields } from './entry-check.js';
import { objectOf } from './fields.js';
import { type Committer, HandedEntry } from './handed-entry.js';
import { LossWatch } from './loss-watch.js';
import type { CompiledEntries } from './options.js';
import { isOver, type Known, START, UNKNOWN } from './position.js';
import { standingOf } from './standing.js';
import { Trimmer } from './trimmer.js';
import type { Entry } from './types.js';

const NONE: readonly DataRow[] = [];

/** Waits for the next entry. */
export interface Waiter {
  /** It is here, or there is none: `nextNow()` or `next()` tell. */
  goOn(): void;
  failed(error: unknown): void;
}

export class EntryCursor implements Asker, Committer, Follower {
  readonly ownership: Ownership;
  readonly key: string;
  readonly options: CompiledEntries;
  measure: Measure | undefined;
  readonly #host: CursorHost;
  #reading: Reading | undefined;
  #waiter: Waiter | undefined;
  /** Rows of the pages before the one that is here. */
  #before = 0;
  #rows: readonly DataRow[] = NONE;
  #at = 0;
  /** Since when nothing has come, on the monotonic clock. */
  #idleFrom = 0;
  #isBusy = false;
  #hasBegun = false;
  #isOpen = true;
  /** The application's condition holds for what has been handed out: nothing more is. */
  #isLast = false;
  /** The last entry that has been handed out. */
  #handed: string | undefined;
  /** The last one that was handed out before what is in the handler's hands. */
  #handedBefore: string | undefined;
  /** It begins where a stream was removed, and what it reads has come since. */
  #isAfterRemoval = false;
  /** Entries that failed and are left out, as what stands before them has not been committed. */
  passed: Set<string> | undefined;
  /** The first row of what is in the handler's hands, and how many there are. */
  inHand: DataRow | undefined;
  /** What was in its hands when it left its loop, and went on to something else. */
  leftWith: DataRow | undefined;
  handedCount = 0;
  /** So many entries are handed out alone, as the handler has thrown with them in hand together. */
  #singles = 0;
  /** The entry that a handler has failed with before. */
  #tried: Attempts | undefined;
  readonly #losses: LossWatch;
  /** Undefined: what is committed stays. */
  readonly #trimmer: Trimmer | undefined;
  ending: Ending | undefined;

  constructor(ownership: Ownership, key: string, options: CompiledEntries, host: CursorHost) {
    this.ownership = ownership;
    this.key = key;
    this.options = options;
    this.#host = host;
    this.#losses = new LossWatch(this, host);
    if (!options.isTrimming) return;
    const { reader, positions, streams } = host;
    const failed = (error: unknown) => host.notTrimmed(this, error);
    this.#trimmer = new Trimmer({ ownership, key, reader, positions, streams, failed });
  }

  /** It has neither ended nor been left. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The next entry, where it is here already: as most are. Undefined: `next()` has to look. */
  nextNow(): Entry<unknown> | undefined {
    if (this.#isBusy || !this.#isOpen || this.#isLast) return undefined;
    const { schema, untilId } = this.options;
    const row = this.#rows[this.#at];
    if (row === undefined || schema !== undefined || untilId !== undefined || isEndMark(row[1]))
      return undefined;
    if (this.passed?.has(row[0])) return undefined;
    this.#handOver();
    if (!this.#mayGoOn()) return undefined;
    this.#at += 1;
    return this.#handOut(row, objectOf(row[1]));
  }

  /** Finds out where to begin, apart from waiting: what that takes need not be kept for as long. Undefined: that is known. */
  begin(): Promise<void> | undefined {
    if (this.#hasBegun || this.#isBusy || !this.#isOpen || !this.#mayGoOn()) return undefined;
    this.#isBusy = true;
    return this.#begin().then(
      () => {
        this.#isBusy = false;
      },
      (error: unknown) => {
        this.#isBusy = false;
        throw explained(this.key, error);
      },
    );
  }

  /** Whether waiting for more is all there is to do, as mostly it is. The waiter is told later, then; otherwise `next()` has to look. */
  waits(waiter: Waiter): boolean {
    const reading = this.#reading;
    const isHere = this.#rows[this.#at] !== undefined;
    if (reading === undefined || isHere || this.#isBusy || this.#isLast) return false;
    if (this.#losses.isDue(this.#idleFrom)) return false;
    this.#handOver();
    if (!this.#mayGoOn()) return false;
    this.#isBusy = true;
    this.#waiter = waiter;
    // What has been dealt with is not kept for as long as nothing comes.
    this.#turnPage(NONE);
    this.#host.reader.ask(reading, this.#idleFrom, this.options.idleMs, this);
    return true;
  }

  /** For who waits. */
  arrived(page: Page): void {
    const waiter = this.#waiter as Waiter;
    this.#isBusy = false;
    if (page === undefined) {
      // Why there is none `next()` finds out; not while it is being taken away.
      soon(() => waiter.goOn());
      return;
    }
    this.#arrived(page);
    waiter.goOn();
  }

  failed(error: unknown): void {
    this.#isBusy = false;
    (this.#waiter as Waiter).failed(explained(this.key, error));
  }

  /** The next entry; undefined: there is none any more. */
  async next(): Promise<Entry<unknown> | undefined> {
    const entries = await this.batch(1);
    return entries?.[0];
  }

  /** The next entries, at least one; undefined: there is none any more. */
  async batch(most: number): Promise<Entry<unknown>[] | undefined> {
    if (!this.#isOpen) return undefined;
    if (this.#isBusy) {
      throw new StreamwardenError(
        'InvalidState',
        `the next entry of ${this.key} is being waited for already`,
      );
    }
    this.#isBusy = true;
    try {
      this.#handOver();
      this.#mayGoOn();
      return await this.#collect(most);
    } catch (error) {
      throw explained(this.key, error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Records that everything up to this entry has been dealt with. */
  async commit(id: string): Promise<void> {
    const { ownership, key } = this;
    const position = this.#host.positions.positionOf(ownership, key);
    // An earlier one is covered; Redis may have to be told yet.
    const isOlder =
      position === REMOVED
        ? !this.#isAfterRemoval || this.ending?.isRemoved === true
        : position !== undefined && compareEntryIds(position, id) > 0;
    if (this.#handed === id) this.#isDone();
    await this.#host.positions.committed(ownership, key, isOlder && position !== undefined ? position : id);
    this.#trimmer?.soon();
  }

  isAtEnd(now: number): boolean {
    // One that has not begun is about to.
    if (this.ending !== undefined || !this.#hasBegun) return true;
    if (this.#reading?.isAtEnd(now) !== true) return false;
    return this.options.isAuto || this.#handed === undefined || this.#position === this.#handed;
  }

  standing(): Standing {
    return standingOf({
      position: this.#position,
      from: this.options.from,
      before: this.#before,
      rows: this.#rows,
      at: this.#at,
      handed: this.#handed,
      inHand: this.inHand ?? this.leftWith,
      handedCount: this.handedCount,
      isAuto: this.options.isAuto,
    });
  }

  get #position(): string | undefined {
    return this.#host.positions.positionOf(this.ownership, this.key);
  }

  /** The handler iterates no more: nothing is committed by that. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#turnPage(NONE);
    if (this.#reading !== undefined) this.#host.reader.close(this.#reading);
    this.#reading = undefined;
  }

  /**
   * The handler has left its loop. A throw in the loop leaves it as a `break` does, and is known by the handler's failing in the same turn. What comes later is not
   * about the entry any more.
   */
  leaveLoop(): void {
    this.leave();
    const row = this.inHand;
    if (row === undefined) return;
    onNextTurn(this.#host.clock, () => {
      if (this.inHand !== row) return;
      this.inHand = undefined;
      this.leftWith = row;
    });
  }

  /** The stream is not to be worked on any more: whoever waits hears of it. */
  over(): void {
    if (this.#reading !== undefined) this.#host.reader.close(this.#reading);
  }

  /** Whether the position may go on to an entry that is passed over. Otherwise that would commit what the application has not. */
  mayMoveTo(row: DataRow): boolean {
    if (this.options.isAuto) return true;
    const before = row === this.inHand ? this.#handedBefore : this.#handed;
    if (before === undefined) return true;
    const position = this.#position;
    return position !== undefined && position !== REMOVED && compareEntryIds(position, before) >= 0;
  }

  /** What was in the handler's hands has been dealt with, since it asks for more. */
  #handOver(): void {
    this.#isDone();
    const handed = this.#handed;
    this.#handedBefore = handed;
    if (handed === undefined || !this.options.isAuto) return;
    this.#host.positions.commit(this.ownership, this.key, handed);
    this.#trimmer?.soon();
  }

  /** The handler is done with what is in its hands. */
  #isDone(): void {
    if (this.inHand === undefined) return;
    this.inHand = undefined;
    this.#host.reader.tally.handled += this.handedCount;
  }

  /** @throws the reason of the stream's signal where it has aborted */
  #mayGoOn(): boolean {
    if (this.ownership.isAborted) {
      this.leave();
      throw this.ownership.signal.reason;
    }
    if (this.ownership.hasEnded) this.leave();
    return this.#isOpen;
  }

  async #collect(most: number): Promise<Entry<unknown>[] | undefined> {
    const entries: Entry<unknown>[] = [];
    const { untilId } = this.options;
    while (this.#isOpen) {
      const row = this.#rows[this.#at];
      const isEnough = entries.length >= (this.#singles > 0 ? 1 : most) || this.#isLast;
      if (entries.length > 0 && (row === undefined || isEnough)) break;
      if (this.#isLast) {
        this.#end('until', false);
        break;
      }
      if (row === undefined) {
        await this.#fill();
        continue;
      }
      const isEnd = isEndMark(row[1]);
      if (isEnd || (untilId !== undefined && compareEntryIds(row[0], untilId) > 0)) {
        if (entries.length > 0) break;
        if (isEnd) await this.#reachedEnd(row);
        else this.#end('until', false);
        break;
      }
      this.#at += 1;
      if (this.passed?.has(row[0])) {
        this.#isLast ||= row[0] === untilId;
        continue;
      }
      const entry = await this.#made(row, entries.length);
      if (entry !== undefined) entries.push(entry);
      if (row[0] === untilId) this.#isLast = true;
    }
    if (entries.length === 0) return undefined;
    this.handedCount = entries.length;
    return entries;
  }

  async #fill(): Promise<void> {
    const { reader } = this.#host;
    const reading = this.#reading ?? (await this.#begin());
    if (reading === undefined || !this.#mayGoOn()) return;
    if (this.#losses.isDue(this.#idleFrom)) {
      await this.#losses.look(reading.after);
      if (!this.#mayGoOn()) return;
    }
    const page = await reader.page(reading, this.#idleFrom, this.options.idleMs);
    if (!this.#mayGoOn()) return;
    if (page === undefined) {
      await this.#idled(reading);
      return;
    }
    this.#arrived(page);
  }

  #turnPage(page: readonly DataRow[]): void {
    this.#before += this.#at;
    this.#rows = page;
    this.#at = 0;
  }

  #arrived(page: readonly DataRow[]): void {
    this.#turnPage(page);
    this.#idleFrom = this.#host.clock.monotonic();
    this.#losses.read(page.length);
  }

  /** Undefined: whoever was here before has come to the end mark, and there is nothing behind it. */
  async #begin(): Promise<Reading | undefined> {
    const { reader, positions, clock } = this.#host;
    const { ownership, key, options } = this;
    const { touches } = ownership;
    this.#hasBegun = true;
    const position = positions.positionOf(ownership, key);
    this.#tried = positions.attemptsOf(ownership, key);
    this.#isAfterRemoval = position === REMOVED;
    let after = position ?? options.from;
    if (after === 'new') {
      after = (await reader.facts(key))?.lastId ?? START;
      // Before anything is read: whoever goes on after a crash begins there as well.
      await positions.committed(ownership, key, after);
      this.#losses.begin(after);
    } else {
      if (after === REMOVED || after === 'start') after = START;
      this.#losses.begin(after);
      const facts = position === REMOVED || after !== START ? await this.#losses.facts() : UNKNOWN;
      if (position !== undefined && isOver(position, facts, options.isTrimming)) {
        const isRemoved = await this.#removedBefore(position, facts);
        this.#endAt({ by: 'mark', touches, isMore: false, at: after, isRemoved });
        return undefined;
      }
      after = this.#losses.resumed(after, facts);
    }
    const reading = reader.open({ ownership, key, after, count: options.count, raw: options.raw });
    this.#reading = reading;
    this.#idleFrom = clock.monotonic();
    if (ownership.isAborted || ownership.hasEnded) this.over();
    return reading;
  }

  /** Whoever was here before has come to the end, and may have removed the stream; or died before it did, or before that was recorded. */
  async #removedBefore(position: string, facts: Known): Promise<boolean> {
    if (position === REMOVED) return true;
    if (facts !== undefined) return (await this.#trimmer?.remove(position)) ?? false;
    this.#host.positions.commit(this.ownership, this.key, REMOVED);
    return true;
  }

  /** Undefined: the schema refuses it, and it has been passed over. */
  async #made(row: DataRow, before: number): Promise<Entry<unknown> | undefined> {
    const checked = await checkedFields(this, row);
    if (checked.error !== undefined) {
      if (this.options.onEntryError === 'stop') {
        this.inHand = row;
        throw checked.error;
      }
      await this.#host.passOver(this, row, checked.error, 1);
      return undefined;
    }
    const first = this.inHand;
    const entry = this.#handOut(row, checked.fields);
    if (before > 0) this.inHand = first;
    return entry;
  }

  #handOut(row: DataRow, fields: unknown): Entry<unknown> {
    const { options } = this;
    const isTried = this.#tried?.id === row[0];
    if (isTried) this.#singles = options.count;
    else if (this.#singles > 0) this.#singles -= 1;
    const entry = new HandedEntry(row[0], fields, isTried ? (this.#tried as Attempts).count + 1 : 1, this);
    this.#handed = row[0];
    this.inHand = row;
    this.handedCount = 1;
    if (options.until?.(entry) === true) this.#isLast = true;
    return entry;
  }

  /** The end mark is dealt with when all before it is. */
  async #reachedEnd(mark: DataRow): Promise<void> {
    const reading = this.#reading as Reading;
    const { positions, reader, clock } = this.#host;
    const { ownership, key, options } = this;
    let isMore = this.#at + 1 < this.#rows.length;
    if (!isMore && reading.isFull) {
      isMore = (await reader.page(reading, clock.monotonic(), 0)) !== undefined;
      if (!this.#mayGoOn()) return;
    }
    const isDone =
      options.isAuto || this.#handed === undefined || positions.positionOf(ownership, key) === this.#handed;
    if (isDone) positions.commit(ownership, key, mark[0]);
    const isRemoved = isDone && !isMore && ((await this.#trimmer?.remove(mark[0])) ?? false);
    this.#end('mark', isMore, isRemoved);
  }

  async #idled(reading: Reading): Promise<void> {
    const { positions } = this.#host;
    const isDone = positions.positionOf(this.ownership, this.key) === reading.after;
    const isRemoved = isDone && ((await this.#trimmer?.remove(reading.after)) ?? false);
    this.#end('idle', false, isRemoved);
  }

  #end(by: Ending['by'], isMore: boolean, isRemoved = false): void {
    const { touches = 0, after: at = START } = this.#reading ?? {};
    this.#endAt({ by, touches, isMore, at, isRemoved });
  }

  #endAt(ending: Ending): void {
    this.ending = ending;
    this.leave();
  }

  /** It has ended, and the stream has been touched since: whether anything has come behind what was looked at last. */
  async hasMore(): Promise<boolean> {
    const { ending } = this;
    if (ending === undefined || ending.isMore) return true;
    const { touches } = this.ownership;
    const newest = (await this.#host.reader.facts(this.key))?.newestId ?? START;
    if (compareEntryIds(newest, ending.isRemoved ? START : ending.at) > 0) return true;
    this.ending = { ...ending, touches };
    return false;
  }
}

function explained(key: string, error: unknown): unknown {
  if (replyOf(error) !== 'WRONGTYPE') return error;
  return new StreamwardenError('NotAStream', `expected ${key} to be a stream`, {
    cause: error,
    details: { key },
  });
}
