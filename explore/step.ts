/** One step from a state to the next. */
import type { Violation } from './invariants/violation.js';
import type { World } from './world.js';

export interface Next {
  readonly world: World;
  /** What the step itself breaks. What the new state breaks is for `invariants/standing.ts` to say. */
  readonly violations: readonly Violation[];
  /** In words; entries by their ids. */
  readonly told: () => string;
}

export interface Step {
  /** It may never happen: a fault, or what a fault left behind. Everything else happens sooner or later. */
  readonly isOptional: boolean;
  readonly take: () => Next;
}
