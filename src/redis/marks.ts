/** Marks of pending entries, as `scripts/lib/marks.lua` has them: the number that Redis keeps of how often each was delivered. */
import { deathsOf, retryCountOf, trialOf } from './own-fields.js';

/** Of an entry that is owned: its counts are over, whatever takes it out of its owner's hands. */
export const PROVEN = 0;
/** As it was delivered. */
export const UNMARKED = 1;

/** Its consumer has not begun with it. */
export const NOT_BEGUN = 400_000;
/** Of one that is not owned: its consumer has begun with it, and with nothing else. */
export const ALONE = 500_000;

const TRIAL = 1_000_000;
const MOST_AMONG = TRIAL - 1;

/** How a suspect is to be begun, or was. */
export interface Trial {
  /** Which window of time it has to outlive: 1 is the first. */
  readonly window: number;
  /** How many suspects are begun together; 0: nobody knows, or it has outlived its window. */
  readonly among: number;
}

export function toTrial(mark: number): Trial {
  return { window: Math.max(1, Math.floor(mark / TRIAL)), among: mark % TRIAL };
}

export function markOf({ window, among }: Trial): number {
  return window * TRIAL + Math.min(among, MOST_AMONG);
}

/**
 * How an entry with these fields is to be begun; undefined: like any other. A suspect is what one more death would dead-letter. One that only
 * handlers have failed has killed nobody so far.
 */
export function trialFor(fields: readonly string[], maxRetries: number): Trial | undefined {
  const trial = trialOf(fields);
  if (trial > 0) return toTrial(trial);
  const isLast = maxRetries > 0 && retryCountOf(fields) >= maxRetries;
  return isLast && deathsOf(fields) > 0 ? { window: 1, among: 0 } : undefined;
}

export function isSuspect(mark: number): boolean {
  return mark >= TRIAL;
}

/** How often an entry that is not owned counts as delivered. */
export function deliveriesOf(mark: number): number {
  if (mark < NOT_BEGUN) return mark;
  // Redis counts on where somebody else claims it.
  return mark < ALONE ? mark - NOT_BEGUN : UNMARKED;
}
