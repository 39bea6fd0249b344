import type { Clock, Timer } from '../../src/index.js';

/** The operating system's clock, which knows the timers that are running on it. */
export interface TrackedClock extends Clock {
  /** How many timers have neither fired nor been cleared. */
  readonly running: number;
}

export function trackedClock(overrides: Partial<Clock> = {}): TrackedClock {
  const running = new Set<NodeJS.Timeout>();
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => Math.random(),
    setTimeout(callback, delayMs) {
      const timer = setTimeout(() => {
        running.delete(timer);
        callback();
      }, delayMs);
      running.add(timer);
      return timer;
    },
    clearTimeout(timer: Timer) {
      running.delete(timer as NodeJS.Timeout);
      clearTimeout(timer as NodeJS.Timeout);
    },
    ...overrides,
    get running() {
      return running.size;
    },
  };
}
