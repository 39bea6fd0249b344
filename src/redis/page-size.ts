/**
 * How many bytes are asked for at a time, where nobody knows beforehand what a network carries: little at first, half as much after an answer
 * that did not come in time, more while answers come quickly.
 */

const FIRST_BYTES = 65_536;
/** What is no larger takes no network too long that carries heartbeats. */
const LEAST_BYTES = 16_384;
/** Redis stands still while it puts a page together: some milliseconds for so much. */
const MOST_BYTES = 1_048_576;

export class PageSize {
  readonly #goalMs: number;
  #bytes = FIRST_BYTES;

  /** @param goalMs pages grow while one takes no longer, in milliseconds, and shrink when one takes twice as long */
  constructor(goalMs: number) {
    this.#goalMs = goalMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isLeast(): boolean {
    return this.#bytes === LEAST_BYTES;
  }

  /** A page of so many bytes has arrived. */
  arrived(bytes: number, tookMs: number): void {
    if (tookMs > this.#goalMs * 2) this.shrink();
    // One that was not full says nothing of a larger one.
    else if (tookMs <= this.#goalMs && bytes >= this.#bytes / 2)
      this.#bytes = Math.min(MOST_BYTES, this.#bytes * 2);
  }

  /** A page did not arrive in time, or heartbeats beside it did not. */
  shrink(): void {
    this.#bytes = Math.max(LEAST_BYTES, this.#bytes / 2);
  }
}
