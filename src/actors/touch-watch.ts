/**
 * Hears of touches: producers that ensured a stream while it is ours. Every heartbeat says how many there have been of this incarnation's streams
 * in all. Only where that has grown is it asked which ones they were, in a few commands for all streams. What goes unheard is found by the next
 * heartbeat, and by `done` itself.
 */
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { Kernel } from './kernel.js';
import type { Ownership } from './ownership.js';
import type { Ownerships } from './ownerships.js';

/** Keeps the command below 1 ms. */
const PAGE = 500;

export class TouchWatch {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  /** Touches in all that have been told of. */
  #told = 0;
  #isAsking = false;
  /** Touches of streams that are, or were, owned. */
  heard = 0;

  constructor(kernel: Kernel, ownerships: Ownerships) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
  }

  /** A heartbeat has been answered. */
  beat(): void {
    const heard = this.#kernel.lease.touchesHeard();
    if (heard === this.#told || this.#isAsking) return;
    this.#isAsking = true;
    this.#ask()
      .then(() => {
        this.#told = heard;
      })
      .catch((error: unknown) => {
        this.#kernel.logger.debug(
          { error: redact(messageOf(error)) },
          'touches could not be asked for; asked again with the next heartbeat',
        );
      })
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #ask(): Promise<void> {
    // Those that are just being acquired as well: they may be ours in Redis already.
    const { waiting } = this.#ownerships;
    const own = [...this.#ownerships].filter((ownership) => !waiting.has(ownership));
    for (let at = 0; at < own.length; at += PAGE) {
      const page = own.slice(at, at + PAGE).filter(({ hasEnded }) => !hasEnded);
      const counts = await this.#kernel.lease.touches(page.map(({ id }) => id));
      for (const [index, ownership] of page.entries()) this.#note(ownership, counts[index] ?? 0);
    }
  }

  /** It was not finished, as it has been touched so often: it is worked on as before. */
  refused(ownership: Ownership, touches: number): void {
    this.#note(ownership, touches);
    // Whoever waits for it to end, or to be worked on.
    this.#ownerships.changed.ring();
  }

  /** @param touches how often it has been touched in all */
  #note(ownership: Ownership, touches: number): void {
    const count = touches - ownership.touches;
    if (count <= 0 || ownership.hasEnded) return;
    ownership.touches = touches;
    this.heard += count;
    this.#kernel.seam.emit('touched', { count });
    this.#kernel.application.touched(ownership);
  }
}
