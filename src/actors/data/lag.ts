/** How far a reader of entries is behind: what it is asked, and what is said of it. */

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

export interface ProcessLag extends Lag {
  /** Streams that are behind. */
  readonly behind: number;
  /** Streams of which it is not known. */
  readonly unknown: number;
}

/** Where a reader is. */
export interface Standing {
  /** The last entry that has been committed. */
  readonly position: string;
  /** How many entries this reader has read up to there; null: it does not know. */
  readonly count: number | null;
  /** The first entry that is not committed; null: it has not been read. */
  readonly nextId: string | null;
}

/** Whoever goes through the entries of one key for one data stream. */
export interface Follower {
  readonly key: string;
  /** What has been found out of how far it is behind; undefined: nothing has been asked. */
  measure: Measure | undefined;
  /** Nothing more is there, or wanted, and all that was there is committed. Known without asking anybody. @param now on the monotonic clock */
  isAtEnd(now: number): boolean;
  standing(): Standing;
}

/** What was found out last. */
export interface Measure {
  readonly counter: LagCounter;
  /** On the monotonic clock. */
  readonly askedAt: number;
  /** Null: nothing has been, yet. */
  readonly lag: Lag | null;
}

/** Counts for one reader after another, as they go on where the one before has come to. */
export interface LagCounter {
  /** Another reader goes on where this one is. */
  moveOn(standing: Standing): void;
}
