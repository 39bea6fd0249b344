/**
 * Wakes whoever waits for something to have changed: a condition variable for one thread.
 *
 * `while (!condition()) await bell.rung();` misses nothing, since nothing else runs between the look and the wait.
 */
export class Bell {
  #waiting: (() => void)[] = [];

  /** Resolves the next time the bell rings. */
  rung(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  ring(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
