/** A clock of the application's, which may throw or answer with what is no number: then the system's clock takes its place for that call. */
import { type Clock, systemClock, type Timer } from './clock.js';

/** A timer that the system's clock keeps, because the application's could not. */
class SystemTimer {
  readonly timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }
}

/** The answer, if it is a usable one. */
function answerOf(ask: () => number): number | undefined {
  try {
    const answer: unknown = ask();
    return typeof answer === 'number' && Number.isFinite(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** `monotonic()` never goes back and never stops, so that no lease counts as certain because a clock has failed. */
export function guardedClock(clock: Clock): Clock {
  if (clock === systemClock) return clock;
  /** Timers that could not be cleared. */
  const unwanted = new Set<Timer>();
  let latest = Number.NEGATIVE_INFINITY;
  /** The application's monotonic clock minus the system's, when the former was last heard. */
  let ahead: number | undefined;

  function monotonic(): number {
    const answer = answerOf(() => clock.monotonic());
    if (answer === undefined) {
      // Counted from where it was when it failed, at the system's pace.
      ahead ??= Number.isFinite(latest) ? latest - systemClock.monotonic() : 0;
      latest = Math.max(latest, systemClock.monotonic() + ahead);
    } else {
      ahead = undefined;
      latest = Math.max(latest, answer);
    }
    return latest;
  }

  return {
    now: () => answerOf(() => clock.now()) ?? systemClock.now(),
    monotonic,
    random() {
      const answer = answerOf(() => clock.random());
      return answer !== undefined && answer >= 0 && answer < 1 ? answer : systemClock.random();
    },
    setTimeout(callback, delayMs) {
      try {
        const timer: Timer = clock.setTimeout(() => {
          if (!unwanted.delete(timer)) callback();
        }, delayMs);
        return timer;
      } catch {
        return new SystemTimer(systemClock.setTimeout(callback, delayMs));
      }
    },
    clearTimeout(timer) {
      if (timer instanceof SystemTimer) {
        systemClock.clearTimeout(timer.timer);
        return;
      }
      try {
        clock.clearTimeout(timer);
      } catch {
        unwanted.add(timer);
      }
    },
    setImmediate(callback) {
      try {
        if (clock.setImmediate) {
          clock.setImmediate(callback);
          return;
        }
      } catch {
        // As where there is none.
      }
      systemClock.setImmediate?.(callback);
    },
    randomBytes(count) {
      try {
        const bytes = clock.randomBytes?.(count);
        if (bytes instanceof Uint8Array && bytes.length === count) return bytes;
      } catch {
        // As where there is none.
      }
      return systemClock.randomBytes?.(count) ?? new Uint8Array(count);
    },
  };
}
