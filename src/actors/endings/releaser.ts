/**
 * Gives single streams back while the runtime goes on: released by the application, or uncertain and to be stopped. The signal has been
 * aborted; the lease is kept while the handler returns, for as long as its grace lasts; then everyone may have the stream.
 */

import { type Kernel, pause } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Giver } from './giver.js';
import { handlerReturned } from './handler-grace.js';

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
  /** Of those that are released with others: the application has asked for it as well. */
  readonly #asked = new WeakSet<Ownership>();

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
      this.#asked.add(ownership);
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
      application.hasHandler ? application.isBusy(ownership) : !this.#asked.has(ownership);
    while (left.size > 0 && !ended.aborted) {
      const isOver = clock.monotonic() >= until;
      const free = [...left.keys()].filter(
        (ownership) => isOver || !ownership.isWorkedOn || !isBusy(ownership),
      );
      const late = free.filter((ownership) => application.isBusy(ownership)).map(({ name }) => name);
      if (late.length > 0) {
        logger.warn({ streams: late.slice(0, 100), count: late.length }, 'handlers ignored their signal');
      }
      const given = free.filter(({ isWorkedOn }) => isWorkedOn);
      for (const ownership of given) ownership.send({ type: 'giveBack.requested', reason: 'balanced' });
      if (given.length > 0) await this.#giver.giveBack('handOver', given);
      for (const ownership of free) this.#gone(ownership, left);
      if (left.size > 0)
        await pause(this.#kernel, Math.min(GATHER_MS, Math.max(0, until - clock.monotonic())));
    }
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
