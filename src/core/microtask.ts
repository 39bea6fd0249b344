import { onNextTurn, systemClock } from './clock.js';

/**
 * Runs the callback when what runs now is over, before anything else that waits. What it throws is an uncaught exception. Not `queueMicrotask()`: test
 * runners that fake timers may fake that as well, and what is queued then never runs.
 */
export function soon(callback: () => void): void {
  Promise.resolve()
    .then(callback)
    .catch((error: unknown) => {
      onNextTurn(systemClock, () => {
        throw error;
      });
    });
}
