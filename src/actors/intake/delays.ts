/**
 * Gives what is delayed to everyone when it is due. Every heartbeat says when that is next; a timer waits for it, one for all that is delayed. Where
 * nothing is delayed there is no timer, and nothing is sent.
 *
 * One of the living does it at once, the first of those that the last sweep found. The others wait a little longer, each by its place, and by then mostly
 * hear from a heartbeat that it has been done; they do a little of it at a time, so that much that is due at once does not have the whole fleet call. Two that
 * do it at the same time are no harm: `scripts/end-delays.lua`.
 */
import type { Timer } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { EndedDelays } from '../../redis/delaying.js';
import type { Kernel } from '../kernel.js';

/** How much longer the second waits, and each one after it, in milliseconds. */
const SECOND_WAITS_MS = 400;
const EACH_WAITS_MS = 100;
/** What is due comes at most a second late when the first few of the living do not see to it, in milliseconds. */
const MOST_LATE_MS = 900;
/** Between two calls, in milliseconds: what becomes due meanwhile goes together. */
const PAUSE_MS = 50;
/** After a failure, in milliseconds. */
const AGAIN_MS = 500;
/** The longest that a timer of Node.js waits, in milliseconds, is 24.8 days; the next heartbeat says when it is due anyway. */
const MOST_WAIT_MS = 60_000;

export class Delays {
  readonly #kernel: Kernel;
  readonly #place: () => number;
  #timer: Timer | undefined;
  /** When it runs, on the monotonic clock. */
  #at = Number.POSITIVE_INFINITY;
  #isEnding = false;
  /** The last call failed: that has been logged. */
  #hasFailed = false;
  /** Given to everyone by this incarnation. */
  ended = 0;

  /** @param place of this incarnation among the living, from 0 */
  constructor(kernel: Kernel, place: () => number) {
    this.#kernel = kernel;
    this.#place = place;
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
      this.#wait(Math.max(leastMs, dueInMs + this.#waitMs));
      return;
    }
    this.#kernel.clock.clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** How much longer than the first of the living this one waits. */
  get #waitMs(): number {
    const place = this.#place();
    return place === 0 ? 0 : Math.min(MOST_LATE_MS, SECOND_WAITS_MS + (place - 1) * EACH_WAITS_MS);
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
    let leastMs = Math.max(PAUSE_MS, this.#waitMs);
    try {
      let result: EndedDelays;
      do {
        result = await delayed.end();
        const { count, lateMs } = result;
        this.ended += count;
        if (count > 0) seam.emit('delaysEnded', { count, lateMs });
      } while (this.#place() === 0 && result.count > 0 && (result.nextMs ?? 1) < 1 && !ended.aborted);
      next = result.nextMs;
      this.#hasFailed = false;
    } catch (error) {
      leastMs = AGAIN_MS;
      if (!this.#hasFailed) {
        logger.warn(
          { error: redact(messageOf(error)) },
          'what is due could not be given out; it is tried again',
        );
      }
      this.#hasFailed = true;
    }
    this.#isEnding = false;
    this.#plan(next, leastMs);
  }
}
