/**
 * Counts the entries behind a position without looking at them. Redis 7.0 and newer count all that were ever added to a stream. So the number is exact once it is
 * known how many of those the position stands for: its place. It is known when the position is at the end of the stream, at its front, or before it; from then on
 * the reader counts what it reads.
 *
 * What is removed behind the position spoils the place, so a number is called exact only if nothing can have been: no more is gone from the stream than stood
 * before the position of the last exact one, and no entry behind that was ever deleted. Where it is not, the number is what the place says, or where there is none
 * the part of the stream that the times in the ids suggest; at least 1, and at most what is there.
 */
import { compareEntryIds } from '../core/entry-id.js';
import type { DataFacts } from './data-facts.js';
import type { Standing } from './lag.js';

export interface Counted {
  readonly entries: number;
  readonly isExact: boolean;
}

/** What is known of one position. */
interface Anchor {
  readonly position: string;
  /** As the reader counts; null: it did not know. */
  readonly count: number | null;
  /** How many of all that were ever added are not behind it. */
  readonly place: number;
  /** The position of the last exact number, and its place: what has been removed behind that since may have been counted on. */
  readonly exact: { readonly position: string; readonly place: number };
}

export class LagCount {
  #anchor: Anchor | undefined;

  /** @param facts undefined: there is no such stream */
  count(standing: Standing, facts: DataFacts | undefined): Counted {
    const exact = exactly(standing.position, facts);
    if (exact !== undefined) return this.#note(standing, facts, exact);
    const { length, added, removedId } = facts as DataFacts;
    const most = length - 1;
    const place = this.#placeOf(standing);
    if (this.#anchor === undefined || place === null || added === null || removedId === null) {
      this.#anchor = undefined;
      return { entries: about(standing.position, facts as DataFacts, most), isExact: false };
    }
    const entries = Math.min(most, Math.max(1, added - place));
    // All that is gone from the front of the stream was committed when it was counted last.
    const isWhole =
      added - length <= this.#anchor.exact.place &&
      compareEntryIds(removedId, this.#anchor.exact.position) <= 0;
    return isWhole && entries === added - place
      ? this.#note(standing, facts, entries)
      : { entries, isExact: false };
  }

  /** Another reader goes on where this one is. */
  moveOn(standing: Standing): void {
    const place = this.#placeOf(standing);
    const { position } = standing;
    const exact = this.#anchor?.exact;
    this.#anchor = place === null || exact === undefined ? undefined : { position, count: 0, place, exact };
  }

  #placeOf({ position, count }: Standing): number | null {
    const anchor = this.#anchor;
    if (anchor === undefined) return null;
    if (anchor.position === position) return anchor.place;
    return count === null || anchor.count === null ? null : anchor.place + count - anchor.count;
  }

  #note({ position, count }: Standing, facts: DataFacts | undefined, entries: number): Counted {
    const added = facts?.added ?? null;
    const place = (added ?? 0) - entries;
    this.#anchor = added === null ? undefined : { position, count, place, exact: { position, place } };
    return { entries, isExact: true };
  }
}

/** What the ends of the stream say by themselves; undefined: they do not, as the position is between them. */
function exactly(position: string, facts: DataFacts | undefined): number | undefined {
  const { length = 0, firstId = null, newestId = null } = facts ?? {};
  if (firstId === null || newestId === null || compareEntryIds(newestId, position) <= 0) return 0;
  const order = compareEntryIds(firstId, position);
  if (order > 0) return length;
  return order === 0 ? length - 1 : undefined;
}

/** By time: as if entries had come evenly. */
function about(position: string, { firstId, newestId }: DataFacts, most: number): number {
  const [first, at, newest] = [firstId as string, position, newestId as string].map((id) =>
    Number(id.slice(0, id.indexOf('-'))),
  ) as [number, number, number];
  const part = newest > first ? (newest - at) / (newest - first) : 1;
  return Math.min(most, Math.max(1, Math.ceil(most * part)));
}
