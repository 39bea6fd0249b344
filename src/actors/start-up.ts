/** What has to be done before there can be a lease: reach Redis, make the group, see whether the server will do. Waits for Redis. */
import type { Timer } from '../core/clock.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { type ProbedElsewhere, probe, type ServerFacts } from '../redis/capabilities.js';
import { isPassing, isWrongCredentials } from '../redis/reply-errors.js';
import { Shortfall } from '../redis/shortfall.js';
import { type Kernel, pause } from './kernel.js';

const RETRY_MS = 50;
/** How often the log says what is waited for, and after how long it begins to, in milliseconds. */
const SAY_MS = 5_000;
const SILENT_MS = 1_000;

/** What else has to succeed, and is tried again with the rest. */
export interface StartUpSteps {
  /** Know where everything is; before anything is asked. */
  reach(): Promise<void>;
  /** Set keyspace events up; after the server is known to do. */
  cover(): Promise<void>;
}

export class StartUp {
  readonly #kernel: Kernel;
  readonly #timeoutMs: number;
  readonly #steps: StartUpSteps;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(kernel: Kernel, timeoutMs: number, steps: StartUpSteps) {
    this.#kernel = kernel;
    this.#timeoutMs = timeoutMs;
    this.#steps = steps;
  }

  /** Counts the time from now on. */
  begin(): void {
    this.#deadline = this.#kernel.clock.monotonic() + this.#timeoutMs;
  }

  /**
   * Prepared: the first lease has the rest of the time, and a heartbeat at least.
   *
   * @param tooLate called when that is over, unless `end()` comes first
   */
  prepared(tooLate: () => void): void {
    const { clock, settings } = this.#kernel;
    const left = Math.max(settings.heartbeatMs, this.#deadline - clock.monotonic());
    this.#timer = clock.setTimeout(tooLate, left);
  }

  end(): void {
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  /**
   * Tries until it succeeds, for as long as only time is needed.
   *
   * @param isWanted whether to go on
   * @returns undefined when it was not wanted any more
   * @throws StreamwardenError `StartTimeout`; `PermissionDenied`, `ServerTooOld`, `ClusterClientRequired` and other things that no waiting heals
   */
  async prepare(isWanted: () => boolean): Promise<ServerFacts | undefined> {
    const { clock, connections, ended, logger } = this.#kernel;
    const begun = clock.monotonic();
    // Whoever starts beside Redis waits for a moment.
    let sayAt = begun + SILENT_MS;
    while (!ended.aborted && isWanted()) {
      try {
        return await this.#once();
      } catch (error) {
        const { commands } = connections;
        const cause = commands.isUp ? error : (commands.lastError ?? error);
        const refusal = isStreamwardenError(cause, 'RedisUnavailable') ? (cause.cause ?? cause) : cause;
        if (this.#isRefusedForGood(refusal)) throw wrongCredentials(refusal);
        if (isUnusable(refusal)) throw refusal;
        Shortfall.of(refusal)?.check();
        if (!isPassing(error)) throw error;
        const left = this.#deadline - clock.monotonic();
        if (left <= 0) throw isStreamwardenError(error, 'KeyspaceSetupFailed') ? error : this.timeout(cause);
        const now = clock.monotonic();
        if (now >= sayAt) {
          sayAt = now + SAY_MS;
          const times = { waitedMs: Math.round(now - begun), leftMs: Math.round(left) };
          logger.warn(
            { ...times, error: redact(messageOf(cause)) },
            'Redis cannot be used yet; starting waits',
          );
        }
        await pause(this.#kernel, Math.min(left, RETRY_MS));
      }
    }
    return undefined;
  }

  /** Waiting does not make credentials right, unless the application is asked for them again. */
  #isRefusedForGood(refusal: unknown): boolean {
    if (/^NOPERM/.test(messageOf(refusal))) return true;
    return isWrongCredentials(refusal) && !this.#kernel.connections.isAsked;
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

  get #elsewhere(): ProbedElsewhere | undefined {
    const { connections, layout, names } = this.#kernel;
    const { shards } = connections;
    return (
      shards && {
        dlq: layout.dlqIsLocal ? undefined : shards.commandsFor(names.dlq),
        locks: shards.commandsFor(names.lock('probe', '0-0')),
      }
    );
  }

  async #once(): Promise<ServerFacts> {
    const { commands, names, consumer, logger, group, settings } = this.#kernel;
    await this.#steps.reach();
    // First, so that everything that is not permitted is named at once.
    const server = await probe(commands, names, consumer, settings, this.#elsewhere);
    await group.create();
    for (const warning of server.warnings) logger.warn({}, warning);
    await this.#steps.cover();
    return server;
  }
}

/** Redis refuses to be used as it should, and no waiting heals that: the database cannot be selected, a command is not there. */
export function isUnusable(refusal: unknown): refusal is StreamwardenError {
  if (!isStreamwardenError(refusal) || refusal.retriable) return false;
  const codes = ['RedisRefused', 'PermissionDenied', 'CommandsMissing', 'ProtocolMismatch', 'InvalidOption'];
  return codes.includes(refusal.code);
}

function wrongCredentials(cause: unknown): StreamwardenError {
  const message = `Redis refused the credentials: ${redact(messageOf(cause))}`;
  return new StreamwardenError('PermissionDenied', message, { cause });
}
