/**
 * The lease of this incarnation, as the other actors need it: is it certain, until when, and tell me when it is confirmed. Runs
 * the lease keeper machine and does its I/O.
 */
import type { Actor } from 'xstate';
import { fromPromise } from 'xstate';
import { Bell } from '../core/bell.js';
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import { factOf } from '../machines/facts.js';
import {
  leaseKeeperMachine,
  type RaiseOutput,
  type RefreshOutput,
  type VerifyOutput,
} from '../machines/lease-keeper.machine.js';
import { isPassing } from '../redis/reply-errors.js';
import { startActor } from './host.js';
import type { Kernel } from './kernel.js';

export interface LeaseHooks {
  /** Compares what is held with what is pending for us. */
  verifyAll(signal: AbortSignal, wasGroupGone: boolean): Promise<VerifyOutput>;
  /** A beat went unanswered, or Redis refused it; it is tried again. */
  beatFailed(): void;
  /** The deadline has passed without a beat. */
  missed(): void;
  /** All that is held has been verified. */
  confirmed(): void;
  /** Our presence had run out in Redis, and is written again. */
  lapsed(): void;
}

/** A moment on both clocks, since a machine that slept has a monotonic clock that slept as well. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export class Lease {
  readonly #kernel: Kernel;
  readonly #hooks: LeaseHooks;
  readonly #machine;
  readonly #confirmedBell = new Bell();
  #actor: Actor<typeof leaseKeeperMachine> | undefined;
  #until: Moment | undefined;
  #overdueMs = 0;
  /** The highest generation asked for, by whichever keeper. */
  #asked = 0;
  #wasGroupGone = false;

  constructor(kernel: Kernel, hooks: LeaseHooks) {
    this.#kernel = kernel;
    this.#hooks = hooks;
    this.#machine = leaseKeeperMachine.provide({
      actors: {
        raise: fromPromise<RaiseOutput, { generation: number }>(({ input }) => this.#raise(input.generation)),
        refresh: fromPromise<RefreshOutput>(() => this.#refresh()),
        verifyAll: fromPromise<VerifyOutput>(({ signal }) => this.#verifyAll(signal)),
      },
      actions: {
        tellMissed: () => {
          const now = this.#now();
          const until = this.#until ?? now;
          this.#overdueMs = Math.max(0, now.monotonic - until.monotonic, now.wall - until.wall);
          hooks.missed();
        },
        // Actions run before the new state can be seen, and whoever is told looks at it.
        tellConfirmed: () => queueMicrotask(() => this.#tellConfirmed()),
        report: (_, { error }) => {
          // What time does not heal is a fault of ours: crash, so that the supervisor sees it.
          if (!isPassing(error)) throw error;
        },
      },
    });
    kernel.ended.addEventListener('abort', () => this.#confirmedBell.ring());
  }

  /** Starts, or starts again, the keeper's actor. */
  start(onError: (error: unknown) => void): { stop(): void } {
    const actor = startActor(this.#kernel, this.#machine, {
      path: 'consumer/leaseKeeper',
      input: { heartbeatMs: this.#kernel.settings.heartbeatMs, ...this.#inherited },
      onError,
    });
    this.#actor = actor;
    if (this.#kernel.commands.isUp) actor.send({ type: 'connection.up' });
    return { stop: () => actor.stop() };
  }

  /** A keeper that is started again goes on watching the deadline of the one before, and reuses none of its numbers. */
  get #inherited(): { remainingMs?: number; asked: number } {
    const asked = this.#asked;
    if (this.#until === undefined) return { asked };
    return { asked, remainingMs: Math.max(1, this.#until.monotonic - this.#kernel.clock.monotonic()) };
  }

  connectionUp(): void {
    this.#actor?.send({ type: 'connection.up' });
  }

  connectionDown(): void {
    this.#actor?.send({ type: 'connection.down' });
  }

  /** Something may have been taken from us, or delivered to us unseen: look. */
  verify(why: string): void {
    this.#actor?.send({ type: 'verify.requested', why });
  }

  /** The group was missing and has been made again, by whomever: whatever was pending in the old one is nobody's. */
  groupGone(): void {
    this.#wasGroupGone = true;
    this.verify('the group was gone');
  }

  /** The clock says that the lease is over: the next beat is followed by a verification, and `confirmed`. */
  overdue(): void {
    this.#actor?.send({ type: 'deadline.passed' });
  }

  /** Passes on what an operation's failure says of the lease. */
  report(error: unknown): void {
    if (!isStreamwardenError(error, 'LeaseRefused')) return;
    if (error.details.reason === 'stale') {
      this.#actor?.send({ type: 'generation.stale', standing: Number(error.details.generation) });
    } else {
      this.#actor?.send({ type: 'presence.gone' });
    }
  }

  get snapshot() {
    return this.#actor?.getSnapshot();
  }

  /** Presence is written and everything held has been verified since. */
  get isConfirmed(): boolean {
    return this.snapshot?.matches({ lease: { present: { assurance: 'confirmed' } } }) ?? false;
  }

  /** Whether, by either clock, a heartbeat has not yet passed since the last successful beat was sent. */
  get isCertain(): boolean {
    if (this.#until === undefined) return false;
    const now = this.#now();
    return now.monotonic < this.#until.monotonic && now.wall < this.#until.wall;
  }

  /** Until when the lease holds for certain: epoch milliseconds; 0 when it never did. */
  get validUntil(): number {
    return this.#until?.wall ?? 0;
  }

  /** How far the deadline was past when that was last noticed, in milliseconds. */
  get overdueMs(): number {
    return this.#overdueMs;
  }

  /**
   * Resolves when the lease is confirmed: at once, if it is.
   * @throws StreamwardenError `RuntimeStopped` when the incarnation ends first
   */
  async confirmed(): Promise<void> {
    for (;;) {
      // Looked at first: a keeper that was stopped stays in the state it was stopped in.
      if (this.#kernel.ended.aborted)
        throw new StreamwardenError('RuntimeStopped', 'the runtime has stopped');
      if (this.isConfirmed) return;
      await this.#confirmedBell.rung();
    }
  }

  #tellConfirmed(): void {
    if (!this.isConfirmed) return;
    this.#hooks.confirmed();
    this.#confirmedBell.ring();
  }

  #now(): Moment {
    return { monotonic: this.#kernel.clock.monotonic(), wall: this.#kernel.clock.now() };
  }

  /** The lease counts from when the beat was sent: Redis executed it no earlier. */
  #beat(sent: Moment): number {
    const { heartbeatMs } = this.#kernel.settings;
    this.#until = { monotonic: sent.monotonic + heartbeatMs, wall: sent.wall + heartbeatMs };
    return Math.max(0, this.#until.monotonic - this.#kernel.clock.monotonic());
  }

  async #verifyAll(signal: AbortSignal): Promise<VerifyOutput> {
    const output = await this.#hooks.verifyAll(signal, this.#wasGroupGone);
    if (!signal.aborted) this.#wasGroupGone = false;
    return output;
  }

  async #raise(generation: number): Promise<RaiseOutput> {
    this.#asked = Math.max(this.#asked, generation);
    const sent = this.#now();
    const result = await this.#answered(this.#kernel.lease.raise(generation));
    if (!result.raised) {
      return { outcome: 'standing', generation: result.standing, wasPresent: true, remainingMs: 0 };
    }
    return { outcome: 'raised', generation, wasPresent: result.wasPresent, remainingMs: this.#beat(sent) };
  }

  async #refresh(): Promise<RefreshOutput> {
    // The deadline's timer knows the monotonic clock only, which stands still while the machine sleeps.
    if (this.#until !== undefined && !this.isCertain) this.overdue();
    const { clock, seam } = this.#kernel;
    const sent = this.#now();
    const tell = (outcome: RefreshOutput['outcome'] | null, error: string | null) =>
      seam.emit('heartbeat', { outcome, error, tookMs: clock.monotonic() - sent.monotonic });
    try {
      const outcome = await this.#answered(this.#kernel.lease.refresh());
      tell(outcome, null);
      if (outcome === 'lapsed') {
        seam.emit('leaseLapsed', { lapses: this.#lapses + 1 });
        this.#hooks.lapsed();
      }
      return { outcome, remainingMs: this.#beat(sent) };
    } catch (error) {
      const isStale = isStreamwardenError(error, 'LeaseRefused');
      tell(isStale ? 'stale' : null, isStale ? null : factOf(error).code);
      if (isStale) return { outcome: 'stale', remainingMs: 0 };
      throw error;
    }
  }

  async #answered<T>(beat: Promise<T>): Promise<T> {
    try {
      return await beat;
    } catch (error) {
      if (!isStreamwardenError(error, 'LeaseRefused')) this.#hooks.beatFailed();
      throw error;
    }
  }

  get #lapses(): number {
    return this.snapshot?.context.lapses ?? 0;
  }
}
