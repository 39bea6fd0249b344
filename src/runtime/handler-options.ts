/** Functions of the application that are asked, and told, when a handler throws. */
import type { StreamRef } from './notifications.js';

/**
 * How long a stream whose handler threw is kept before it is requeued, in milliseconds, 0 to 3,600,000.
 *
 * @param attempt 1 for the first try: the retry count and 1
 * @param error what the handler threw
 */
export type HandlerDelay = (attempt: number, error: unknown) => number;

/** The option `onError`. */
export type ErrorListener<TInfo = unknown> = (error: unknown, stream: StreamRef<TInfo>) => void;
