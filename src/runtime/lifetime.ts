/** Start and end of a runtime, as promises for the application and as an event for whoever observes. */
import type { Clock } from '../core/clock.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import type { Seam } from '../core/seam.js';
import type { Closed, Started } from './types.js';

export class Lifetime {
  /** Resolves once all is over. */
  readonly closed: Promise<Closed>;
  readonly #clock: Clock;
  readonly #seam: Seam;
  #resolveClosed: (closed: Closed) => void = () => {};
  #starting: Promise<Started> | undefined;
  #resolveStart: (started: Started) => void = () => {};
  #rejectStart: (error: StreamwardenError) => void = () => {};
  /** On the monotonic clock. */
  #startedAt = 0;
  /** What came of starting has been told. */
  #hasTold = false;

  constructor(clock: Clock, seam: Seam) {
    this.#clock = clock;
    this.#seam = seam;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** What `begin()` returned; undefined before. */
  get starting(): Promise<Started> | undefined {
    return this.#starting;
  }

  /** Resolves when it has started, or was stopped before; rejects when it fails before. */
  begin(): Promise<Started> {
    this.#startedAt = this.#clock.monotonic();
    this.#starting = new Promise((resolve, reject) => {
      this.#resolveStart = resolve;
      this.#rejectStart = reject;
    });
    return this.#starting;
  }

  started(): void {
    this.#tellStarted(null);
    this.#resolveStart('running');
  }

  /**
   * It works no more; `close()` follows when what it wrote has been written.
   *
   * @param thrown what ended it; null or undefined: it was stopped
   */
  end(thrown: unknown): StreamwardenError | null {
    const error = failureOf(thrown);
    // One that was stopped while it started has not failed to.
    if (error && !this.#hasTold) this.#tellStarted(error.code);
    if (error) this.#rejectStart(error);
    else this.#resolveStart('stopped');
    return error;
  }

  close(error: StreamwardenError | null): void {
    this.#resolveClosed({ error });
  }

  #tellStarted(error: string | null): void {
    this.#hasTold = true;
    this.#seam.emit('started', { tookMs: this.#clock.monotonic() - this.#startedAt, error });
  }
}

function failureOf(thrown: unknown): StreamwardenError | null {
  if (thrown === null || thrown === undefined) return null;
  if (isStreamwardenError(thrown)) return thrown;
  return new StreamwardenError('InvalidState', messageOf(thrown), { cause: thrown });
}
