/** Streams whose handler threw wait here, lease held, until their retry is spent. */
import type { Ownership } from '../actors/ownership.js';
import type { Clock, Timer } from '../core/clock.js';
import { messageOf, textOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { HandlerDelay } from './handler-options.js';

const LONGEST_MS = 3_600_000;

export interface HandlerBackoffSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly initialMs: number;
  readonly maxMs: number;
  /** Undefined: it doubles with the retry count. */
  readonly delay: HandlerDelay | undefined;
}

interface Pause {
  readonly timer: Timer;
  /** Epoch milliseconds. */
  readonly until: number;
}

export class HandlerBackoff {
  readonly #settings: HandlerBackoffSettings;
  readonly #pauses = new Map<Ownership, Pause>();

  constructor(settings: HandlerBackoffSettings) {
    this.#settings = settings;
  }

  /** Returns the delay in milliseconds. */
  begin(ownership: Ownership, error: unknown, then: () => void): number {
    const delayMs = this.#asked(ownership, error) ?? this.#doubled(ownership);
    const { clock } = this.#settings;
    const timer = clock.setTimeout(() => {
      this.#pauses.delete(ownership);
      then();
    }, delayMs);
    this.#pauses.set(ownership, { timer, until: clock.now() + delayMs });
    return delayMs;
  }

  /** When it is over, epoch milliseconds; undefined: there is none. */
  untilOf(ownership: Ownership): number | undefined {
    return this.#pauses.get(ownership)?.until;
  }

  cancel(ownership: Ownership): void {
    const pause = this.#pauses.get(ownership);
    if (pause === undefined) return;
    this.#pauses.delete(ownership);
    this.#settings.clock.clearTimeout(pause.timer);
  }

  cancelAll(): void {
    for (const ownership of [...this.#pauses.keys()]) this.cancel(ownership);
  }

  /** What the application's function says; undefined where there is none, or where it says nothing that can be waited for. */
  #asked({ name, id, retryCount }: Ownership, error: unknown): number | undefined {
    const { delay, logger } = this.#settings;
    if (delay === undefined) return undefined;
    let problem: string;
    try {
      const delayMs: unknown = delay(retryCount + 1, error);
      if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LONGEST_MS) return Math.round(delayMs);
      problem = `expected milliseconds from 0 to ${LONGEST_MS}, got: ${textOf(delayMs)}`;
    } catch (thrown) {
      problem = `it threw: ${messageOf(thrown)}`;
    }
    logger.warn({ stream: name, id, problem }, 'handlerBackoff says no delay; the default is taken');
    return undefined;
  }

  /** With the retry count, up to the longest delay; between half of it and all of it, by chance. */
  #doubled({ retryCount }: Ownership): number {
    const { clock, initialMs, maxMs } = this.#settings;
    const full = Math.min(maxMs, initialMs * 2 ** Math.min(retryCount, 30));
    return Math.round(full * (0.5 + clock.random() / 2));
  }
}
