/** A job that redrives or deletes all dead letters that a filter lets through. */

import type { Instant, Of } from './common.js';
import type { LettersFilter, LettersRange } from './dead-letters.js';

/** Which letters, in a range that was counted before. */
export type LetterTraitsAsked = Pick<LettersFilter, 'find' | 'reason' | 'errorName'>;

export interface LetterJobRequest {
  readonly action: 'redrive' | 'delete';
  readonly filter: LetterTraitsAsked;
  readonly range: LettersRange;
}

/** The inspector does one at a time. */
export interface LetterJob {
  /** Counts up. */
  readonly id: number;
  readonly action: LetterJobRequest['action'];
  readonly filter: LetterTraitsAsked;
  readonly range: LettersRange;
  /** Address of the viewer that began it. */
  readonly by: string;
  /** `counting` is before anything is changed; of the last three nothing follows. */
  readonly phase: 'counting' | 'acting' | 'done' | 'stopped' | 'failed';
  readonly startedAt: Instant;
  /** Null: it is under way. */
  readonly endedAt: Instant | null;
  /** How many letters were looked through, in this phase. */
  readonly looked: number;
  /** How many there were to look through when it began; there may be fewer by now. */
  readonly length: number;
  /** How many are to be changed; null: it has not counted all of them yet. */
  readonly matching: number | null;
  /** How many were redriven, or deleted. */
  readonly changed: number;
  /** How many were not there any more. */
  readonly gone: number;
  /** How many Redis refused. */
  readonly refused: number;
  /** Of how many nobody knows: the answer was lost. */
  readonly unknown: number;
  /** Why those of the last two, the most frequent first, at most ten. */
  readonly errors: readonly { readonly message: string; readonly count: number }[];
}

/** How the job of this runtime stands: when a viewer comes, and a few times a second while it is under way. */
export interface LetterJobTold extends Of {
  readonly kind: 'letterJob';
  readonly job: LetterJob;
}
