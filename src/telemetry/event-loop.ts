/**
 * How late the event loop runs, between one look and the next. Measured only from the first look on: where nobody collects it costs nothing. Not by
 * `monitorEventLoopDelay()`, whose reset forgets a delay that is just under way.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Between two measurements, in milliseconds. */
const EVERY_MS = 20;

export interface LoopDelay {
  readonly maxMs: number;
  readonly p99Ms: number;
}

export class EventLoopMonitor {
  #histogram: RecordableHistogram | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  /** Since the last look; undefined at the first one. */
  look(): LoopDelay | undefined {
    const histogram = this.#histogram;
    if (histogram === undefined) {
      this.#begin();
      return undefined;
    }
    // Whoever looks may have been held up by the very delay that is to be seen.
    this.#record(histogram);
    const delay = { maxMs: histogram.max / 1e6, p99Ms: histogram.percentile(99) / 1e6 };
    histogram.reset();
    return delay;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram = undefined;
  }

  #begin(): void {
    const histogram = createHistogram();
    this.#histogram = histogram;
    this.#last = performance.now();
    this.#timer = setInterval(() => this.#record(histogram), EVERY_MS).unref();
  }

  #record(histogram: RecordableHistogram): void {
    const now = performance.now();
    const lateMs = now - this.#last - EVERY_MS;
    this.#last = now;
    // It takes whole nanoseconds from 1 up.
    histogram.record(Math.max(1, Math.round(lateMs * 1e6)));
  }
}
