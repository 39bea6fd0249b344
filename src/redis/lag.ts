/** How far a reader of entries is behind. */

/** How far one data stream, or all of a process, is behind. */
export interface Lag {
  /** Entries that are there and have not been committed, those in a handler's hands included. */
  readonly entries: number;
  /** False: about so many. */
  readonly isExact: boolean;
  /** How old the oldest of them is, in milliseconds, by the clock of their server; 0: there is none. Null: ids are no times, or it is not known yet. */
  readonly ms: number | null;
}

export const NO_LAG: Lag = { entries: 0, isExact: true, ms: 0 };

/** Where a reader is. */
export interface Standing {
  /** The last entry that has been committed. */
  readonly position: string;
  /** How many entries this reader has read up to there; null: it does not know. */
  readonly count: number | null;
  /** The first entry that is not committed; null: it has not been read. */
  readonly nextId: string | null;
}
