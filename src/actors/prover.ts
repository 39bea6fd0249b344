/**
 * Marks streams as proven: in our hands for `provenAfterMs`. What they have to their account is over then, so that owners that die once a day
 * dead-letter nothing. Only streams that have something to their account are marked, all that have become due in one go, half a heartbeat after
 * they have at the latest. A fleet in which nobody dies writes no marks.
 */
import type { Timer } from '../core/clock.js';
import { compareEntryIds } from '../core/entry-id.js';
import { PROVEN } from '../redis/marks.js';
import { isPassing } from '../redis/reply-errors.js';
import type { Kernel } from './kernel.js';
import type { Lease } from './lease.js';
import type { Ownership } from './ownership.js';
import type { Ownerships } from './ownerships.js';

/** Keeps the script below 2 ms. */
const BATCH = 200;

export interface ProverHooks {
  /** These were pending for us, and are not any more: somebody else has deleted their payload. */
  vanished(ids: readonly string[]): void;
}

export class Prover {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #hooks: ProverHooks;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(kernel: Kernel, lease: Lease, ownerships: Ownerships, hooks: ProverHooks) {
    this.#hooks = hooks;
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
      await this.#markDue();
    } catch (error) {
      this.#lease.report(error);
      if (!isPassing(error) && !this.#isStopped) {
        onError(error);
        return;
      }
    }
    this.#schedule(onError);
  }

  async #markDue(): Promise<void> {
    if (!this.#lease.isConfirmed) return;
    const due = this.#due();
    for (let at = 0; at < due.length; at += BATCH) {
      const batch = due.slice(at, at + BATCH).filter(({ hasEnded }) => !hasEnded);
      if (batch.length > 0) await this.#mark(batch);
    }
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
    return due.sort((a, b) => compareEntryIds(a.id, b.id));
  }

  async #mark(batch: readonly Ownership[]): Promise<void> {
    for (const ownership of batch) ownership.isProven = true;
    let gone: readonly string[];
    try {
      gone = await this.#kernel.lease.mark(
        batch.map(({ id }) => id),
        PROVEN,
      );
    } catch (error) {
      for (const ownership of batch) ownership.isProven = false;
      throw error;
    }
    for (const ownership of batch) this.#ownerships.proven(ownership);
    if (gone.length > 0) this.#hooks.vanished(gone);
  }
}
