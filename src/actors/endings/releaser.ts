/**
 * Gives single streams back while the runtime goes on: released by the application, or uncertain and to be stopped. The signal has been
 * aborted; the lease is kept while the handler returns, for as long as its grace lasts; then everyone may have the stream.
 */

import { type Kernel, pause } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Giver } from './giver.js';
import { handlerReturned, isBeingFinished, warnOfStragglers } from './handler-grace.js';

/** Handlers that return within so many milliseconds go together. */
const GATHER_MS = 20;

export class Releaser {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  readonly #graceMs: number;
  readonly #onDelayed: (afterMs: number) => void;
  readonly #onFailure: (ownership: Ownership, error: unknown) => void;
  readonly #underWay = new Map<Ownership, Promise<void>>();
  /** Of those whose release is under way: whoever works on them has asked for it as well, so that nobody is to be waited for; and how much later everyone may have it. */
  readonly #asked = new WeakMap<Ownership, number>();

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
    if (underWay !== undefined) {
      if (!waits || !this.#kernel.application.hasHandler) this.#asked.set(ownership, afterMs);
      this.#ownerships.changed.ring();
      return underWay;
    }
    const release = this.#release(ownership, waits, afterMs).finally(() => this.#underWay.delete(ownership));
    this.#underWay.set(ownership, release);
    return release;
  }

  /**
   * The same for many, whose signals have been aborted: each goes when its handler has returned, or its grace is over, and a slow one keeps none of the others.
   * Where there are no handlers, each has the grace to be finished or released by the application.
   */
  async releaseAll(ownerships: readonly Ownership[]): Promise<void> {
    const left = new Map<Ownership, () => void>();
    for (const ownership of ownerships) {
      if (this.#underWay.has(ownership)) continue;
      const gone = new Promise<void>((resolve) => left.set(ownership, resolve));
      this.#underWay.set(ownership, gone);
    }
    try {
      await this.#releaseAll(left);
    } finally {
      for (const ownership of left.keys()) this.#gone(ownership, left);
    }
  }

  /** Those who asked for it are answered. */
  #gone(ownership: Ownership, left: Map<Ownership, () => void>): void {
    this.#underWay.delete(ownership);
    left.get(ownership)?.();
    left.delete(ownership);
  }

  async #releaseAll(left: Map<Ownership, () => void>): Promise<void> {
    const { application, clock, ended, logger } = this.#kernel;
    const until = clock.monotonic() + this.#graceMs;
    const isBusy = (ownership: Ownership) =>
      !this.#asked.has(ownership) && (!application.hasHandler || application.isBusy(ownership));
    while (left.size > 0 && !ended.aborted) {
      const isOver = clock.monotonic() >= until;
      const free = [...left.keys()].filter(
        (ownership) => !isBeingFinished(ownership) && (isOver || !ownership.isWorkedOn || !isBusy(ownership)),
      );
      const late = free.filter((ownership) => !this.#asked.has(ownership) && application.isBusy(ownership));
      warnOfStragglers(
        logger,
        late.map(({ name }) => name),
      );
      const delayed = free.filter((ownership) => (this.#asked.get(ownership) ?? 0) > 0);
      await this.#giveBack(
        free.filter((ownership) => !delayed.includes(ownership)),
        'balanced',
        0,
      );
      for (const ownership of delayed)
        await this.#giveBack([ownership], 'delayed', this.#asked.get(ownership) as number);
      for (const ownership of free) this.#gone(ownership, left);
      if (left.size > 0)
        await pause(this.#kernel, isOver ? GATHER_MS : Math.min(GATHER_MS, until - clock.monotonic()));
    }
  }

  async #release(ownership: Ownership, waits: boolean, afterMs: number): Promise<void> {
    const waitsItself = () => !waits || this.#asked.has(ownership);
    // Where nobody is to be waited for it is on its way at once, whatever a stop does next.
    if ((waits && this.#kernel.application.isBusy(ownership)) || isBeingFinished(ownership))
      await handlerReturned(this.#kernel, this.#ownerships, ownership, this.#graceMs, waitsItself);
    const laterMs = Math.max(afterMs, this.#asked.get(ownership) ?? 0);
    await this.#giveBack([ownership], laterMs > 0 ? 'delayed' : 'released', laterMs);
  }

  async #giveBack(ownerships: readonly Ownership[], reason: string, afterMs: number): Promise<void> {
    // The others have been finished by their handlers after all, lost, or handed over by a stop.
    const worked = ownerships.filter(({ isWorkedOn }) => isWorkedOn);
    if (worked.length === 0) return;
    for (const ownership of worked) ownership.send({ type: 'giveBack.requested', reason });
    try {
      await this.#giver.giveBack('handOver', worked, afterMs);
      if (afterMs > 0) this.#onDelayed(afterMs);
    } catch (error) {
      for (const ownership of worked) this.#onFailure(ownership, error);
      throw error;
    }
  }
}
