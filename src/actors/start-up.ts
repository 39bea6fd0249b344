/** What has to be done before there can be a lease: reach Redis, make the group, see whether the server will do. Waits for Redis. */
import type { Timer } from '../core/clock.js';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { probe, type ServerFacts } from '../redis/capabilities.js';
import { isPassing } from '../redis/reply-errors.js';
import { type Kernel, pause } from './kernel.js';

/** Redis says these of credentials; waiting does not make them right. */
const WRONG_CREDENTIALS = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH))/;
const RETRY_MS = 50;

export class StartUp {
  readonly #kernel: Kernel;
  readonly #timeoutMs: number;
  readonly #andThen: () => Promise<void>;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  /** @param andThen what else has to succeed, and is tried again with the rest */
  constructor(kernel: Kernel, timeoutMs: number, andThen: () => Promise<void>) {
    this.#kernel = kernel;
    this.#timeoutMs = timeoutMs;
    this.#andThen = andThen;
  }

  /** Counts the time from now on. @param tooLate called when it is over, unless `end()` comes first */
  begin(tooLate: () => void): void {
    const { clock } = this.#kernel;
    this.#deadline = clock.monotonic() + this.#timeoutMs;
    this.#timer = clock.setTimeout(tooLate, this.#timeoutMs);
  }

  end(): void {
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  /**
   * Tries until it succeeds, for as long as only time is needed.
   *
   * @param isWanted whether to go on
   * @returns undefined when it was not wanted any more
   * @throws StreamwardenError `StartTimeout`; `PermissionDenied`, `ServerTooOld` and other things that no waiting heals
   */
  async prepare(isWanted: () => boolean): Promise<ServerFacts | undefined> {
    const { clock, connections, ended } = this.#kernel;
    while (!ended.aborted && isWanted()) {
      try {
        return await this.#once();
      } catch (error) {
        const { commands } = connections;
        const cause = commands.isUp ? error : (commands.lastError ?? error);
        if (WRONG_CREDENTIALS.test(messageOf(cause))) throw wrongCredentials(cause);
        if (!isPassing(error)) throw error;
        const left = this.#deadline - clock.monotonic();
        if (left <= 0) throw this.timeout(cause);
        await pause(this.#kernel, Math.min(left, RETRY_MS));
      }
    }
    return undefined;
  }

  timeout(cause: unknown = this.#kernel.connections.commands.lastError): StreamwardenError {
    const why = cause === undefined ? '' : `: ${redact(messageOf(cause))}`;
    const message = `Redis could not be used within ${this.#timeoutMs} ms${why}`;
    return new StreamwardenError('StartTimeout', message, {
      retriable: true,
      cause,
      details: { startTimeoutMs: this.#timeoutMs },
    });
  }

  async #once(): Promise<ServerFacts> {
    const { commands, names, consumer, logger, group, settings } = this.#kernel;
    // First, so that everything that is not permitted is named at once.
    const server = await probe(commands, names, consumer, settings);
    await group.create();
    for (const warning of server.warnings) logger.warn({}, warning);
    await this.#andThen();
    return server;
  }
}

function wrongCredentials(cause: unknown): StreamwardenError {
  const message = `Redis refused the credentials: ${redact(messageOf(cause))}`;
  return new StreamwardenError('PermissionDenied', message, { cause });
}
