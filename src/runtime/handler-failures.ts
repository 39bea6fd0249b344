/** What is said when a handler throws: to the log, to the application, and, when neither can hear it, once to whoever reads stderr. */
import type { Ownership } from '../actors/ownership.js';
import type { Clock } from '../core/clock.js';
import { callOut, errorOf, messageOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { onePerProcess } from '../core/one-per-process.js';
import { factOf } from '../machines/facts.js';
import type { Failure } from '../machines/standing.js';
import type { ErrorListener } from './handler-options.js';
import type { Notification, StreamRef } from './notifications.js';

export interface HandlerFailuresSettings {
  readonly service: string;
  readonly clock: Clock;
  /** Undefined: the application has none. */
  readonly logger: Logger | undefined;
  readonly onError: ErrorListener | undefined;
  tell(notification: Notification): void;
}

const MOST_KEPT = 20;

/** One line a process is enough to say what to do about it. */
const warning = onePerProcess('warning of handlers', () => ({ isGiven: false }));

export class HandlerFailures {
  readonly #settings: HandlerFailuresSettings;
  readonly #latest: Failure[] = [];
  /** How often a handler has failed. */
  count = 0;

  constructor(settings: HandlerFailuresSettings) {
    this.#settings = settings;
  }

  /** The latest ones, oldest first. */
  get latest(): readonly Failure[] {
    return this.#latest;
  }

  /** @param delayMs in how many milliseconds the retry is spent; null: none is, it is dead-lettered */
  failed(ownership: Ownership, thrown: unknown, delayMs: number | null): void {
    const { name, id, info, retryCount, deaths } = ownership;
    const failures = ownership.failures + 1;
    const { clock, logger, onError, tell } = this.#settings;
    this.count += 1;
    const error = errorOf(thrown);
    const stream: StreamRef = { stream: name, id, info, retryCount };
    const at = clock.now();
    this.#keep({
      child: `handler/${id}`,
      error: factOf(error),
      at,
      count: retryCount + 1,
      restartInMs: delayMs,
    });
    logger?.warn({ stream: name, id, retryCount, failures, deaths, delayMs, err: error }, 'a handler failed');
    if (onError !== undefined) {
      callOut(
        () => onError(thrown, stream),
        (problem) => logger?.error({ stream: name, id, error: messageOf(problem) }, 'onError threw'),
      );
    } else if (logger === undefined) {
      this.#warn(error);
    }
    const retryAt = delayMs === null ? null : at + delayMs;
    tell({ type: 'StreamFailed', at, ...stream, error, failures, deaths, retryAt });
  }

  #keep(failure: Failure): void {
    this.#latest.push(failure);
    if (this.#latest.length > MOST_KEPT) this.#latest.shift();
  }

  #warn(error: Error): void {
    if (warning.isGiven) return;
    warning.isGiven = true;
    process.emitWarning(
      `a handler of service ${this.#settings.service} failed: ${messageOf(error)}. Later failures are not told here: give createRuntime() a logger, or onError`,
      { type: 'StreamwardenWarning', code: 'STREAMWARDEN_HANDLER_FAILED', detail: stackOf(error) },
    );
  }
}

function stackOf(error: Error): string {
  try {
    return messageOf(error.stack ?? '');
  } catch {
    // An application's error may have a getter that throws.
    return '';
  }
}
