/** What waits for a viewer that reads more slowly than it is told. Nobody waits for a viewer but its own first messages. */
import type { Writable } from 'node:stream';

export interface ViewerLimits {
  /** Bytes that may wait for one viewer. */
  readonly maxWaiting: number;
  /** Milliseconds in which a viewer has to have read all that waited at some moment. */
  readonly maxStallMs: number;
}

export const VIEWER_LIMITS: ViewerLimits = { maxWaiting: 8 * 1024 * 1024, maxStallMs: 10_000 };

export class Backlog {
  readonly #stream: Writable;
  readonly #limits: ViewerLimits;
  #since: number | undefined;

  constructor(stream: Writable, limits: ViewerLimits) {
    this.#stream = stream;
    this.#limits = limits;
  }

  /** Bytes. */
  get waiting(): number {
    return this.#stream.writableLength;
  }

  /** To be asked before and after something is sent, and now and then. */
  isPastLimits(): boolean {
    const { waiting } = this;
    if (waiting === 0) {
      this.#since = undefined;
      return false;
    }
    const now = performance.now();
    this.#since ??= now;
    return waiting > this.#limits.maxWaiting || now - this.#since > this.#limits.maxStallMs;
  }

  /** Resolves when nothing waits any more, or the connection has ended. */
  async drained(): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || !stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const over = () => {
        stream.off('drain', over);
        stream.off('close', over);
        resolve();
      };
      stream.on('drain', over);
      stream.on('close', over);
    });
  }
}
