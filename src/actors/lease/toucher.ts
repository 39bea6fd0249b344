/**
 * Keeps what is pending for us from looking abandoned. A consumer of the Go client, v0.4, that starts takes whatever has been pending for 40 s
 * (its `WithLBSIdleTime`), without a look at locks: all that a consumer of ours has held for longer. So while such consumers may come, the idle
 * time of everything pending for us is set back in time. A script does it, a page at a time, spread over the round: one timer, however many streams.
 */
import type { Timer } from '../../core/clock.js';
import { nextEntryId } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { isPassing } from '../../redis/reply-errors.js';
import type { Kernel } from '../kernel.js';
import type { Ownerships } from '../ownerships.js';
import type { Lease } from './lease.js';

/** Once around the own pending list, in milliseconds. */
const ROUND_MS = 15_000;
/**
 * What has been idle for less, in milliseconds, is left alone. Above what the script sets it back to. With the round it is the longest that
 * anything looks idle: 27 s, so that an outage of 13 s is no matter. Below the 30 s, too, from which the scan of the later Go client looks at an entry.
 */
const FROM_MS = 12_000;
/** Keeps the script below 2 ms. An entry costs Redis 5 µs (7.0): 10,000 that are held, 4 ms a second. */
const PAGE = 250;
/** After a failure, in milliseconds. */
const AGAIN_MS = 1_000;

/** A user without the right, or a server on which the command has another name. */
function isWithoutXclaim(error: unknown): boolean {
  return isStreamwardenError(error, 'PermissionDenied') || /unknown (redis )?command/i.test(messageOf(error));
}

export interface ToucherHooks {
  /** These were pending for us, and are not any more: somebody else has deleted their payload. */
  vanished(ids: readonly string[]): void;
}

export class Toucher {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #hooks: ToucherHooks;
  #onError: (error: unknown) => void = () => {};
  #timer: Timer | undefined;
  #isStopped = false;
  /** Where the next page begins. */
  #start = '-';
  /** Entries of this round that have been looked at. */
  #seen = 0;
  #roundEndsAt = 0;
  #isForbidden = false;
  /** Set by whoever sees consumers of the Go client in the group. */
  hasForeignConsumers = false;

  constructor(kernel: Kernel, lease: Lease, ownerships: Ownerships, hooks: ToucherHooks) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#hooks = hooks;
  }

  /** @param onError gets what no outage explains */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    this.#isStopped = false;
    this.#begin();
    this.#schedule(this.#roundEndsAt - this.#now);
  }

  stop(): void {
    this.#isStopped = true;
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  get #now(): number {
    return this.#kernel.clock.monotonic();
  }

  /** With lock keys one may come at any time. */
  get #isNeeded(): boolean {
    const mayCome = this.#kernel.settings.lockKeys || this.hasForeignConsumers;
    return mayCome && !this.#isForbidden && this.#ownerships.size > 0;
  }

  #begin(): void {
    this.#start = '-';
    this.#seen = 0;
    this.#roundEndsAt = this.#now + ROUND_MS;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#kernel.clock.clearTimeout(this.#timer);
    this.#timer = this.#kernel.clock.setTimeout(() => void this.#turn(this.#onError), Math.max(1, delayMs));
  }

  async #turn(onError: (error: unknown) => void): Promise<void> {
    if (this.#start === '-') this.#begin();
    try {
      const isOver = !this.#isNeeded || (await this.#page());
      if (isOver) this.#start = '-';
      this.#schedule(isOver ? this.#roundEndsAt - this.#now : this.#step);
    } catch (error) {
      this.#lease.report(error);
      if (isWithoutXclaim(error)) this.#forbidden(error);
      else if (isPassing(error)) this.#schedule(AGAIN_MS);
      else if (onError === this.#onError) onError(error);
    }
  }

  /** A user that was given its rights before this was needed. Among consumers of ours nothing is lost by it. */
  #forbidden(error: unknown): void {
    this.#isForbidden = true;
    this.#start = '-';
    this.#kernel.logger.warn(
      { error: redact(messageOf(error)) },
      'idle times cannot be set back (XCLAIM is not permitted): a Go consumer of v0.4 that starts may take what is held',
    );
    this.#schedule(ROUND_MS);
  }

  /** Until the next page: spread over what is left of the round. What an outage has delayed is made up for at once. */
  get #step(): number {
    const pages = Math.ceil((this.#ownerships.size - this.#seen) / PAGE);
    return (this.#roundEndsAt - this.#now) / Math.max(1, pages + 1);
  }

  /** Resolves with whether it was the last one. */
  async #page(): Promise<boolean> {
    const { last, gone } = await this.#kernel.lease.touch(this.#start, PAGE, FROM_MS);
    if (gone.length > 0) this.#hooks.vanished(gone);
    this.#seen += PAGE;
    if (last !== undefined) this.#start = nextEntryId(last);
    return last === undefined;
  }
}
