/** A small change of the protocol that breaks a promise. A simulation that does not find one does not look where it should. */
import type { Wishes } from '../schedule.js';

export interface Edit {
  /** Below `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

export interface Mutant {
  readonly name: string;
  /** What must go wrong. */
  readonly why: string;
  readonly edits: readonly Edit[];
  /** Where to look: what fleets are like, and what befalls them. */
  readonly wishes?: Wishes;
  /** Tried first: a schedule of `test/simulation/found/` that was made for this, where chance seldom comes upon it. */
  readonly kept?: string;
  /**
   * Name of a configuration of `explore/` that finds it, where fleets hardly ever come upon its window. Then no seed is run, and the edits are
   * of texts in scripts' own files.
   */
  readonly explored?: string;
  /** Seeds that may be needed. @defaultValue 60 */
  readonly budget?: number;
}

export const USUAL_BUDGET = 60;

/** @throws when the text is not there, or more than once: the mutant is to be changed with what it changes */
export function edited(text: string, { file, from, to }: Edit): string {
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Error(`expected this to stand once in src/${file}, found ${parts.length - 1}: ${from}`);
  }
  return parts.join(to);
}
