/** What a handler throws when no further try can succeed. */
import { makeOneClass } from '../core/one-class.js';

/**
 * Thrown by a handler, it moves the stream to the dead-letter stream at once, as `rejected`, instead of spending its retries one by one. Any other
 * error that has a property `unrecoverable` with the value true does the same.
 *
 * ```ts
 * if (order === undefined) throw new UnrecoverableError(`there is no order ${stream.name}`);
 * ```
 */
export class UnrecoverableError extends Error {
  override readonly name = 'UnrecoverableError';
  readonly unrecoverable = true;
}

makeOneClass(UnrecoverableError, 'UnrecoverableError');

/** Of whatever was thrown: it may be anything, and may throw when it is looked at. */
export function isUnrecoverable(thrown: unknown): boolean {
  try {
    return (thrown as { unrecoverable?: unknown } | null | undefined)?.unrecoverable === true;
  } catch {
    return false;
  }
}
