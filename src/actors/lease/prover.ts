/**
 * Marks streams as proven: in our hands for `provenAfterMs`. What they have to their account is over then, so that owners that die once a day
 * dead-letter nothing. Only streams that have something to their account are marked, all that have become due in one go, half a heartbeat after
 * they have at the latest. A fleet in which nobody dies writes no marks.
 */
import type { Timer } from '../../core/clock.js';
import { PROVEN } from '../../redis/marks.js';
import { isPassing } from '../../redis/reply-errors.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Lease } from './lease.js';
import type { Marker } from './marker.js';

export class Prover {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #marker: Marker;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(kernel: Kernel, lease: Lease, ownerships: Ownerships, marker: Marker) {
    this.#marker = marker;
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
  }

  /** @param onError gets what no outage explains */
  start(onError: (error: unknown) => void): void {
    this.#isStopped = false;
    this.#schedule(onError);
  }

  stop(): void {
    this.#isStopped = true;
    this.#kernel.clock.clearTimeout(this.#timer);
  }

  #schedule(onError: (error: unknown) => void): void {
    if (this.#isStopped) return;
    const { clock, settings } = this.#kernel;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#turn(onError), settings.heartbeatMs / 2);
  }

  async #turn(onError: (error: unknown) => void): Promise<void> {
    try {
      if (this.#lease.isConfirmed) await this.#mark(this.#due());
    } catch (error) {
      if (!isPassing(error) && !this.#isStopped) {
        onError(error);
        return;
      }
    }
    this.#schedule(onError);
  }

  /** The first to have become ours comes first, so that no more is looked at than is due. */
  #due(): Ownership[] {
    const { clock, settings } = this.#kernel;
    const until = clock.monotonic() - settings.provenAfterMs;
    const due: Ownership[] = [];
    for (const ownership of this.#ownerships.toProve) {
      if (ownership.heldFrom > until) break;
      // One whose handler has thrown has proved nothing, and is on its way out.
      if (ownership.isWorkedOn && ownership.state !== 'backingOff') due.push(ownership);
    }
    return due;
  }

  /** Their owners have come further than those before: that proves them as well. Where Redis fails, time will. */
  async advanced(ownerships: readonly Ownership[]): Promise<void> {
    try {
      await this.#mark(ownerships);
    } catch {
      // The lease has been told, and what no outage explains the next turn meets too.
    }
  }

  async #mark(due: readonly Ownership[]): Promise<void> {
    // Before it is so: whoever marks them otherwise meanwhile would have the last word.
    for (const ownership of due) ownership.isProven = true;
    try {
      await this.#marker.mark(due, PROVEN);
    } catch (error) {
      for (const ownership of due) ownership.isProven = false;
      throw error;
    }
    for (const ownership of due) this.#ownerships.proven(ownership);
  }
}
