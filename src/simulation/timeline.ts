/**
 * What happens in a simulated world, one thing after the other. Between two of them everything that was promised is settled: promises and
 * microtasks run as they do in Node.js, where their order is a matter of the language and not of time.
 */
import { onNextTurn, systemClock } from '../core/clock.js';

/**
 * What is due at the same moment happens in this order, as in one turn of Node.js's event loop: timers, then what has arrived, then immediates.
 * The order shows when a process wakes that stood still: all that it missed is due at once.
 */
export const ORDER = { timer: 0, arrival: 1, immediate: 2, observer: 3 } as const;
export type Order = (typeof ORDER)[keyof typeof ORDER];

/** Whose code an event runs: it waits while the owner stands still, and never happens once the owner is gone. */
export interface Owner {
  readonly isGone: boolean;
  /** Stands still until this moment, in milliseconds of the world. */
  readonly stillUntil: number;
  /** How long its timers have stood still with its machine, in milliseconds. */
  readonly sleptMs: number;
}

export interface Happening {
  at: number;
  order: Order;
  /** When it was due: of what was held up, the earlier comes first. */
  readonly due: number;
  readonly seq: number;
  readonly owner: Owner | undefined;
  run: (() => void) | undefined;
  /** Of the owner's `sleptMs`, what is in `at` already. */
  slept: number;
}

function isBefore(a: Happening, b: Happening): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.order !== b.order) return a.order < b.order;
  return a.due !== b.due ? a.due < b.due : a.seq < b.seq;
}

/** Happenings that run in one go before control returns to the event loop of Node.js. */
const BATCH = 256;

export class Timeline {
  readonly #heap: Happening[] = [];
  readonly #onThrown: (error: unknown) => void;
  #now = 0;
  #seq = 0;
  #steps = 0;
  #isInTurn = false;
  /** Told when something is put on the timeline by what did not come from it. */
  onOutside: (() => void) | undefined;

  /** @param onThrown gets what a happening throws: nobody else would hear of it */
  constructor(onThrown: (error: unknown) => void) {
    this.#onThrown = onThrown;
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** How much has happened. */
  get steps(): number {
    return this.#steps;
  }

  /** What runs now is what happened, or follows from it. False: Node.js has looked at real sockets and timers since. */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  at(moment: number, order: Order, owner: Owner | undefined, run: () => void): Happening {
    if (!this.#isInTurn) this.onOutside?.();
    const at = Math.max(moment, this.#now);
    const happening = { at, order, due: at, seq: this.#seq++, owner, run, slept: owner?.sleptMs ?? 0 };
    this.#push(happening);
    return happening;
  }

  after(ms: number, order: Order, owner: Owner | undefined, run: () => void): Happening {
    return this.at(this.#now + ms, order, owner, run);
  }

  cancel(happening: Happening): void {
    happening.run = undefined;
  }

  /**
   * Lets things happen until a moment, in milliseconds of the world, which it then is.
   *
   * @param isOver looked at after each; true ends it there
   */
  run(until: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve) => {
      let isDone = false;
      const step = () => {
        if (isDone) return;
        this.#isInTurn = true;
        if (isOver() || !this.#step(until)) {
          isDone = true;
          resolve();
        }
      };
      // Node.js settles everything between two immediates, and polls only after the last: many at once cost a third of one by one.
      const batch = () => {
        for (let at = 0; at < BATCH; at += 1) onNextTurn(systemClock, step);
        onNextTurn(systemClock, () => {
          this.#isInTurn = false;
          if (!isDone) batch();
        });
      };
      batch();
    });
  }

  /** False when nothing is left to happen until then. */
  #step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until);
        return false;
      }
      this.#pop();
      if (next.run === undefined || this.#isHeldUp(next)) continue;
      this.#now = next.at;
      this.#steps += 1;
      const { run } = next;
      next.run = undefined;
      try {
        run();
      } catch (error) {
        this.#onThrown(error);
      }
      return true;
    }
  }

  /** Whether it does not happen now: never, because its owner is gone, or later. */
  #isHeldUp(next: Happening): boolean {
    const { owner } = next;
    if (owner === undefined) return false;
    if (owner.isGone) return true;
    if (next.order === ORDER.timer && owner.sleptMs > next.slept) {
      next.at += owner.sleptMs - next.slept;
      next.slept = owner.sleptMs;
      this.#push(next);
      return true;
    }
    if (owner.stillUntil > next.at) {
      next.at = owner.stillUntil;
      // Its time has come: should the machine fall asleep now, it is late already.
      next.slept = Number.POSITIVE_INFINITY;
      this.#push(next);
      return true;
    }
    return false;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Happening;
      if (!isBefore(happening, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = happening;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Happening;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1] as Happening, heap[child] as Happening)) child += 1;
      const below = heap[child] as Happening;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
