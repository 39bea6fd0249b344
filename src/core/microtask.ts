/**
 * Runs the callback when what runs now is over, before anything else that waits. Not `queueMicrotask()`: test runners that fake timers may fake that
 * as well, and what is queued then never runs.
 */
export function soon(callback: () => void): void {
  void Promise.resolve().then(callback);
}
