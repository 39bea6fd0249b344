/**
 * Hears of cancels: producers that cancelled a stream while it is ours. Every heartbeat says how often this incarnation was to hear of one. Only
 * where that has grown is it asked which streams they were, in a few commands for all. What goes unheard is found by the next heartbeat, and by
 * whoever takes the stream out of our hands.
 */
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { Kernel } from './kernel.js';
import type { Ownership } from './ownership.js';
import type { Ownerships } from './ownerships.js';

/** Keeps the command below 1 ms. */
const PAGE = 500;

export class CancelWatch {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #onCancelled: (ownership: Ownership) => void;
  /** Cancels in all that have been told of. */
  #told = 0;
  #isAsking = false;

  constructor(kernel: Kernel, ownerships: Ownerships, onCancelled: (ownership: Ownership) => void) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#onCancelled = onCancelled;
  }

  /** A heartbeat has been answered. */
  beat(): void {
    const heard = this.#kernel.lease.cancelsHeard();
    if (heard === this.#told || this.#isAsking) return;
    this.#isAsking = true;
    this.#ask()
      .then((isAll) => {
        if (isAll) this.#told = heard;
      })
      .catch((error: unknown) => {
        this.#kernel.logger.debug(
          { error: redact(messageOf(error)) },
          'cancels could not be asked for; asked again with the next heartbeat',
        );
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  /** Resolves with false where one is just being acquired: what is to become of it is known with the next heartbeat. */
  async #ask(): Promise<boolean> {
    // Those that wait for their name find out when they ask for it.
    const { waiting } = this.#ownerships;
    const own = [...this.#ownerships].filter((ownership) => !waiting.has(ownership));
    let isAll = true;
    for (let at = 0; at < own.length; at += PAGE) {
      const page = own.slice(at, at + PAGE).filter(({ hasEnded }) => !hasEnded);
      const marks = await this.#kernel.lease.cancelled(page.map(({ id }) => id));
      for (const [index, ownership] of page.entries()) {
        if (!marks[index] || ownership.hasEnded || ownership.isCancelled) continue;
        if (ownership.state === 'acquiring') isAll = false;
        else this.#onCancelled(ownership);
      }
    }
    return isAll;
  }
}
