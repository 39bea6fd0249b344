/**
 * Finds out what was removed from a stream before it was read. An answer to XREAD does not say so; what the stream says of itself does, and it is asked when an
 * iterator begins where another one has left off, and once a second while entries come.
 *
 * Redis 7.0 and newer count all entries that were ever added. So while it is known how many of those the last one that was read makes up, the number of those that
 * are missing is exact. At a beginning it is not known: there a position that is older than the first entry that is left says that something was trimmed.
 */
import { compareEntryIds } from '../../core/entry-id.js';
import type { DataFacts } from '../../redis/data-facts.js';

export interface Loss {
  /** What had been read before. */
  readonly after: string;
  /** The first entry that is left; null: none. */
  readonly first: string | null;
  /** Null: it cannot be known. */
  readonly missed: number | null;
}

export class TrimWatch {
  /** Place of the last entry that was read, among all that were ever added; null: not known. */
  #place: number | null = null;
  /** What had been read when this was asked last. */
  #before: string;
  #toldOf = '0-0';

  constructor(position: string) {
    this.#before = position;
  }

  /** So many more have been read. */
  read(count: number): void {
    if (this.#place !== null) this.#place += count;
  }

  /** @param after the last entry that was read; no look is under way */
  judge({ length, lastId, firstId, added, removedId }: DataFacts, after: string): Loss | undefined {
    const before = this.#before;
    this.#before = after;
    const isAtEnd = compareEntryIds(lastId, after) <= 0;
    /** Everything that is left is behind it. */
    const isAhead = !isAtEnd && (firstId === null || compareEntryIds(firstId, after) > 0);
    const place = this.#place;
    const isPlaced = added !== null && (isAtEnd || isAhead);
    if (isPlaced) this.#place = added - (isAtEnd ? 0 : length);
    if (isPlaced && place !== null) {
      const missed = (this.#place as number) - place;
      if (missed <= 0) return undefined;
      this.#toldOf = removedId ?? '0-0';
      // Where all has been read by now they were removed while what is behind them was being read.
      return { after: isAtEnd ? before : after, first: isAtEnd ? null : firstId, missed };
    }
    const isRemoved =
      removedId !== null && compareEntryIds(removedId, after) > 0 && removedId !== this.#toldOf;
    // An application may delete what it has dealt with, the last one as well.
    const isTrimmed = isAhead && after !== '0-0' && removedId !== after && !this.#hasTold(firstId);
    if (!isRemoved && !isTrimmed) return undefined;
    this.#toldOf = removedId ?? firstId ?? '0-0';
    return { after, first: firstId, missed: null };
  }

  /** Before Redis 7.0: the same first entry says the same again. */
  #hasTold(firstId: string | null): boolean {
    return this.#place === null && firstId === this.#toldOf;
  }
}
