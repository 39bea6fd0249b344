import type { Clock } from '../core/clock.js';
import type { PlayWorld } from './world.js';
import type { Part } from './script.js';
import type { PlayedLease, PlayedStepKind } from './types.js';

/** What a step is told of: a stream in the hands of a process. */
export interface Held {
  readonly part: Part;
  readonly lease: PlayedLease;
}

/** What a stream in hand asks of its process. */
export interface HoldingStage {
  readonly world: PlayWorld;
  readonly clock: Clock;
  /** Until when the lease holds for certain, on the wall clock. */
  readonly validUntil: number;
  /** Writes a step into the play. */
  step(held: Held, kind: PlayedStepKind, text: string, detail: unknown): void;
  /** Calls back when Redis would have answered, unless the process has ended. */
  answer(afterMs: number | undefined, run: () => void): void;
  /** Whether it is held, as Redis would have it; `willBeLost`: a recorded event is going to say that it is not. */
  fateOf(held: Held, isOverdue: boolean): 'isHeld' | 'isLost' | 'willBeLost';
  /** Ends the play with this error. */
  fail(error: Error): Error;
}
