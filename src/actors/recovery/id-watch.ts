/**
 * Notices that the ids of the load balancer stream are far ahead of the clock. Ids only grow: after an entry was added with an id of a later time,
 * every further one is at least as late, and after one with the largest id there is, nothing can be added any more; no requeue, no hand-over and
 * no announcement succeeds then. Told by the ids that are seen anyway, and by what Redis refuses.
 */
import { messageOf } from '../../core/errors.js';

/** No clock of a machine is thought to be wrong by more, in milliseconds. */
const FAR_MS = 3_600_000;
const EXHAUSTED = /exhausted the last possible ID|ID specified in XADD is equal or smaller/;

export class IdWatch {
  readonly #stream: string;
  readonly #now: () => number;
  #aheadMs = 0;
  #id = '';
  #isExhausted = false;

  /** @param now the wall clock, epoch milliseconds */
  constructor(stream: string, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  /** An id that the stream has, or had. */
  seen(id: string): void {
    const aheadMs = Number(id.slice(0, id.indexOf('-'))) - this.#now();
    if (aheadMs < FAR_MS) return;
    this.#aheadMs = aheadMs;
    this.#id = id;
  }

  /** An id that the stream has just given: the newest. */
  given(id: string): void {
    this.#isExhausted = false;
    this.#aheadMs = 0;
    this.seen(id);
  }

  /** Something could not be done. */
  failed(error: unknown): void {
    if (EXHAUSTED.test(messageOf(error))) this.#isExhausted = true;
  }

  /** In words; null: all is well. */
  get trouble(): string | null {
    if (this.#isExhausted) {
      return `nothing can be added to ${this.#stream} any more: an entry was added with the largest id there is; streamwarden doctor says what to do`;
    }
    if (this.#aheadMs === 0) return null;
    const hours = Math.round(this.#aheadMs / 3_600_000);
    return `the ids of ${this.#stream} are ${hours} hours ahead of the clock (${this.#id}): an entry was added with an id of a later time; streamwarden doctor says what to do`;
  }
}
