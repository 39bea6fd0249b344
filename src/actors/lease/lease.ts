/**
 * The lease of this incarnation, as the other actors need it: is it certain, until when, and tell me when it is confirmed. Runs
 * the lease keeper machine and does its I/O; and, apart from it, the lease deadline machine, which has none.
 */
import type { Actor } from 'xstate';
import { fromPromise } from 'xstate';
import { Bell } from '../../core/bell.js';
import type { Timer } from '../../core/clock.js';
import { isStreamwardenError, StreamwardenError } from '../../core/errors.js';
import { soon } from '../../core/microtask.js';
import type { HeartbeatBoard, Moment } from '../../heartbeat/board.js';
import { factOf } from '../../machines/facts.js';
import { leaseDeadlineMachine } from '../../machines/lease-deadline.machine.js';
import {
  leaseKeeperMachine,
  type RaiseOutput,
  type RefreshOutput,
} from '../../machines/lease-keeper.machine.js';
import type { VerifyOutput } from '../../machines/standing.js';
import { isPassing } from '../../redis/reply-errors.js';
import { type Host, startActor } from '../host.js';
import type { Kernel } from '../kernel.js';

/** What a comparison of what is held with what is pending for us has found. */
export type Verified = Omit<VerifyOutput, 'isStanding'>;

export interface LeaseHooks {
  /** What this process says of itself, with each beat. */
  saying(): string;
  /** Id of an entry up to which everything has been given out; '': it is not known. */
  givenOut(): string;
  /** Compares what is held with what is pending for us. */
  verifyAll(signal: AbortSignal, wasGroupGone: boolean): Promise<Verified>;
  /** A beat went unanswered, or Redis refused it; it is tried again. */
  beatFailed(error: unknown): void;
  /** A beat found presence, and prolonged it. */
  beat(): void;
  /** The deadline has passed without a beat. */
  missed(): void;
  /** All that is held has been verified. */
  confirmed(): void;
  /** Beats succeed again, and everyone may have missed some: our presence had lapsed, or may have, or our beats had failed for long. */
  outageSeen(why: string): void;
}

/** Over by either clock. */
const NOTHING_STANDS: Moment = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

/** Whichever is later on the monotonic clock. */
function later(one: Moment | undefined, other: Moment | undefined): Moment | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.monotonic > one.monotonic ? other : one;
}

export class Lease {
  readonly #kernel: Kernel;
  readonly #hooks: LeaseHooks;
  readonly #machine;
  readonly #deadlineMachine;
  readonly #confirmedBell = new Bell();
  #actor: Actor<typeof leaseKeeperMachine> | undefined;
  #deadline: Actor<typeof leaseDeadlineMachine> | undefined;
  /** Until when presence stands by the latest beat. What was ours before it may have been taken. */
  #standing: Moment | undefined;
  /** When a beat was answered last, on the monotonic clock. */
  #answeredAt = 0;
  /** A beat has failed since then. */
  #hasFailed = false;
  /** Presence was found lapsed, and the keeper has not been told by a raise since: one of which the answer was lost may have written it again. */
  #hasLapsed = false;
  /** Until when everything held is ours for certain, by the beats of this thread. */
  #until: Moment | undefined;
  /** What is known of the beats of the heartbeat thread; undefined: there is none. */
  readonly #board: HeartbeatBoard | undefined;
  /** The generation under which presence stands, as far as this thread knows; 0: under none. */
  #raised = 0;
  /** How often the heartbeat thread has kept the lease past where this thread had let it run out. */
  #keeps = 0;
  #overdueMs = 0;
  /** The highest generation asked for, by whichever keeper. */
  #asked = 0;
  #wasGroupGone = false;
  /** Asks the clocks next, while there is no connection. */
  #glance: Timer | undefined;

  constructor(kernel: Kernel, hooks: LeaseHooks) {
    this.#kernel = kernel;
    this.#hooks = hooks;
    this.#board = kernel.heartbeatThread?.board;
    this.#machine = leaseKeeperMachine.provide({
      actors: {
        raise: fromPromise<RaiseOutput, { generation: number }>(({ input, signal }) =>
          this.#raise(input.generation, signal),
        ),
        refresh: fromPromise<RefreshOutput>(({ signal }) => this.#refresh(signal)),
        verifyAll: fromPromise<VerifyOutput>(({ signal }) => this.#verifyAll(signal)),
      },
      actions: {
        prove: () => this.#prove(),
        // Actions run before the new state can be seen, and whoever is told looks at it.
        tellConfirmed: () => soon(() => this.#tellConfirmed()),
        report: (_, { error }) => {
          // What time does not heal is a fault of ours: crash, so that the supervisor sees it.
          if (!isPassing(error)) throw error;
        },
      },
    });
    this.#deadlineMachine = leaseDeadlineMachine.provide({
      actions: { tellMissed: () => this.#tellMissed() },
    });
    kernel.ended.addEventListener('abort', () => {
      this.#stand(0);
      kernel.clock.clearTimeout(this.#glance);
      this.#confirmedBell.ring();
    });
  }

  /** Starts, or starts again, the actor that watches the deadline. It goes on with the lease that was proven before. */
  startDeadline(onError: (error: unknown) => void): { stop(): void } {
    const until = this.#certainUntil;
    const actor = startActor(this.#deadlineHost, this.#deadlineMachine, {
      path: 'consumer/leaseDeadline',
      input: until === undefined ? {} : { remainingMs: this.#left(until) },
      onError,
    });
    this.#deadline = actor;
    return { stop: () => actor.stop() };
  }

  /** Starts, or starts again, the keeper's actor. It reuses no number of the one before. */
  start(onError: (error: unknown) => void): { stop(): void } {
    const actor = startActor(this.#kernel, this.#machine, {
      path: 'consumer/leaseKeeper',
      input: { heartbeatMs: this.#kernel.settings.heartbeatMs, asked: this.#asked },
      onError,
    });
    this.#actor = actor;
    if (this.#kernel.commands.isUp) actor.send({ type: 'connection.up' });
    return { stop: () => actor.stop() };
  }

  connectionUp(): void {
    this.#kernel.clock.clearTimeout(this.#glance);
    this.#glance = undefined;
    this.#actor?.send({ type: 'connection.up' });
  }

  connectionDown(): void {
    this.#stand(0);
    this.#actor?.send({ type: 'connection.down' });
    // There are no beats now that would ask the wall clock, and the machine may sleep, or have slept.
    if (this.#glance === undefined) this.#askClocks();
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
    this.#deadline?.send({ type: 'deadline.passed' });
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

  /** How often the deadline has passed. */
  get misses(): number {
    return this.#deadline?.getSnapshot().context.misses ?? 0;
  }

  /** Presence is written and everything held has been verified since. A keeper that has failed says nothing any more. */
  get isConfirmed(): boolean {
    const { snapshot } = this;
    return (
      snapshot?.status === 'active' && snapshot.matches({ lease: { present: { assurance: 'confirmed' } } })
    );
  }

  /** Whether everything held is ours for certain: proven, and by neither clock over. */
  get isCertain(): boolean {
    return this.#isAhead(this.#certainUntil);
  }

  /**
   * Until when everything held is ours for certain: epoch milliseconds; 0 when it never was. Not ahead when it is over by the
   * monotonic clock: the wall clock may have been set back.
   */
  get validUntil(): number {
    const until = this.#certainUntil;
    if (until === undefined) return 0;
    const now = this.#now();
    return now.monotonic < until.monotonic ? until.wall : Math.min(until.wall, now.wall);
  }

  /** How often the heartbeat thread has kept the lease while this thread's own beats would have let it run out. */
  get keeps(): number {
    return this.#keeps;
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

  #isAhead(until: Moment | undefined): boolean {
    if (until === undefined) return false;
    const now = this.#now();
    return now.monotonic < until.monotonic && now.wall < until.wall;
  }

  #left(until: Moment): number {
    return Math.max(0, until.monotonic - this.#kernel.clock.monotonic());
  }

  /** Until when everything held is ours for certain, whichever thread has proven it. */
  get #certainUntil(): Moment | undefined {
    const until = this.#until;
    if (this.#board === undefined || until === undefined || !this.#isUndoubted) return until;
    return later(until, this.#kept);
  }

  /** No beat has been missed or found presence lapsed, or everything has been verified since. */
  get #isUndoubted(): boolean {
    return (
      (this.snapshot?.matches({ certainty: 'certain' }) ?? false) &&
      (this.#deadline?.getSnapshot().matches('certain') ?? false)
    );
  }

  /** Until when presence stands by the latest beat of either thread. */
  get #stands(): Moment | undefined {
    return later(this.#standing, this.#kept);
  }

  /** Until when presence stands by the latest beat of the heartbeat thread. */
  get #kept(): Moment | undefined {
    const sent = this.#board?.keptAt(this.#raised);
    return sent && this.#after(sent);
  }

  #after(sent: Moment): Moment {
    const { heartbeatMs } = this.#kernel.settings;
    return { monotonic: sent.monotonic + heartbeatMs, wall: sent.wall + heartbeatMs };
  }

  /** Presence stands under this generation now; 0: as far as this thread knows under none. */
  #stand(generation: number): void {
    this.#adoptKept();
    this.#raised = generation;
    if (generation === 0) this.#board?.unwant();
  }

  /** Takes what the heartbeat thread has proven for proven, also where that thread is not asked any more. */
  #adoptKept(): void {
    const kept = this.#kept;
    const standing = this.#standing;
    if (kept === undefined || standing === undefined || later(standing, kept) === standing) return;
    this.#until = this.#certainUntil;
    this.#standing = kept;
    if (this.#isAhead(standing)) return;
    const { clock, logger, seam, settings } = this.#kernel;
    const facts = { silentMs: Math.round(clock.monotonic() - standing.monotonic + settings.heartbeatMs) };
    this.#keeps += 1;
    logger.warn(facts, 'the event loop was blocked; the heartbeat thread has kept the lease');
    seam.emit('leaseKept', facts);
  }

  /** The timer of a deadline that a beat of the heartbeat thread has put off begins anew: timers run before whatever this thread would say of that. */
  get #deadlineHost(): Host {
    const { clock, seam } = this.#kernel;
    if (this.#board === undefined) return this.#kernel;
    const setTimer = (callback: () => void, ms: number) =>
      clock.setTimeout(() => {
        this.#adoptKept();
        const until = this.#until;
        if (until === undefined || !this.#isAhead(until)) callback();
        else this.#deadline?.send({ type: 'lease.proven', remainingMs: this.#left(until) });
      }, ms);
    return { seam, clock: { ...clock, setTimeout: setTimer } };
  }

  #tellMissed(): void {
    const now = this.#now();
    const until = this.#certainUntil ?? now;
    this.#overdueMs = Math.max(0, now.monotonic - until.monotonic, now.wall - until.wall);
    this.#actor?.send({ type: 'deadline.passed' });
    this.#hooks.missed();
  }

  /**
   * Presence stands until a heartbeat after the beat was sent: Redis executed it no earlier. Resolves with whether the answer is in
   * time. One that nobody waits for any more says nothing: what else it said would go unheard too.
   */
  #beat(sent: Moment, wasPresent: boolean, signal: AbortSignal): boolean {
    if (signal.aborted) return false;
    const { heartbeatMs } = this.#kernel.settings;
    const inTime = this.#isAhead(this.#stands);
    // Late by the wall clock, after a short sleep, while the deadline's timer still runs.
    if (!inTime) this.#tellIfOver();
    const isFirst = this.#standing === undefined;
    const isLong = this.#hasFailed && sent.monotonic - this.#answeredAt > (heartbeatMs * 5) / 8;
    this.#answeredAt = this.#kernel.clock.monotonic();
    this.#hasFailed = false;
    if (!isFirst && !wasPresent) this.#hooks.outageSeen('our own presence had lapsed');
    else if (!isFirst && !inTime) this.#hooks.outageSeen('our own lease had run out');
    else if (!isFirst && isLong) this.#hooks.outageSeen('our own heartbeats had failed');
    this.#standing = this.#after(sent);
    this.#board?.want(this.#raised, sent.monotonic);
    return inTime;
  }

  #prove(): void {
    const until = this.#stands;
    if (until === undefined) return;
    this.#until = until;
    this.#deadline?.send({ type: 'lease.proven', remainingMs: this.#left(until) });
  }

  /** The deadline's timer knows the monotonic clock only, which stands still while the machine sleeps. */
  #tellIfOver(): void {
    if (this.#until !== undefined && !this.isCertain) this.overdue();
  }

  /** Now, and every half heartbeat until there is a connection. */
  #askClocks(): void {
    this.#tellIfOver();
    const { clock, settings, ended } = this.#kernel;
    if (ended.aborted) return;
    this.#glance = clock.setTimeout(() => this.#askClocks(), settings.heartbeatMs / 2);
  }

  async #verifyAll(signal: AbortSignal): Promise<VerifyOutput> {
    const found = await this.#hooks.verifyAll(signal, this.#wasGroupGone);
    if (!signal.aborted) this.#wasGroupGone = false;
    return { ...found, isStanding: this.#isAhead(this.#stands) };
  }

  async #raise(generation: number, signal: AbortSignal): Promise<RaiseOutput> {
    this.#asked = Math.max(this.#asked, generation);
    this.#tellIfOver();
    const sent = this.#now();
    this.#board?.live(sent.monotonic);
    const result = await this.#answered(this.#kernel.lease.raise(generation));
    if (!result.raised) {
      return { outcome: 'standing', generation: result.standing, wasPresent: true, inTime: false };
    }
    const wasPresent = result.wasPresent && !this.#hasLapsed;
    // The first of all finds nothing that could have lapsed.
    if (!wasPresent && this.#standing !== undefined) this.#tellLapsed();
    if (!signal.aborted) {
      this.#hasLapsed = false;
      this.#stand(generation);
    }
    return { outcome: 'raised', generation, wasPresent, inTime: this.#beat(sent, wasPresent, signal) };
  }

  async #refresh(signal: AbortSignal): Promise<RefreshOutput> {
    this.#adoptKept();
    this.#tellIfOver();
    const { clock, seam } = this.#kernel;
    const sent = this.#now();
    this.#board?.live(sent.monotonic);
    const tell = (outcome: RefreshOutput['outcome'] | null, error: string | null) =>
      seam.emit('heartbeat', { outcome, error, tookMs: clock.monotonic() - sent.monotonic });
    try {
      const outcome = await this.#answered(
        this.#kernel.lease.refresh(this.#hooks.saying(), this.#hooks.givenOut()),
      );
      tell(outcome, null);
      if (outcome === 'lapsed') {
        this.#tellLapsed();
        // The next beat is the raise that writes presence again. Its answer may be lost, and a later one then finds presence.
        if (!signal.aborted) {
          this.#stand(0);
          this.#standing = NOTHING_STANDS;
        }
        return { outcome, inTime: false };
      }
      const inTime = this.#beat(sent, true, signal);
      this.#hooks.beat();
      return { outcome, inTime };
    } catch (error) {
      const isStale = isStreamwardenError(error, 'LeaseRefused');
      tell(isStale ? 'stale' : null, isStale ? null : factOf(error).code);
      if (isStale) return { outcome: 'stale', inTime: false };
      throw error;
    }
  }

  async #answered<T>(beat: Promise<T>): Promise<T> {
    try {
      return await beat;
    } catch (error) {
      if (!isStreamwardenError(error, 'LeaseRefused')) {
        this.#hasFailed = true;
        this.#hooks.beatFailed(error);
      }
      throw error;
    }
  }

  /** Once for each lapse, however often it is asked before presence is known to be there again. */
  #tellLapsed(): void {
    if (this.#hasLapsed) return;
    this.#hasLapsed = true;
    this.#kernel.seam.emit('leaseLapsed', { lapses: (this.snapshot?.context.lapses ?? 0) + 1 });
  }
}
