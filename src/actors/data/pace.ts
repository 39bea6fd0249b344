/**
 * How soon a stream is looked at again: at once when more is known to be there, quickly while entries come, ever less often when none do. Each stream has a
 * pace of its own, so that ten thousand quiet ones cost what they are asked 3.5 times a second, and one that is busy waits for a few milliseconds only.
 */

/** Between two looks at a stream to which entries come, in milliseconds. */
export const ACTIVE_MS = 8;
/** How long after its last entry a stream counts as one to which entries come. */
export const ACTIVE_FOR_MS = 1000;
/** The longest time between two looks: what an entry that nobody told of waits at most. */
export const IDLE_MS = 285;

/** The pace of one stream. Times on the monotonic clock, in milliseconds. */
export interface Pace {
  /** When it was looked at last. */
  lookedAt: number;
  /** When entries were found last. */
  foundAt: number;
  /** Between the last look and the next one. */
  delayMs: number;
}

/**
 * @param isFull as many as were asked for: there may be more
 * @param activeMs between two looks at a stream to which entries come
 */
export function found(pace: Pace, at: number, isFull: boolean, activeMs = ACTIVE_MS): void {
  pace.foundAt = at;
  pace.delayMs = isFull ? 0 : activeMs;
}

export function foundNothing(pace: Pace, at: number, activeMs = ACTIVE_MS): void {
  const isActive = at - pace.foundAt < ACTIVE_FOR_MS;
  pace.delayMs = isActive ? activeMs : Math.min(IDLE_MS, Math.max(ACTIVE_MS, pace.delayMs * 2));
}

/** When it is to be looked at next. */
export function dueAt({ lookedAt, delayMs }: Pace): number {
  return lookedAt + delayMs;
}

/** So many looks a second cost a sixth of a core, and Redis half as much. Where more would be due, streams to which entries come wait longer. */
const MOST_LOOKS = 100_000;
const MOST_ACTIVE_MS = 64;
const MEASURED_MS = 250;

/** How long streams to which entries come wait, by how many looks there are in all. */
export class LookRate {
  #looks = 0;
  #since = Number.NEGATIVE_INFINITY;
  activeMs = ACTIVE_MS;

  looked(count: number, at: number): void {
    const ms = at - this.#since;
    if (ms >= MEASURED_MS) {
      const rate = (this.#looks / ms) * 1000;
      const wanted = (this.activeMs * rate) / MOST_LOOKS;
      this.activeMs = Math.min(MOST_ACTIVE_MS, Math.max(ACTIVE_MS, wanted));
      this.#looks = 0;
      this.#since = at;
    }
    this.#looks += count;
  }
}
