/** One process of a simulated world: its clocks, its standing still, its end. What runs in it is somebody else's business. */
import type { Clock, Timer } from '../core/clock.js';
import type { Chance } from './chance.js';
import { type Happening, ORDER, type Owner, type Timeline } from './timeline.js';

/** The wall clock of the world when it begins, epoch milliseconds. */
export const EPOCH = 1_800_000_000_000;

export interface ProcessSettings {
  readonly timeline: Timeline;
  readonly chance: Chance;
  /** How fast its clocks run: 1 is right, 1.0001 gains a tenth of a millisecond each second. */
  readonly rate: number;
  /** How far its wall clock is ahead when the world begins, in milliseconds. */
  readonly wallOffsetMs: number;
}

export class SimulatedProcess implements Owner {
  readonly clock: Clock;
  /** Its heartbeat thread: it goes on while the event loop is blocked, and stands still, and ends, with the process. */
  readonly thread: Owner;
  readonly threadClock: Clock;
  readonly #timeline: Timeline;
  readonly #rate: number;
  #wallOffsetMs: number;
  #frozenUntil = 0;
  #blockedUntil = 0;
  #sleptMs = 0;
  #asleepUntil = 0;
  #isGone = false;

  constructor({ timeline, chance, rate, wallOffsetMs }: ProcessSettings) {
    this.#timeline = timeline;
    this.#rate = rate;
    this.#wallOffsetMs = wallOffsetMs;
    const bytes = chance.fork('bytes');
    const clockOf = (owner: Owner): Clock => ({
      now: () => this.wallNow,
      monotonic: () => this.#local(timeline.now - this.#sleptMs),
      random: () => chance.next(),
      setTimeout: (callback, delayMs) =>
        timeline.after(this.#worldly(Number.isFinite(delayMs) ? delayMs : 0), ORDER.timer, owner, callback),
      clearTimeout: (timer: Timer) => {
        if (timer !== undefined) timeline.cancel(timer as Happening);
      },
      setImmediate: (callback) => void timeline.after(0, ORDER.immediate, owner, callback),
      randomBytes: (count) => bytes.bytes(count),
    });
    this.clock = clockOf(this);
    this.thread = this.#makeThread();
    this.threadClock = clockOf(this.thread);
  }

  #makeThread(): Owner {
    const isGone = () => this.#isGone;
    const stillUntil = () => this.#frozenUntil;
    const sleptMs = () => this.#sleptMs;
    return {
      get isGone() {
        return isGone();
      },
      get stillUntil() {
        return stillUntil();
      },
      get sleptMs() {
        return sleptMs();
      },
    };
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get stillUntil(): number {
    return Math.max(this.#frozenUntil, this.#blockedUntil);
  }

  get sleptMs(): number {
    return this.#sleptMs;
  }

  /** Neither timers nor replies are dealt with now. */
  get isStill(): boolean {
    return this.stillUntil > this.#timeline.now;
  }

  /** What its wall clock shows. */
  get wallNow(): number {
    return EPOCH + this.#wallOffsetMs + this.#local(this.#timeline.now);
  }

  /** Stands still for so long, as with SIGSTOP: clocks run on. */
  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#timeline.now + ms);
  }

  /** Its event loop stands still for so long, and its heartbeat thread goes on. */
  block(ms: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, this.#timeline.now + ms);
  }

  /** Stands still with its machine: the monotonic clock and all timers stand still too, and the wall clock jumps. */
  suspend(ms: number): void {
    this.freeze(ms);
    const until = this.#timeline.now + ms;
    // A machine that sleeps already only sleeps on.
    this.#sleptMs += Math.max(0, until - Math.max(this.#timeline.now, this.#asleepUntil));
    this.#asleepUntil = Math.max(this.#asleepUntil, until);
  }

  /** Sets its wall clock forward, or back. */
  stepWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#isGone = true;
  }

  /** What a span of the world is on its clocks. */
  #local(ms: number): number {
    return ms * this.#rate;
  }

  /** Node.js waits for a millisecond at least. */
  #worldly(ms: number): number {
    return Math.max(1, ms) / this.#rate;
  }
}
