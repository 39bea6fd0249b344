import type { Clock } from '../../src/index.js';

/** A clock that stands still until it is told how far to go. */
export interface ManualClock extends Clock {
  /** Goes on by so many milliseconds; timers that are due run in order, each at its time. */
  advance(ms: number): void;
  /** Delays left of the timers that run, in milliseconds, shortest first. */
  readonly pending: readonly number[];
}

interface Running {
  readonly at: number;
  readonly callback: () => void;
}

/** @param chance what `random()` answers with */
export function manualClock(chance = 0): ManualClock {
  const timers = new Set<Running>();
  let time = 0;
  const next = (until: number) => [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => time,
    monotonic: () => time,
    random: () => chance,
    setTimeout(callback, delayMs) {
      const timer: Running = { at: time + delayMs, callback };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as Running),
    advance(ms) {
      const until = time + ms;
      for (let timer = next(until); timer; timer = next(until)) {
        timers.delete(timer);
        time = timer.at;
        timer.callback();
      }
      time = until;
    },
    get pending() {
      return [...timers].map(({ at }) => at - time).sort((a, b) => a - b);
    },
  };
}
