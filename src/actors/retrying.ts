/** Repeats an operation of this incarnation for as long as only time, or a new generation, is needed. */
import { onNextTurn } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import { isPassing, mayHaveExecuted } from '../redis/reply-errors.js';
import { type Kernel, pause } from './kernel.js';
import type { Lease } from './lease/lease.js';

/** Between two tries when Redis answers but refuses: loading, out of memory, no longer a master. */
const REFUSED_PAUSE_MS = 100;

export interface Answer<T> {
  readonly value: T;
  /** An earlier try got no answer: it may have been executed, and then this answer is about its outcome. */
  readonly mayBeRepeat: boolean;
}

/**
 * Waits for a confirmed lease before every try. An outage, a cut connection or a newer generation is waited out;
 * each new try carries the newest generation, so an earlier one can no longer be executed.
 *
 * @throws StreamwardenError `RuntimeStopped` when the incarnation ends first; whatever Redis refuses for good
 */
export async function retrying<T>(
  kernel: Kernel,
  lease: Lease,
  operation: () => Promise<T>,
): Promise<Answer<T>> {
  let mayBeRepeat = false;
  for (;;) {
    await lease.confirmed();
    try {
      return { value: await operation(), mayBeRepeat };
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (mayHaveExecuted(error)) mayBeRepeat = true;
      lease.report(error);
      if (isStreamwardenError(error, 'RedisRefused')) await pause(kernel, REFUSED_PAUSE_MS);
      // A connection that has just broken says so a turn of the loop later; without this, a spin.
      else await new Promise<void>((resolve) => onNextTurn(kernel.clock, resolve));
    }
  }
}

/**
 * Repeats a look, which changes nothing, while only time is needed, but gives up so many milliseconds after its beginning: for those to whom it
 * is worth a short interruption and not a long outage.
 *
 * @throws what the last try met; StreamwardenError `RuntimeStopped` when the incarnation ends first
 */
export async function lookingAgain<T>(
  kernel: Kernel,
  lease: Lease,
  mostMs: number,
  look: () => Promise<T>,
): Promise<T> {
  const { clock } = kernel;
  const until = clock.monotonic() + mostMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (!isPassing(error) || clock.monotonic() >= until) throw error;
      await new Promise<void>((resolve) => onNextTurn(clock, resolve));
      await Promise.race([lease.confirmed(), pause(kernel, until - clock.monotonic())]);
      if (isStreamwardenError(error, 'RedisRefused')) await pause(kernel, REFUSED_PAUSE_MS);
    }
  }
}
