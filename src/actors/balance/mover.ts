/** Hands streams over so that others have their share: which ones, and how. */
import type { Releaser } from '../endings/releaser.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';

export class Mover {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #releaser: Releaser;
  /** Streams that are on their way out. */
  readonly #leaving = new Set<Ownership>();

  constructor(kernel: Kernel, ownerships: Ownerships, releaser: Releaser) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#releaser = releaser;
  }

  /** How many streams are ours still, and on their way to others. */
  get leaving(): number {
    let count = 0;
    for (const { hasEnded } of this.#leaving) if (!hasEnded) count += 1;
    return count;
  }

  /** Resolves, with how many have gone, when all of them have, or have ended otherwise. */
  async move(count: number): Promise<number> {
    const chosen = this.#choose(count);
    if (chosen.length === 0) return 0;
    const { application, logger } = this.#kernel;
    logger.info({ count: chosen.length }, 'streams are handed over so that others have their share');
    for (const ownership of chosen) {
      this.#leaving.add(ownership);
      application.moving(ownership);
    }
    try {
      await this.#releaser.releaseAll(chosen);
    } finally {
      for (const ownership of chosen) this.#leaving.delete(ownership);
    }
    return chosen.filter(({ state, isCancelled }) => state === 'handedOver' && !isCancelled).length;
  }

  /** Those first that no handler works on yet, then those that have been ours for the shortest time: least is lost with them. */
  #choose(count: number): Ownership[] {
    const { application } = this.#kernel;
    const movable = [...this.#ownerships].filter(
      (ownership) =>
        ownership.state === 'extending' && !ownership.isAborted && application.isMovable(ownership),
    );
    const isIdle = new Map(movable.map((ownership) => [ownership, !application.isBusy(ownership)]));
    movable.sort((a, b) => Number(isIdle.get(b)) - Number(isIdle.get(a)) || b.heldFrom - a.heldFrom);
    return movable.slice(0, count);
  }
}
