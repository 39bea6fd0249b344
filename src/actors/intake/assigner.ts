/**
 * Turns parsed entries into streams that are this process's: takes their locks, has Redis record them, and hands them over to the application, which is done only
 * while the lease is certain.
 */
import { factOf } from '../../machines/facts.js';
import type { Acquired } from '../../redis/lease-store.js';
import { lengthOfLock, textBatches } from '../../redis/text-batches.js';
import { releaseLocks } from '../endings/release-locks.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Parking } from './parking.js';

/** Keeps the script below 5 ms. */
export const ACQUIRE_BATCH = 128;

export class Assigner {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #parking: Parking;
  readonly #isStopped: () => boolean;
  /** Verified while the lease was overdue: handed over when it is confirmed. */
  readonly #held: Ownership[] = [];
  acquired = 0;

  /** @param isStopped whether nothing becomes ours any more */
  constructor(
    kernel: Kernel,
    lease: Lease,
    ownerships: Ownerships,
    parking: Parking,
    isStopped: () => boolean,
  ) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#parking = parking;
    this.#isStopped = isStopped;
  }

  /** The lease has been confirmed: what waited for that is handed over. */
  handHeld(): void {
    if (this.#isStopped()) return;
    for (const ownership of this.#held.splice(0)) {
      if (ownership.state === 'acquired') this.#handWhenCertain(ownership);
    }
  }

  /** Names are as long as producers make them, and a heartbeat may be sent behind them. */
  async verifyAll(begun: readonly Ownership[]): Promise<number> {
    let count = 0;
    let done = 0;
    try {
      for (const batch of textBatches(begun, ACQUIRE_BATCH, lengthOfLock)) {
        if (this.#isStopped()) break;
        done += batch.length;
        count += await this.#verify(batch);
      }
    } finally {
      this.drop(begun.slice(done));
    }
    return count;
  }

  async #verify(begun: readonly Ownership[]): Promise<number> {
    const { clock, locks, lease, seam } = this.#kernel;
    const began = clock.monotonic();
    let isLocked: readonly boolean[];
    let results: readonly Acquired[];
    try {
      isLocked = await locks.take(begun.map(({ lockKey }) => lockKey));
      if (this.#isStopped()) {
        this.drop(begun);
        await releaseLocks(this.#kernel, begun);
        return 0;
      }
      const locked = begun.filter((_, index) => isLocked[index]);
      results = locked.length > 0 ? await lease.acquire(locked.map(({ id, name }) => ({ id, name }))) : [];
    } catch (error) {
      this.drop(begun);
      const tookMs = clock.monotonic() - began;
      seam.emit('acquireFailed', { count: begun.length, error: factOf(error).code, tookMs });
      this.#lease.report(error);
      throw error;
    }
    const tookMs = clock.monotonic() - began;
    let at = 0;
    let contended = 0;
    let lockHeld = 0;
    let parked = 0;
    let coalesced = 0;
    const owned: Ownership[] = [];
    const refused: Ownership[] = [];
    /** Ours, with a checkpoint that was too large for the answer. */
    const apart: Ownership[] = [];
    begun.forEach((ownership, index) => {
      if (!isLocked[index]) {
        // Somebody holds the lock of this very entry: a consumer of the Go client that has not let go. Wait for it.
        lockHeld += 1;
        this.#ownerships.contended(ownership);
        return;
      }
      const answer = results[at++] as Acquired;
      const { result } = answer;
      if (result === 'owned') {
        if (answer.overwrote) {
          const { name, id } = ownership;
          this.#kernel.logger.warn(
            { stream: name, id },
            'the owner record of a stream held no entry id; it was written anew',
          );
        }
        owned.push(ownership);
        ownership.checkpoint = answer.checkpoint;
        ownership.hasCheckpoint = answer.checkpoint !== undefined;
        this.#ownerships.verified(ownership);
        if (answer.checkpoint === '') apart.push(ownership);
        else this.#handWhenCertain(ownership);
      } else if (result === 'contended') {
        contended += 1;
        this.#ownerships.contended(ownership);
      } else {
        if (result === 'parked') parked += 1;
        if (result === 'coalesced') coalesced += 1;
        refused.push(ownership);
        ownership.send({ type: 'refused' });
      }
    });
    const count = owned.length;
    this.acquired += count;
    seam.emit('acquired', {
      count,
      entries: owned,
      contended,
      lockHeld,
      refused: refused.length - parked - coalesced,
      tookMs,
    });
    if (parked + coalesced > 0) this.setAside(parked, coalesced);
    if (refused.length > 0) await releaseLocks(this.#kernel, refused);
    if (apart.length > 0) await this.#handWithCheckpoints(apart);
    return count;
  }

  /** Nobody is given a stream without what is kept of it. Those whose it cannot be read are as if they had not been read. */
  async #handWithCheckpoints(owned: readonly Ownership[]): Promise<void> {
    try {
      const records = await this.#kernel.checkpoints.read(owned.map(({ name }) => name));
      owned.forEach((ownership, index) => {
        ownership.checkpoint = records[index] ?? undefined;
        this.#handWhenCertain(ownership);
      });
    } catch (error) {
      this.drop(owned);
      this.#lease.report(error);
      this.#lease.verify('checkpoints could not be read');
      throw error;
    }
  }

  /** As if they had not been read. */
  drop(begun: readonly Ownership[]): void {
    for (const ownership of begun) ownership.send({ type: 'refused' });
  }

  /** Entries have been parked, or finished for one that waits. */
  setAside(parked: number, coalesced: number): void {
    this.#parking.parked += parked;
    this.#parking.coalesced += coalesced;
    this.#kernel.seam.emit('parked', { count: parked, coalesced });
  }

  #handWhenCertain(ownership: Ownership): void {
    if (ownership.state === 'acquiring') ownership.send({ type: 'verified' });
    if (this.#isStopped()) return;
    if (this.#lease.isCertain) {
      this.#hand(ownership);
      return;
    }
    this.#held.push(ownership);
    // Should the next beat be answered before a timer has noticed, nothing would ever be confirmed.
    this.#lease.overdue();
  }

  #hand(ownership: Ownership): void {
    // First, so that a handler that fails before it returns meets a stream that can fail.
    ownership.send({ type: 'handed' });
    this.#kernel.application.added(ownership);
  }
}
