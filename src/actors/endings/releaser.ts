/**
 * Gives single streams back while the runtime goes on: released by the application, or uncertain and to be stopped. The signal has been
 * aborted; the lease is kept while the handler returns, for as long as its grace lasts; then everyone may have the stream.
 */

import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Giver } from './giver.js';
import { handlerReturned } from './handler-grace.js';

export class Releaser {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  readonly #graceMs: number;
  readonly #onDelayed: (afterMs: number) => void;
  readonly #onFailure: (ownership: Ownership, error: unknown) => void;
  readonly #underWay = new Map<Ownership, Promise<void>>();

  constructor(
    kernel: Kernel,
    ownerships: Ownerships,
    giver: Giver,
    graceMs: number,
    onDelayed: (afterMs: number) => void,
    onFailure: (ownership: Ownership, error: unknown) => void,
  ) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#giver = giver;
    this.#graceMs = graceMs;
    this.#onDelayed = onDelayed;
    this.#onFailure = onFailure;
  }

  /**
   * Resolves when the stream has been given back, or has ended otherwise meanwhile. Asked twice, it is done once.
   * @param waits false: the handler itself asks, and cannot return before it is answered
   * @param afterMs everyone may have it only so many milliseconds later
   */
  release(ownership: Ownership, waits: boolean, afterMs = 0): Promise<void> {
    const underWay = this.#underWay.get(ownership);
    if (underWay !== undefined) return underWay;
    const release = this.#release(ownership, waits, afterMs).finally(() => this.#underWay.delete(ownership));
    this.#underWay.set(ownership, release);
    return release;
  }

  async #release(ownership: Ownership, waits: boolean, afterMs: number): Promise<void> {
    if (waits && this.#kernel.application.isBusy(ownership)) {
      await handlerReturned(this.#kernel, this.#ownerships, ownership, this.#graceMs);
    }
    // Finished by its handler after all, lost, or handed over by a stop.
    if (!ownership.isWorkedOn) return;
    ownership.send({ type: 'giveBack.requested', reason: afterMs > 0 ? 'delayed' : 'released' });
    try {
      await this.#giver.giveBack('handOver', [ownership], afterMs);
      if (afterMs > 0) this.#onDelayed(afterMs);
    } catch (error) {
      this.#onFailure(ownership, error);
      throw error;
    }
  }
}
