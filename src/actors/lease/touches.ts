/** Touches of streams that are ours: producers ensured them meanwhile. Heard of by heartbeats, and by a `done` that is refused for one. */

import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import { HeartbeatWatch } from './heartbeat-watch.js';

export class Touches {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #watch: HeartbeatWatch<number>;
  /** Touches of streams that are, or were, owned. */
  heard = 0;

  constructor(kernel: Kernel, ownerships: Ownerships) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#watch = new HeartbeatWatch(kernel, ownerships, {
      what: 'touches',
      count: () => kernel.lease.touchesHeard(),
      ask: (ids) => kernel.lease.touches(ids),
      tell: (ownership, touches = 0) => {
        this.#note(ownership, touches);
        return true;
      },
    });
  }

  /** A heartbeat has been answered. */
  beat(): void {
    this.#watch.beat();
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
