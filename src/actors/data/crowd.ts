/**
 * Quiet streams that are looked at together: who waits for ever, and has found nothing for a while, joins a crowd. It is asked for as one list, which stays the same
 * for as long as nobody comes or goes, so that a look costs next to nothing beside what Redis needs for it.
 */
import type { Timer } from '../../core/clock.js';

export class Crowd<M extends { readonly key: string }> {
  readonly #byKey = new Map<string, M>();
  #list: readonly M[] | undefined;
  /** Until its next look. */
  timer: Timer | undefined;
  /** When all of them were looked at last, on the monotonic clock. */
  lookedAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#byKey.size;
  }

  /** The same one until somebody comes or goes. */
  get list(): readonly M[] {
    this.#list ??= [...this.#byKey.values()];
    return this.#list;
  }

  /** One command names no key twice. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  join(member: M): void {
    this.#byKey.set(member.key, member);
    this.#list = undefined;
  }

  leave(member: M): void {
    this.#byKey.delete(member.key);
    this.#list = undefined;
  }
}
