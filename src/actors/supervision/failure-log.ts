/**
 * What the log says of children that fail: a line when it begins, a line when it is over, and in between one in a while. Every single failure is
 * kept in the snapshot; a log that repeats it every second of an outage hides what else it says.
 */
import type { Clock } from '../../core/clock.js';
import { isErrorCode } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import type { Failure } from '../../machines/standing.js';

/** In milliseconds. */
const AGAIN_MS = 60_000;

interface Episode {
  readonly since: number;
  failures: number;
  /** When the last line was written, on the monotonic clock. */
  toldAt: number;
  /** It was not worth an error yet. */
  isQuiet: boolean;
}

/** A connection that nobody but a subscription uses may be cut for being idle: the next attempt brings it back. */
function mayBeIdleCut({ child, error }: Failure): boolean {
  return (
    child.startsWith('masterSubscription/') && (error.code === 'RedisUnavailable' || !isErrorCode(error.code))
  );
}

export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #episodes = new Map<string, Episode>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  failed(failure: Failure): void {
    const { child, count, restartInMs } = failure;
    const { code, message } = failure.error;
    const now = this.#clock.monotonic();
    const fields = { child, code, error: message, count, restartInMs };
    const episode = this.#episodes.get(child);
    if (episode === undefined) {
      const isQuiet = mayBeIdleCut(failure);
      this.#episodes.set(child, { since: now, failures: 1, toldAt: now, isQuiet });
      this.#logger[isQuiet ? 'info' : 'error'](fields, 'a child failed');
      return;
    }
    episode.failures += 1;
    if (!episode.isQuiet && now - episode.toldAt < AGAIN_MS) return;
    episode.isQuiet = false;
    episode.toldAt = now;
    this.#logger.error({ ...fields, failures: episode.failures }, 'a child goes on failing');
  }

  /** It works again, or is not wanted any more. */
  over(child: string): void {
    const episode = this.#episodes.get(child);
    if (episode === undefined) return;
    this.#episodes.delete(child);
    if (episode.isQuiet) return;
    const { failures, since } = episode;
    this.#logger.info(
      { child, failures, ms: Math.round(this.#clock.monotonic() - since) },
      'a child works again',
    );
  }
}
