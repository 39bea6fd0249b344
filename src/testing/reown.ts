/** How long the streams of an owner that went away were without one. */
import type { AcquiredRecord, HistoryRecord, SavedRecord } from './history-records.js';

/** Input of {@link reownTimes}. */
export interface ReownInput {
  /** All records, in the order of the list. */
  readonly records: readonly HistoryRecord[];
  /** Name in the consumer group of the owner that went away. */
  readonly victim: string;
  /** When it was killed, or told to stop: epoch milliseconds, by a clock that agrees with Redis's. */
  readonly killedAt: number;
}

/** What became of one stream that the victim owned when it was killed. */
export interface Reown {
  /** Name of the data stream. */
  readonly name: string;
  /** The entry that the victim owned. */
  readonly id: string;
  /**
   * - `reowned`: somebody acquired it again
   * - `finished`: by the victim, whose last command was on its way when it was killed
   * - `deadLettered` (or due to be), `gone`: there was nothing to own any more
   * - `open`: none of this has happened yet
   */
  readonly outcome: 'reowned' | 'finished' | 'deadLettered' | 'gone' | 'cancelled' | 'coalesced' | 'open';
  /** The next owner's entry: the fencing token it holds. Null unless reowned. */
  readonly copy: string | null;
  /** The next owner's name in the group. Null unless reowned. */
  readonly owner: string | null;
  /** From the kill to the next acquisition, in milliseconds. Null unless reowned. */
  readonly ms: number | null;
}

/** Follows every stream that the victim owned at the time of its end to the next owner. In the order of acquisition. */
export function reownTimes({ records, victim, killedAt }: ReownInput): Reown[] {
  const acquisitions = new Map<string, AcquiredRecord>();
  const ends = new Map<string, Exclude<HistoryRecord, AcquiredRecord | SavedRecord>>();
  for (const record of records) {
    if (record.op === 'acquired') {
      if (!acquisitions.has(record.id)) acquisitions.set(record.id, record);
    } else if (record.op !== 'saved' && !ends.has(record.id)) {
      ends.set(record.id, record);
    }
  }

  const follow = ({ name, id }: AcquiredRecord): Reown => {
    const none = { name, id, copy: null, owner: null, ms: null };
    // The copy of a copy may be the one that gets an owner: a waiter for the name, or one whose reader died as well. A set,
    // so that a faulty history in which an entry is its own copy ends the walk as well.
    const ids = new Set([id]);
    for (const step of ids) {
      const end = ends.get(step);
      if (end === undefined) break;
      if (end.op === 'deadLetterDue') return { ...none, outcome: 'deadLettered' };
      if (!('copy' in end) || end.op === 'deadLettered') return { ...none, outcome: end.op };
      const next = acquisitions.get(end.copy);
      if (next !== undefined) {
        return { name, id, outcome: 'reowned', copy: next.id, owner: next.owner, ms: next.at - killedAt };
      }
      ids.add(end.copy);
    }
    return { ...none, outcome: 'open' };
  };

  return [...acquisitions.values()]
    .filter((record) => record.owner === victim && record.at <= killedAt)
    .filter(({ id }) => (ends.get(id)?.at ?? Number.POSITIVE_INFINITY) > killedAt)
    .map(follow);
}

/** The times of those that were reowned, in milliseconds. */
export function reownMs(reowns: readonly Reown[]): number[] {
  return reowns.map(({ ms }) => ms).filter((ms) => ms !== null);
}

/**
 * The smallest of the values that is no smaller than `p` percent of them (nearest rank, so always one that occurred); null
 * when there are none.
 *
 * @param p above 0, at most 100
 */
export function percentile(values: readonly number[], p: number): number | null {
  if (!(p > 0 && p <= 100)) throw new RangeError(`expected p to be above 0 and at most 100, got: ${p}`);
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? null;
}

/** The usual summary of times: median, 99th percentile, largest; null where there are no values. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export function percentiles(values: readonly number[]): Percentiles {
  return { p50: percentile(values, 50), p99: percentile(values, 99), max: percentile(values, 100) };
}
