/**
 * Finds names that are parked and free, and has the next entry of each go back. What ends an ownership does that by itself
 * (`scripts/lib/parking.lua`); this is for what was lost on the way: answers, entries that were finished by clients that know nothing of turns, names
 * that are not paused any more.
 *
 * Every heartbeat says how much is parked. Where nothing is, nothing is sent. Else the first of the living looks with every heartbeat, and the others with
 * every eighth, should the first be of a version that does not.
 */
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { ParkedCounts } from '../../redis/lease-store.js';
import type { Kernel } from '../kernel.js';

const OTHERS_EVERY = 8;

export class Parking {
  readonly #kernel: Kernel;
  readonly #isFirst: () => boolean;
  #beats = 0;
  #isLooking = false;
  /** Where the next look begins: many names take several. */
  #from: string | undefined;
  /** Entries that this incarnation has read, and that were parked. */
  parked = 0;
  /** Those that were finished, as another one of their name waited. */
  coalesced = 0;
  /** Entries that this incarnation found parked and free. */
  found = 0;

  /** @param isFirst whether this incarnation is the first of the living */
  constructor(kernel: Kernel, isFirst: () => boolean) {
    this.#kernel = kernel;
    this.#isFirst = isFirst;
  }

  /** What is parked, as of the last heartbeat that was answered. */
  get heard(): ParkedCounts {
    return this.#kernel.lease.parkedHeard();
  }

  /** A heartbeat has been answered. */
  beat(): void {
    if (this.heard.count === 0 && this.heard.hottest.length === 0) return;
    this.#beats += 1;
    if (this.#isLooking || !(this.#isFirst() || this.#beats % OTHERS_EVERY === 0)) return;
    void this.#look();
  }

  async #look(): Promise<void> {
    const { clock, commands, ended, logger, settings } = this.#kernel;
    if (!commands.isUp) return;
    this.#isLooking = true;
    const until = clock.monotonic() + settings.heartbeatMs / 8;
    try {
      do {
        this.#from = await this.#page(this.#from);
      } while (this.#from !== undefined && clock.monotonic() < until && !ended.aborted);
    } catch (error) {
      this.#from = undefined;
      const facts = { error: redact(messageOf(error)) };
      logger.warn(facts, 'what is parked could not be looked at; the next heartbeat does it again');
    }
    this.#isLooking = false;
  }

  async #page(from: string | undefined): Promise<string | undefined> {
    const { next, count } = await this.#kernel.parked.unpark(from);
    this.found += count;
    if (count > 0) this.#kernel.seam.emit('unparked', { count });
    return next;
  }

  /** All of it, after a whole scan, and turns of what is gone. */
  async tidy(): Promise<void> {
    let from: string | undefined;
    do {
      from = await this.#page(from);
    } while (from !== undefined && !this.#kernel.ended.aborted);
    await this.#kernel.parked.pruneTurns();
  }
}
