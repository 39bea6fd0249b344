/**
 * Gives what is delayed to everyone when it is due. Every heartbeat says when that is next; a timer waits for it, one for all that is delayed. Where
 * nothing is delayed there is no timer, and nothing is sent.
 *
 * One of the living does it at once, the first of those that the last sweep found. The others wait a little longer, and by then mostly hear from a
 * heartbeat that it has been done. Two that do it at the same time are no harm: `scripts/end-delays.lua`.
 */
import type { Timer } from '../core/clock.js';
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { EndedDelays } from '../redis/delaying.js';
import type { Kernel } from './kernel.js';

/** How much longer the others wait, in milliseconds: what is due comes at most a second late when the first of the living does not do it. */
const OTHERS_WAIT_MS = 400;
/** Between two calls, in milliseconds: what becomes due meanwhile goes together. */
const PAUSE_MS = 50;
/** After a failure, in milliseconds. */
const AGAIN_MS = 500;
/** The longest that a timer of Node.js waits, in milliseconds, is 24.8 days; the next heartbeat says when it is due anyway. */
const MOST_WAIT_MS = 60_000;

export class Delays {
  readonly #kernel: Kernel;
  readonly #isFirst: () => boolean;
  #timer: Timer | undefined;
  /** When it runs, on the monotonic clock. */
  #at = Number.POSITIVE_INFINITY;
  #isEnding = false;
  /** Given to everyone by this incarnation. */
  ended = 0;

  /** @param isFirst whether this incarnation is the first of the living */
  constructor(kernel: Kernel, isFirst: () => boolean) {
    this.#kernel = kernel;
    this.#isFirst = isFirst;
    kernel.ended.addEventListener('abort', () => kernel.clock.clearTimeout(this.#timer));
  }

  /** A heartbeat has been answered. */
  beat(): void {
    this.#plan(this.#kernel.lease.dueInMs());
  }

  /** Something has been delayed for so many milliseconds: this incarnation need not wait for a heartbeat to know of it. */
  expect(dueInMs: number): void {
    if (this.#isEnding || this.#at <= this.#kernel.clock.monotonic() + dueInMs) return;
    this.#wait(dueInMs);
  }

  /** In how many milliseconds the next one is due; undefined: nothing is delayed. */
  #plan(dueInMs: number | undefined, leastMs = 0): void {
    if (this.#isEnding) return;
    if (dueInMs !== undefined) {
      this.#wait(Math.max(leastMs, dueInMs + (this.#isFirst() ? 0 : OTHERS_WAIT_MS)));
      return;
    }
    this.#kernel.clock.clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }

  #wait(ms: number): void {
    const { clock, ended } = this.#kernel;
    clock.clearTimeout(this.#timer);
    if (ended.aborted) return;
    const waitMs = Math.min(MOST_WAIT_MS, ms);
    this.#at = clock.monotonic() + waitMs;
    this.#timer = clock.setTimeout(() => void this.#end(), waitMs);
  }

  async #end(): Promise<void> {
    const { commands, delayed, ended, logger, seam } = this.#kernel;
    this.#at = Number.POSITIVE_INFINITY;
    // Without a connection there is nothing to do, and the first heartbeat after it says when it is due.
    if (!commands.isUp) return;
    this.#isEnding = true;
    let next: number | undefined = AGAIN_MS;
    let leastMs = PAUSE_MS;
    try {
      let result: EndedDelays;
      do {
        result = await delayed.end();
        const { count, lateMs } = result;
        this.ended += count;
        if (count > 0) seam.emit('delaysEnded', { count, lateMs });
      } while (result.count > 0 && (result.nextMs ?? 1) < 1 && !ended.aborted);
      next = result.nextMs;
    } catch (error) {
      leastMs = AGAIN_MS;
      logger.warn(
        { error: redact(messageOf(error)) },
        'what is due could not be given out; it is tried again',
      );
    }
    this.#isEnding = false;
    this.#plan(next, leastMs);
  }
}
