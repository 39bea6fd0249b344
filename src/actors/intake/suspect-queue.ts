/**
 * Suspects that have been read and are not begun yet, and which of them are begun next. Pure: it reads no clock.
 *
 * The order: short windows before long ones, since whoever is to blame has killed within one; and few before many, since the few are what is left
 * of a group that an owner has died of. Where nobody knows how many, a quarter of those that are there.
 *
 * Who is begun by itself is not alone for that, which would convict it:
 *
 *   1. a and b are suspects. a is begun, and outlives its window. b is begun.   2. The process dies: of b, or of a, which takes a little longer.
 *   So b counts as one of two, and comes first next time. What dies of it then dies of b; otherwise the window of a is longer by now.
 */
import { compareEntryIds } from '../../core/entry-id.js';
import type { RawEntry } from '../../redis/entry.js';
import type { Trial } from '../../redis/marks.js';

export interface Suspect {
  readonly entry: RawEntry;
  readonly trial: Trial;
  /** Since when it is in our hands, on the monotonic clock. */
  readonly since: number;
}

/** Suspects that are begun together. */
export interface SuspectGroup {
  readonly suspects: readonly Suspect[];
  /** As what they are begun. */
  readonly trial: Trial;
}

/** What one that is begun by itself counts as, while others may be to blame. */
const ONE_OF = 2;

/** Those of whom nobody knows how many belong together come last. */
function rank({ among }: Trial): number {
  return among === 0 ? Number.POSITIVE_INFINITY : among;
}

function compare(a: Suspect, b: Suspect): number {
  const few = rank(a.trial) === rank(b.trial) ? 0 : rank(a.trial) - rank(b.trial);
  return a.trial.window - b.trial.window || few || compareEntryIds(a.entry.id, b.entry.id);
}

export class SuspectQueue {
  readonly #byId = new Map<string, Suspect>();
  /** A quarter of the most that were there together, of those of whom nobody knows how many belong together: also when they go back, and come again. */
  #quarter = { window: 0, size: 0 };

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  add(suspect: Suspect): void {
    this.#byId.set(suspect.entry.id, suspect);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  /** Forgets all of them, and how many there were. */
  clear(): void {
    this.#byId.clear();
    this.#quarter = { window: 0, size: 0 };
  }

  /** Those that have been in our hands since then, or for longer. */
  heldSince(moment: number): Suspect[] {
    return [...this.#byId.values()].filter(({ since }) => since <= moment);
  }

  ids(): string[] {
    return [...this.#byId.keys()];
  }

  /**
   * Who is begun next; undefined: there is nobody. They stay in the queue.
   *
   * @param areOthersBegun suspects have been begun before, and are neither proven nor gone
   */
  next(areOthersBegun: boolean): SuspectGroup | undefined {
    const all = [...this.#byId.values()].sort(compare);
    const [first] = all;
    if (first === undefined) return undefined;
    const { window, among } = first.trial;
    const alike = all.filter(({ trial }) => trial.window === window && among > 0 === trial.among > 0);
    const most = among > 0 ? among : this.#quarterOf(window, alike.length);
    const suspects = alike.slice(0, most);
    const isSingledOut = among === 1 || (all.length === 1 && !areOthersBegun);
    const least = isSingledOut ? 1 : ONE_OF;
    return { suspects, trial: { window, among: Math.max(least, suspects.length) } };
  }

  #quarterOf(window: number, count: number): number {
    const before = this.#quarter.window === window ? this.#quarter.size : 0;
    const size = Math.max(before, Math.ceil(count / 4));
    this.#quarter = { window, size };
    return size;
  }
}
