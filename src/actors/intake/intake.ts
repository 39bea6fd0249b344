/** Reads the load balancer stream, in turns. Runs the intake machine, which says when; it is told of what stands in the way, and what came of each turn. */
import { type Actor, fromPromise } from 'xstate';
import type { Bell } from '../../core/bell.js';
import { messageOf, StreamwardenError } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { factOf } from '../../machines/facts.js';
import {
  intakeMachine,
  type Outlook,
  type ReadFailure,
  type ReadOutput,
} from '../../machines/intake.machine.js';
import { isElsewhere, isPassing, mayHaveExecuted, replyOf } from '../../redis/reply-errors.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import { recreateGroup } from '../lease/verifier.js';
import type { Ownerships } from '../ownerships.js';
import type { Acquirer } from './acquirer.js';
import { ACQUIRE_BATCH } from './assigner.js';
import { FairShare } from './fair-share.js';
import { Reader } from './reader.js';
import { Turns } from './turns.js';

/** So many entries may wait for their names where the capacity is smaller: few streams are owned, and yet nothing is held up. */
const MAX_WAITING = 1000;
/** So many ids of entries are told of. */
const MOST_NAMED = 20;

export interface OwnLoad {
  /** What this process says of its load; null: streams are counted. */
  load(): number | null;
  /** How many of its streams are on their way to others. */
  leaving(): number;
}

export interface IntakeEnd {
  /** Anything unexpected, for the supervisor. */
  failed(error: unknown): void;
  /** Reading failed too often in a row. @param error `ReadRetriesExhausted` */
  gaveUp(error: StreamwardenError): void;
}

function isSame(a: Outlook, b: Outlook): boolean {
  return (
    a.turn === b.turn &&
    a.hasRoom === b.hasRoom &&
    a.isConfirmed === b.isConfirmed &&
    a.isPaused === b.isPaused &&
    a.isReaderUp === b.isReaderUp
  );
}

export class Intake {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #acquirer: Acquirer;
  readonly #share: FairShare;
  readonly #reader: Reader;
  readonly #turns: Turns;
  readonly #machine;
  /** Rings when something that reading waits for may have changed. */
  readonly bell: Bell;
  #actor: Actor<typeof intakeMachine> | undefined;
  #capacity: number;
  #isPaused = false;
  #isStopping = false;
  #over: Promise<void> | undefined;
  /** The read under way, and what is done with its answer. */
  #turn: Promise<void> | undefined;
  /** What reading is to fail with at its next turn. */
  #fault: { readonly error: unknown } | undefined;
  /** What the last turn failed with. */
  #thrown: unknown;
  #runs = 0;
  #problem: { readonly what: string; readonly isPassing: boolean } | null = null;
  /** As the machine was told last. */
  #outlook: Outlook | undefined;
  #isWatching = false;
  constructor(
    kernel: Kernel,
    lease: Lease,
    ownerships: Ownerships,
    acquirer: Acquirer,
    { load, leaving }: OwnLoad,
  ) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#acquirer = acquirer;
    this.#capacity = kernel.settings.capacity;
    this.#share = new FairShare(kernel, load, () => ownerships.owned + acquirer.heldBack - leaving());
    this.#reader = new Reader(kernel, () => this.#readerAnswered());
    this.#turns = new Turns(kernel, acquirer, this.#share, this.#reader, {
      room: () => this.room,
      mayRead: () => this.#mayRead,
    });
    this.bell = ownerships.changed;
    this.#machine = intakeMachine.provide({
      actors: { read: fromPromise<ReadOutput, { turn: Outlook['turn'] }>(() => this.#takeTurn()) },
      actions: {
        watch: () => void this.#watch(),
        tellFailure: (_, { error }) => kernel.seam.emit('readFailed', { error: error.code }),
        verify: (_, { why }) => lease.verify(why),
        report: (_, { doing }) => {
          if (doing !== 'adopt') throw this.#thrown;
          this.#failed(this.#fault?.error);
          throw this.#fault?.error;
        },
      },
    });
    kernel.ended.addEventListener('abort', () => this.#requestStop());
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Lowers or restores how many streams are owned at most. What is owned already stays. */
  set capacity(capacity: number) {
    const isLower = capacity < this.#capacity;
    this.#capacity = capacity;
    // A parked read asks for as much as there was room for before.
    if (isLower) void this.#unpark();
    else this.bell.ring();
  }

  /** Why the last read failed; null: it did not, or none has been tried yet. */
  get problem(): string | null {
    return this.#problem?.what ?? null;
  }

  /** Id of an entry up to which everything had been given out when that was asked last; '': it is not known. */
  get givenOut(): string {
    return this.#share.givenOut;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Reads until it is stopped or the incarnation ends. */
  start({ failed, gaveUp }: IntakeEnd): { stop(): void } {
    this.#runs += 1;
    // What was read when it failed is still pending for us: adopt it.
    if (this.#runs > 1 || this.#fault) this.#lease.verify('intake started again');
    this.#fault = undefined;
    if (this.#hasEnded) return { stop() {} };
    this.#over = new Promise((resolve) => {
      this.#outlook = this.#look();
      const actor = startActor(this.#kernel, this.#machine, {
        path: 'consumer/intake',
        input: {
          retry: this.#kernel.settings.readRetry,
          outlook: this.#outlook,
          failures: this.#actor?.getSnapshot().context.failures ?? 0,
        },
        onError: (error) => {
          resolve();
          failed(error);
        },
        onDone: () => {
          resolve();
          if (actor.getSnapshot().value === 'gaveUp') gaveUp(this.#exhausted());
        },
      });
      this.#actor = actor;
    });
    const actor = this.#actor;
    return { stop: () => actor?.stop() };
  }

  #exhausted(): StreamwardenError {
    const failures = this.#actor?.getSnapshot().context.failures ?? 0;
    return new StreamwardenError(
      'ReadRetriesExhausted',
      `reading failed ${failures} times in a row: ${messageOf(this.#thrown)}`,
      { cause: this.#thrown, details: { failures } },
    );
  }

  /** Entries that were delivered could not be adopted, and that was no outage: reading fails with this error. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    this.#actor?.send({ type: 'adopting.failed', error: factOf(error) });
    void this.#unpark();
  }

  /** Ends the parked read without losing what it may just be answered with. Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#requestStop();
    await this.#unpark();
    await this.#over;
  }

  #requestStop(): void {
    this.#isStopping = true;
    this.#actor?.send({ type: 'stop.requested' });
    this.bell.ring();
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#unpark();
  }

  resume(): void {
    this.#isPaused = false;
    this.bell.ring();
  }

  /** A heartbeat has been answered: it has brought what the last round of balancing found. */
  beat(): void {
    this.#share.beat();
    this.#turns.beat();
    if (this.#actor?.getSnapshot().matches({ waiting: 'standingBack' })) {
      if (this.#turns.isDue) this.bell.ring();
    }
    // Who has most room is served first: whoever came to have more than the others waits there no longer.
    else if (this.#reader.isParked && !this.#share.mayPark(this.#kernel.taking.mayLook)) void this.#unpark();
  }

  /** Whether streams can come to this process. */
  get isOpen(): boolean {
    return !this.#isPaused && this.room > 0 && this.#problem === null;
  }

  /** How many streams fewer are owned than there may be. */
  get roomLeft(): number {
    return this.#capacity - this.#ownerships.owned - this.#acquirer.heldBack;
  }

  /** How many streams may be read now. */
  get room(): number {
    const { waiting } = this.#ownerships;
    const { heldBack } = this.#acquirer;
    return Math.min(
      this.roomLeft,
      // Waiters take no capacity, but they take memory: their number is bounded as well.
      Math.max(this.#capacity, MAX_WAITING) - waiting.size,
      this.#kernel.application.room - heldBack,
      ACQUIRE_BATCH,
    );
  }

  /** Heartbeats, or answers to reads, do not arrive in time: less is asked for at a time. */
  slowDown(): void {
    this.#reader.slowDown();
  }

  /** Entries were given up without an owner. */
  givenUp(why: string, ids: readonly string[]): void {
    this.#actor?.send({ type: 'entries.givenUp', why, count: ids.length, ids: ids.slice(0, MOST_NAMED) });
  }

  /** Streams of which owners may have died have been begun, or have outlived that. */
  suspects(what: 'begun' | 'outlived', ids: readonly string[]): void {
    this.#actor?.send({ type: `suspects.${what}`, count: ids.length, ids: ids.slice(0, MOST_NAMED) });
  }

  get #hasEnded(): boolean {
    return this.#isStopping || this.#kernel.ended.aborted;
  }

  /** What stands in the way of reading now. */
  #look(): Outlook {
    const mayPark = this.#share.mayPark(this.#kernel.taking.mayLook);
    return {
      isPaused: this.#isPaused,
      hasRoom: this.room > 0,
      isReaderUp: this.#kernel.connections.reader.isUp,
      isConfirmed: this.#lease.isConfirmed,
      turn: mayPark && !this.#share.isToAsk ? 'park' : mayPark || this.#turns.isDue ? 'ask' : 'none',
    };
  }

  #tell(): void {
    const outlook = this.#look();
    if (this.#outlook !== undefined && isSame(outlook, this.#outlook)) return;
    this.#outlook = outlook;
    this.#actor?.send({ type: 'outlook.changed', outlook });
  }

  /** For as long as nothing is read. */
  async #watch(): Promise<void> {
    // It may have changed since the machine was told.
    this.#tell();
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (;;) {
      await this.bell.rung();
      const snapshot = this.#actor?.getSnapshot();
      if (snapshot?.status !== 'active' || !(snapshot.matches('waiting') || snapshot.matches('recovering')))
        break;
      this.#tell();
    }
    this.#isWatching = false;
  }

  #readerAnswered(): void {
    if (!this.#problem?.isPassing) return;
    this.#problem = null;
    this.#actor?.send({ type: 'reader.answered' });
  }

  async #takeTurn(): Promise<ReadOutput> {
    const { isPaused, hasRoom, isReaderUp, isConfirmed, turn } = this.#look();
    this.#turns.read = { entries: 0, owned: 0 };
    // What the machine went by is of a moment ago.
    const isDeferred = isPaused || !hasRoom || (isReaderUp && (!isConfirmed || turn === 'none'));
    if (isDeferred || this.#hasEnded) return this.#outputOf(null, true);
    const reading = this.#readOnce(turn === 'park');
    this.#turn = reading.then(
      () => {},
      () => {},
    );
    return await reading;
  }

  async #readOnce(waits: boolean): Promise<ReadOutput> {
    try {
      await this.#turns.take(waits);
    } catch (error) {
      return await this.#failureOf(error);
    }
    this.#problem = null;
    return this.#outputOf(null);
  }

  #outputOf(failure: ReadFailure | null, isDeferred = false): ReadOutput {
    this.#outlook = this.#look();
    return { outlook: this.#outlook, ...this.#turns.read, failure, isDeferred };
  }

  get #mayRead(): boolean {
    return (
      !this.#hasEnded &&
      !this.#isPaused &&
      this.#fault === undefined &&
      this.room > 0 &&
      this.#lease.isConfirmed
    );
  }

  async #failureOf(error: unknown): Promise<ReadOutput> {
    this.#thrown = error;
    const isEnded = replyOf(error) === 'UNBLOCKED';
    // That a read was ended by us, or is another server's, is no failure.
    if (!isEnded && !isElsewhere(error)) this.#failed(error);
    if (!isPassing(error)) return this.#outputOf(this.#failure(error, 'lasting'));
    // It may be the size that kept the answer from arriving: what was in it is adopted, in pages of bytes.
    if (mayHaveExecuted(error)) this.slowDown();
    if (replyOf(error) === 'NOGROUP') await this.#recreateGroup();
    if (isEnded) return this.#outputOf(this.#failure(error, 'ended'));
    // That another server is to be asked is no failure: the connection follows, and a slot on its way arrives.
    const kind = isElsewhere(error) ? 'elsewhere' : 'passing';
    return this.#outputOf({ ...this.#failure(error, kind), chance: this.#kernel.clock.random() });
  }

  #failure(error: unknown, kind: ReadFailure['kind']): ReadFailure {
    return { error: factOf(error), kind, wasUp: this.#kernel.connections.reader.isUp, chance: 1 };
  }

  #failed(error: unknown): void {
    const { code, message } = factOf(error);
    this.#problem = { what: `${code}: ${redact(message)}`, isPassing: isPassing(error) };
    this.#reader.forget();
  }

  async #recreateGroup(): Promise<void> {
    try {
      await recreateGroup(this.#kernel);
      this.#lease.groupGone();
    } catch (error) {
      // The next read meets the same, and comes here again.
      if (isPassing(error)) return;
      this.#thrown = error;
      throw error;
    }
  }

  async #unpark(): Promise<void> {
    this.bell.ring();
    if (this.#turn !== undefined) await this.#reader.unpark(this.#turn);
  }
}
