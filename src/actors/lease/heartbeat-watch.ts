/**
 * Hears of what befell streams while they are ours. Every heartbeat says how often something has, of this incarnation's streams in all. Only where
 * that has grown is it asked which ones they were, in a few commands for all streams. What goes unheard is found by the next heartbeat, and by
 * whatever takes the stream out of our hands.
 */
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';

/** Keeps the command below 1 ms. */
const PAGE = 500;

export interface Watched<T> {
  /** For the log. */
  readonly what: string;
  /** How often in all, as the last heartbeat said. */
  count(): number;
  /** Asks Redis, of each entry in their order. */
  ask(ids: readonly string[]): Promise<readonly (T | undefined)[]>;
  /** Of one that may be ours: one that is just being acquired as well. False: it cannot be told yet, and is asked for again with the next heartbeat. */
  tell(ownership: Ownership, answer: T | undefined): boolean;
}

export class HeartbeatWatch<T> {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #watched: Watched<T>;
  /** The count of which everything has been told. */
  #told = 0;
  #isAsking = false;

  constructor(kernel: Kernel, ownerships: Ownerships, watched: Watched<T>) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#watched = watched;
  }

  /** A heartbeat has been answered. */
  beat(): void {
    const count = this.#watched.count();
    if (count === this.#told || this.#isAsking) return;
    this.#isAsking = true;
    this.#ask()
      .then((isAll) => {
        if (isAll) this.#told = count;
      })
      .catch((error: unknown) => {
        this.#kernel.logger.debug(
          { error: redact(messageOf(error)) },
          `${this.#watched.what} could not be asked for; asked again with the next heartbeat`,
        );
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  /** Resolves with whether all could be told. */
  async #ask(): Promise<boolean> {
    // Those that wait for their name find out when they ask for it.
    const { waiting } = this.#ownerships;
    const own = [...this.#ownerships].filter((ownership) => !waiting.has(ownership));
    let isAll = true;
    for (let at = 0; at < own.length; at += PAGE) {
      const page = own.slice(at, at + PAGE).filter(({ hasEnded }) => !hasEnded);
      const answers = await this.#watched.ask(page.map(({ id }) => id));
      for (const [index, ownership] of page.entries()) {
        if (!this.#watched.tell(ownership, answers[index])) isAll = false;
      }
    }
    return isAll;
  }
}
