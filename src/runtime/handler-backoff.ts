/** Streams whose handler threw wait here, lease held, until their retry is spent. */
import type { Ownership } from '../actors/ownership.js';
import type { Clock, Timer } from '../core/clock.js';

export class HandlerBackoff {
  readonly #clock: Clock;
  readonly #range: { readonly initialMs: number; readonly maxMs: number };
  readonly #timers = new Map<Ownership, Timer>();

  constructor(clock: Clock, range: { readonly initialMs: number; readonly maxMs: number }) {
    this.#clock = clock;
    this.#range = range;
  }

  /** Doubles with the retry count, up to the longest delay; between half of it and all of it, by chance. Returns the delay in milliseconds. */
  begin(ownership: Ownership, then: () => void): number {
    const { initialMs, maxMs } = this.#range;
    const full = Math.min(maxMs, initialMs * 2 ** Math.min(ownership.retryCount, 30));
    const delayMs = Math.round(full * (0.5 + this.#clock.random() / 2));
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(ownership);
      then();
    }, delayMs);
    this.#timers.set(ownership, timer);
    return delayMs;
  }

  cancel(ownership: Ownership): void {
    const timer = this.#timers.get(ownership);
    if (timer === undefined) return;
    this.#timers.delete(ownership);
    this.#clock.clearTimeout(timer);
  }

  cancelAll(): void {
    for (const ownership of [...this.#timers.keys()]) this.cancel(ownership);
  }
}
