/** In what today's source differs from the last release, in the words of the test that found it, and why a fleet can be upgraded all the same. */
export interface Difference {
  readonly what: string;
  /** Why both versions can work in one group. */
  readonly why: string;
}

/** Empty it when a new release is kept. */
export const DIFFERENCES: readonly Difference[] = [];
