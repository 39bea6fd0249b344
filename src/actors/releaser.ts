/**
 * Gives single streams back while the runtime goes on: released by the application, or uncertain and to be stopped. The signal has been
 * aborted; the lease is kept while the handler returns, for as long as its grace lasts; then everyone may have the stream.
 */
import type { Giver } from './giver.js';
import type { Kernel } from './kernel.js';
import type { Ownership } from './ownership.js';
import type { Ownerships } from './ownerships.js';

export class Releaser {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  readonly #graceMs: number;
  readonly #onFailure: (ownership: Ownership, error: unknown) => void;
  readonly #underWay = new Map<Ownership, Promise<void>>();

  constructor(
    kernel: Kernel,
    ownerships: Ownerships,
    giver: Giver,
    graceMs: number,
    onFailure: (ownership: Ownership, error: unknown) => void,
  ) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#giver = giver;
    this.#graceMs = graceMs;
    this.#onFailure = onFailure;
  }

  /**
   * Resolves when the stream has been given back, or has ended otherwise meanwhile. Asked twice, it is done once.
   * @param waits false: the handler itself asks, and cannot return before it is answered
   */
  release(ownership: Ownership, waits: boolean): Promise<void> {
    const underWay = this.#underWay.get(ownership);
    if (underWay !== undefined) return underWay;
    const release = this.#release(ownership, waits).finally(() => this.#underWay.delete(ownership));
    this.#underWay.set(ownership, release);
    return release;
  }

  async #release(ownership: Ownership, waits: boolean): Promise<void> {
    if (waits && this.#kernel.application.isBusy(ownership)) await this.#handlerReturned(ownership);
    // Finished by its handler after all, lost, or handed over by a stop.
    if (!ownership.isWorkedOn) return;
    ownership.send({ type: 'giveBack.requested', reason: 'released' });
    try {
      await this.#giver.giveBack('handOver', [ownership]);
    } catch (error) {
      this.#onFailure(ownership, error);
      throw error;
    }
  }

  async #handlerReturned(ownership: Ownership): Promise<void> {
    const { application, clock, logger, ended } = this.#kernel;
    const { changed } = this.#ownerships;
    let isOver = false;
    const timer = clock.setTimeout(() => {
      isOver = true;
      changed.ring();
    }, this.#graceMs);
    while (application.isBusy(ownership) && ownership.isWorkedOn && !isOver && !ended.aborted)
      await changed.rung();
    clock.clearTimeout(timer);
    if (isOver && application.isBusy(ownership)) {
      logger.warn({ streams: [ownership.name], count: 1 }, 'handlers ignored their signal');
    }
  }
}
