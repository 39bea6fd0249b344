/** Marks of pending entries, as `scripts/lib/marks.lua` has them: the number that Redis keeps of how often each was delivered. */

/** Of an entry that is owned: its counts are over, whatever takes it out of its owner's hands. */
export const PROVEN = 0;
/** Of one that is not owned: its consumer has not begun with it. */
export const NOT_BEGUN = 0;
/** As it was delivered. */
export const UNMARKED = 1;
