/**
 * Adopts what is pending for us and unknown here: it was delivered in a reply that got lost, and nobody has worked on it. The verification that
 * finds such entries does not wait for this: what is held is confirmed first, however large the payloads are that have to be read here.
 */
import { onNextTurn } from '../../core/clock.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { ReadEntry } from '../../redis/entry-reader.js';
import { isPassing } from '../../redis/reply-errors.js';
import type { Giver } from '../endings/giver.js';
import type { Acquirer } from '../intake/acquirer.js';
import { type Kernel, pause } from '../kernel.js';
import type { Ownerships } from '../ownerships.js';
import type { Lease } from './lease.js';

export interface AdopterHooks {
  /** Entries could not be adopted, and that was no outage. */
  failed(error: unknown): void;
  /** Entries are pending for us and unknown, and nothing is adopted any more, since we are stopping. */
  leftBehind(): void;
}

/** After a failure, in milliseconds, at least; doubled with each further one. */
const PAUSE_MS = 25;
const MOST_DOUBLINGS = 5;

export class Adopter {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #acquirer: Acquirer;
  readonly #giver: Giver;
  readonly #hooks: AdopterHooks;
  /** What is to be adopted, in the order of the pending list. */
  #unknown = new Set<string>();
  #isWorking = false;
  #failures = 0;

  constructor(
    kernel: Kernel,
    lease: Lease,
    ownerships: Ownerships,
    acquirer: Acquirer,
    giver: Giver,
    hooks: AdopterHooks,
  ) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#acquirer = acquirer;
    this.#giver = giver;
    this.#hooks = hooks;
  }

  has(id: string): boolean {
    return this.#unknown.has(id);
  }

  /** Entries that wait for it, and that nobody else counts. */
  get unlisted(): number {
    let count = 0;
    for (const id of this.#unknown) if (!this.#ownerships.has(id) && !this.#acquirer.isInHand(id)) count += 1;
    return count;
  }

  /**
   * All that is pending for us, as just found: what nobody here knows is adopted, and what has been taken from us is not waited for any more.
   * Returns how many are adopted now.
   */
  found(pending: Iterable<string>): number {
    const unknown = new Set<string>();
    for (const id of pending) if (!this.#isKnown(id)) unknown.add(id);
    this.#unknown = unknown;
    if (unknown.size > 0 && this.#acquirer.isStopped) {
      this.#hooks.leftBehind();
      return 0;
    }
    if (!this.#isWorking && unknown.size > 0) {
      this.#isWorking = true;
      void this.#work();
    }
    return unknown.size;
  }

  #isKnown(id: string): boolean {
    return this.#ownerships.has(id) || this.#giver.isMoving(id) || this.#acquirer.isHeldBack(id);
  }

  get #isOver(): boolean {
    return this.#acquirer.isStopped || this.#kernel.ended.aborted;
  }

  async #work(): Promise<void> {
    try {
      while (this.#unknown.size > 0 && !this.#isOver) await this.#turn();
    } catch (error) {
      // Whatever is still pending is found again by the verification that the failure leads to.
      if (!this.#kernel.ended.aborted) this.#hooks.failed(error);
    } finally {
      this.#isWorking = false;
      const isLeft = this.#unknown.size > 0;
      this.#unknown = new Set();
      if (isLeft && this.#acquirer.isStopped && !this.#kernel.ended.aborted) this.#hooks.leftBehind();
    }
  }

  /** Until all that is known of now has been gone through, or it fails. */
  async #turn(): Promise<void> {
    await this.#lease.confirmed();
    const { entries, settings } = this.#kernel;
    try {
      for await (const page of entries.pages([...this.#unknown], settings.maxEntryBytes)) {
        // Others may have been found meanwhile. A page is not thrown away for it: where one takes longer than it takes to look again, nothing would
        // ever be adopted.
        await this.#lease.confirmed();
        if (this.#isOver) return;
        const unknown = this.#unknown;
        await this.#adopt(page.filter(({ id }) => unknown.has(id) && !this.#isKnown(id)));
        for (const { id } of page) unknown.delete(id);
        this.#failures = 0;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      const { logger } = this.#kernel;
      const facts = { entries: this.#unknown.size, error: redact(messageOf(error)) };
      logger[this.#failures === 0 ? 'warn' : 'debug'](
        facts,
        'entries could not be adopted; it is tried again',
      );
      // A connection that has just broken says so a turn of the loop later.
      await new Promise<void>((resolve) => onNextTurn(this.#kernel.clock, resolve));
      const mostMs = this.#kernel.settings.heartbeatMs / 2;
      await pause(this.#kernel, Math.min(mostMs, PAUSE_MS * 2 ** Math.min(this.#failures, MOST_DOUBLINGS)));
      this.#failures += 1;
    }
  }

  async #adopt(page: readonly ReadEntry[]): Promise<void> {
    // Trimmed or deleted by a tool: there is nothing to work on, and what stays pending would hold up its name for ever.
    const gone = page.filter(({ outcome }) => outcome === 'gone').map(({ id }) => id);
    if (gone.length > 0) {
      const recorded = await this.#kernel.group.namesOf(gone);
      this.#acquirer.giveUp(
        'handOver',
        gone.map((id) => ({ id, name: recorded.get(id) ?? '' })),
      );
    }
    const tooLarge = page.filter((entry) => entry.outcome === 'tooLarge');
    if (tooLarge.length > 0) this.#acquirer.setAside(tooLarge);
    const read = page.filter((entry) => entry.outcome === 'read');
    if (read.length > 0) await this.#acquirer.acquire(read);
  }
}
