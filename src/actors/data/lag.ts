/** What is asked of whoever reads entries, to find out how far it is behind, and what is said of all of them. */
import type { Lag, Standing } from '../../redis/lag.js';
import type { LagCount } from '../../redis/lag-count.js';

export interface ProcessLag extends Lag {
  /** Streams that are behind. */
  readonly behind: number;
  /** Streams of which it is not known. */
  readonly unknown: number;
}

/** What the option `load` is given. */
export interface LoadFacts {
  /** Streams that this process owns. */
  readonly owned: number;
  /** How far they are behind, all together, as of the last look; null: no handler has read any entries. */
  readonly lag: ProcessLag | null;
}

export type LoadOption = 'lag' | ((facts: LoadFacts) => number);

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
  /** Counts for one reader after another, as they go on where the one before has come to. */
  readonly counter: LagCount;
  /** On the monotonic clock. */
  readonly askedAt: number;
  readonly lag: Lag;
}
