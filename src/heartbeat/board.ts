/**
 * What the event loop and the heartbeat thread know of each other: a few numbers in memory that both see, so that neither waits for the other, and what
 * the thread has proven can be read by code that blocks the loop.
 *
 * Each number has one writer. The loop writes which generation may be prolonged, and when it last gave a sign of life; the thread writes until when it
 * has prolonged that generation.
 */

/** A moment on both clocks, in milliseconds: a machine that sleeps stops the monotonic one. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

const FIELDS = [
  /** The loop's: the generation that is to be kept; 0: none. */
  'wanted',
  /** The loop's: when its latest beat that was answered had been sent. */
  'beatAt',
  /** The loop's: when it last did anything about its lease. */
  'aliveAt',
  /** The thread's: the generation that the next two are about; 0: none yet. */
  'kept',
  /** The thread's: when its latest beat that was answered had been sent. */
  'keptAt',
  'keptAtWall',
  /** The thread's: how many of its beats were answered. */
  'beats',
  /** The thread's: how late the latest of them was sent. */
  'lateness',
] as const;

type Field = (typeof FIELDS)[number];

/** Microseconds. */
const PER_MS = 1000;

export class HeartbeatBoard {
  readonly memory: SharedArrayBuffer;
  readonly #cells: BigInt64Array;
  /** What has to be added to this side's monotonic clock for both to mean the same. */
  readonly #aheadMs: number;

  /**
   * @param memory of the other side; undefined: new memory
   * @param aheadMs by how much the monotonic clock that both sides share is ahead of this side's
   */
  constructor(memory?: SharedArrayBuffer, aheadMs = 0) {
    this.memory = memory ?? new SharedArrayBuffer(FIELDS.length * BigInt64Array.BYTES_PER_ELEMENT);
    this.#cells = new BigInt64Array(this.memory);
    this.#aheadMs = aheadMs;
  }

  // ---------------------------------------------------------------- the loop's side

  /** A beat of this generation, sent at that moment, was answered: presence stands, and is to be kept. */
  want(generation: number, sent: number): void {
    // The moment first: whoever reads a new generation with an old moment would only beat early.
    this.#set('beatAt', this.#shared(sent));
    this.#set('wanted', generation);
  }

  /** Nothing is to be kept: presence shall run out by itself. */
  unwant(): void {
    this.#set('wanted', 0);
  }

  /** The loop is not blocked. */
  live(now: number): void {
    this.#set('aliveAt', this.#shared(now));
  }

  /** When the thread's latest beat of this generation had been sent, of those that were answered; undefined: there is none. */
  keptAt(generation: number): Moment | undefined {
    if (generation === 0 || this.#get('kept') !== generation) return undefined;
    // They may be written meanwhile: one is of an earlier beat then, and each holds for its own clock. Of a later generation neither can be, as whoever asks
    // has not wanted one yet.
    return {
      monotonic: this.#get('keptAt') / PER_MS - this.#aheadMs,
      wall: this.#get('keptAtWall') / PER_MS,
    };
  }

  /** How many beats of the thread have been answered. */
  get beats(): number {
    return this.#get('beats');
  }

  /** How late the thread's latest beat was sent, in milliseconds. */
  get latenessMs(): number {
    return this.#get('lateness') / PER_MS;
  }

  // ---------------------------------------------------------------- the thread's side

  /** The generation that is to be kept; 0: none. */
  get wanted(): number {
    return this.#get('wanted');
  }

  /** When the latest beat of the generation that is wanted had been sent, by whomever, on this side's clock. */
  beatenAt(generation: number): number {
    return Math.max(
      this.#get('beatAt') / PER_MS - this.#aheadMs,
      this.keptAt(generation)?.monotonic ?? Number.NEGATIVE_INFINITY,
    );
  }

  /** When the loop last gave a sign of life, on this side's clock. */
  get aliveAt(): number {
    return this.#get('aliveAt') / PER_MS - this.#aheadMs;
  }

  /** A beat was answered: presence of this generation was there. */
  keep(generation: number, sent: Moment, latenessMs: number): void {
    this.#set('keptAt', this.#shared(sent.monotonic));
    this.#set('keptAtWall', sent.wall * PER_MS);
    this.#set('lateness', latenessMs * PER_MS);
    this.#set('beats', this.#get('beats') + 1);
    this.#set('kept', generation);
  }

  #shared(monotonic: number): number {
    return (monotonic + this.#aheadMs) * PER_MS;
  }

  #get(field: Field): number {
    return Number(Atomics.load(this.#cells, FIELDS.indexOf(field)));
  }

  #set(field: Field, value: number): void {
    Atomics.store(this.#cells, FIELDS.indexOf(field), BigInt(Math.round(value)));
  }
}
