/** A running timer, as opaque as the clock that made it wants it to be. */
export type Timer = unknown;

/**
 * Everything that the runtime knows of time and chance. Injected once, so that tests can move time and fix chance,
 * and so that no machine ever asks the operating system.
 */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Monotonic clock, milliseconds since an arbitrary point. Never goes back; may stand still while the machine sleeps. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The operating system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
