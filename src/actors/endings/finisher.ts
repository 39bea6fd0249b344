/** Finishes streams: acknowledge, delete, then release the lock. In batches, one at a time. */

import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError, StreamwardenError } from '../../core/errors.js';
import { soon } from '../../core/microtask.js';
import { batchEnd } from '../../redis/text-batches.js';
import type { Saver } from '../data/saver.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Touches } from '../lease/touches.js';
import type { Finish } from '../../redis/lease-store.js';
import type { Ownership } from '../ownership.js';
import { retrying } from '../retrying.js';
import { releaseLocks } from './release-locks.js';

/** Keeps the script below 5 ms. */
const BATCH = 200;

interface Request {
  readonly ownership: Ownership;
  /** Undefined: it is finished however often it has been touched. */
  readonly ifTouches: number | undefined;
  readonly wasUncertain: boolean;
  /** Its checkpoint stays. */
  readonly keeps: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function lengthOf({ ownership }: Request): number {
  return ownership.name.length;
}

/** As far as is known when it is sent. */
function finishOf({ ownership, ifTouches, keeps }: Request): Finish {
  const { id, name, touches, hasCheckpoint, progress } = ownership;
  const isClearing = hasCheckpoint && !keeps;
  return { id, name, ifTouches, isTouched: touches > 0, isClearing, leaving: progress?.removed };
}

export class Finisher {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #touches: Touches;
  readonly #saver: Saver;
  readonly #onFailure: (ownership: Ownership, error: unknown) => void;
  readonly #queue: Request[] = [];
  #isPumping = false;
  /** Calls whose outcome could not be found out. */
  unknownOutcomes = 0;
  finished = 0;

  /** @param onFailure what no outage explains: the stream, then in `acking`, cannot stay there */
  constructor(
    kernel: Kernel,
    lease: Lease,
    touches: Touches,
    saver: Saver,
    onFailure: (ownership: Ownership, error: unknown) => void,
  ) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#touches = touches;
    this.#saver = saver;
    this.#onFailure = onFailure;
  }

  /**
   * Resolves when the stream is finished in Redis and its lock is released.
   * @param ifTouches it is not finished where it has been touched more often
   * @param wasUncertain its lease was overdue when that was asked for
   * @param keeps its checkpoint stays, and what is unsaved of it is saved first
   * @throws StreamwardenError `StreamNotOwned`: it is somebody else's; `OutcomeUnknown`: no answer came, and it is not pending any more;
   * `StreamTouched`: it has been touched more often, and is owned still
   */
  async finish(ownership: Ownership, ifTouches?: number, wasUncertain = false, keeps = false): Promise<void> {
    if (keeps) await this.#saveFirst(ownership);
    await this.#finish({ ownership, ifTouches, wasUncertain, keeps });
  }

  async #saveFirst(ownership: Ownership): Promise<void> {
    try {
      await this.#saver.flush([ownership]);
    } catch (error) {
      // Where it is not ours any more, the answer to what follows says so as well.
      if (isStreamwardenError(error, 'StreamNotOwned')) return;
      this.#onFailure(ownership, error);
      throw error;
    }
  }

  #finish(request: Omit<Request, 'resolve' | 'reject'>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...request, resolve, reject });
      if (this.#isPumping) return;
      this.#isPumping = true;
      // Requests of the same turn of the loop share a batch.
      soon(() => void this.#pump());
    });
  }

  async #pump(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchEnd(this.#queue, 0, BATCH, lengthOf));
      batch.sort((a, b) => compareEntryIds(a.ownership.id, b.ownership.id));
      try {
        await this.#acknowledge(batch);
      } catch (error) {
        for (const { ownership, reject } of batch) {
          this.#onFailure(ownership, error);
          reject(error);
        }
      }
    }
    this.#isPumping = false;
  }

  async #acknowledge(batch: readonly Request[]): Promise<void> {
    const { clock, seam } = this.#kernel;
    const began = clock.monotonic();
    const { value: results, mayBeRepeat } = await retrying(this.#kernel, this.#lease, () =>
      this.#kernel.lease.done(batch.map(finishOf)),
    );
    const finished: Request[] = [];
    batch.forEach((request, index) => {
      const result = results[index];
      if (typeof result === 'number') this.#touched(request, result);
      else if (result) finished.push(request);
      else this.#refused(request, mayBeRepeat);
    });
    if (finished.length === 0) return;
    this.finished += finished.length;
    seam.emit('finished', { count: finished.length, tookMs: clock.monotonic() - began });
    // Not awaited: the next batch need not wait for locks, only these callers do.
    void this.#release(finished);
  }

  async #release(finished: readonly Request[]): Promise<void> {
    await releaseLocks(
      this.#kernel,
      finished.map(({ ownership }) => ownership),
    );
    for (const { ownership, resolve } of finished) {
      ownership.send({ type: 'acked', lockReleased: true });
      resolve();
    }
  }

  /** It is ours as before: Redis has just said so. */
  #touched({ ownership, ifTouches, wasUncertain, reject }: Request, touches: number): void {
    const { name, id } = ownership;
    ownership.send({ type: 'ack.refused', wasUncertain });
    if (!this.#lease.isCertain) {
      if (!wasUncertain) ownership.send({ type: 'lease.missed' });
      this.#lease.overdue();
    } else if (wasUncertain) {
      ownership.send({ type: 'lease.confirmed' });
    }
    this.#touches.refused(ownership, touches);
    const message = `${name} has been touched ${touches} times, and not ${ifTouches}: there may be more to do`;
    reject(
      new StreamwardenError('StreamTouched', message, { details: { stream: name, id, touches, ifTouches } }),
    );
  }

  #refused({ ownership, reject }: Request, mayBeRepeat: boolean): void {
    const { name, id } = ownership;
    const details = { stream: name, id };
    if (mayBeRepeat) {
      this.unknownOutcomes += 1;
      ownership.send({ type: 'ack.unknown' });
      reject(
        new StreamwardenError(
          'OutcomeUnknown',
          `no answer came to done(${name}), and it is not pending for this consumer any more: it was finished, or taken over`,
          { details },
        ),
      );
    } else {
      ownership.send({ type: 'lost', reason: 'takenOver' });
      reject(
        new StreamwardenError('StreamNotOwned', `${name} (${id}) is not owned by this consumer any more`, {
          details,
        }),
      );
    }
  }
}
