/**
 * Turns of reading: each waits for entries in a parked read, takes as much of what waits as this process's fair part is (`fair-share.ts`), in modest chunks, and makes
 * all of it this process's own.
 */
import { neverSent } from '../../redis/reply-errors.js';
import type { RawEntry } from '../../redis/entry.js';
import type { Taken } from '../../redis/taking.js';
import type { Kernel } from '../kernel.js';
import type { Acquirer } from './acquirer.js';
import type { FairShare } from './fair-share.js';
import type { Reader } from './reader.js';

export interface TurnHooks {
  /** How many streams may be read now. */
  room(): number;
  /** Nothing stands in the way of reading on. */
  mayRead(): boolean;
}

export class Turns {
  readonly #kernel: Kernel;
  readonly #acquirer: Acquirer;
  readonly #share: FairShare;
  readonly #reader: Reader;
  readonly #hooks: TurnHooks;
  /** A heartbeat has been answered since entries were asked for last, and something may wait. */
  #isDue = false;
  /** When entries were asked for last, by the monotonic clock. */
  #tookAt = Number.NEGATIVE_INFINITY;
  /** So many more are its part, by the last answer of `take`: they are read without asking again, until a heartbeat may have brought what is another part. */
  #granted = 0;
  /** Entries that the turn under way has read, and how many of them became this process's. */
  read = { entries: 0, owned: 0 };

  constructor(kernel: Kernel, acquirer: Acquirer, share: FairShare, reader: Reader, hooks: TurnHooks) {
    this.#kernel = kernel;
    this.#acquirer = acquirer;
    this.#share = share;
    this.#reader = reader;
    this.#hooks = hooks;
  }

  /** What waits is to be asked for, whoever has most room. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** A heartbeat has been answered. */
  beat(): void {
    this.#granted = 0;
    // Where the group was set back, what waits does not stand behind what had been given out.
    const isLong = this.#kernel.clock.monotonic() - this.#tookAt >= this.#reader.blockMs;
    this.#isDue = isLong || this.#kernel.lease.newerHeard();
  }

  /** @param waits whether it waits for entries, where there are none */
  async take(waits: boolean): Promise<void> {
    const { reader } = this.#kernel.connections;
    if (!reader.isUp) throw neverSent('XREADGROUP', reader.lastError);
    await this.#reader.introduce();
    let isMore = true;
    // Stopping may have been asked for while there was no number to unblock yet.
    if (waits && this.#hooks.mayRead()) {
      const { entries, isFull } = await this.#reader.park(this.#hooks.room());
      isMore = await this.#dealWith(entries, isFull);
    }
    while (isMore && this.#hooks.mayRead()) isMore = await this.#dealWith([], true);
    this.#isDue = false;
  }

  /**
   * Makes what has arrived this process's own, with more of what waits, if there may be more.
   * @returns whether there may be still more for it
   */
  async #dealWith(arrived: readonly RawEntry[], mayBeMore: boolean): Promise<boolean> {
    let entries = arrived;
    let isMore = false;
    try {
      const room = this.#hooks.room() - arrived.length;
      if (mayBeMore && this.#hooks.mayRead() && room > 0) {
        const wanted = this.#reader.count(room);
        const taken = await (this.#granted >= wanted
          ? this.#readOn(wanted)
          : this.#ask(wanted, arrived.length));
        entries = [...arrived, ...taken.entries];
        // What is given to those that have their share is given once with each heartbeat.
        const isPart = taken.part === undefined || taken.allowed <= taken.part;
        isMore = isPart && taken.allowed > 0 && taken.entries.length >= taken.allowed;
      }
    } finally {
      // Whatever became of the rest, these are pending for this process.
      await this.#acquire(entries);
    }
    return isMore;
  }

  /** When stopping nothing is acquired: what was delivered is given back by the drain, which looks at what is pending. */
  async #acquire(entries: readonly RawEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { aside } = this.#acquirer;
    this.read.entries += entries.length;
    this.read.owned += await this.#acquirer.acquire(entries);
    if (this.#acquirer.aside - aside >= entries.length) await this.#parkAhead();
  }

  /** Everything that was read has been parked, so there may be much more of a hot name: it is parked in full batches, as it takes no room. */
  async #parkAhead(): Promise<void> {
    let isMore = true;
    while (isMore && this.#hooks.mayRead()) isMore = await this.#acquirer.parkAhead();
  }

  /** @param arrived how many have been read that are not this process's own yet */
  async #ask(wanted: number, arrived: number): Promise<Taken> {
    this.#tookAt = this.#kernel.clock.monotonic();
    const taken = await this.#kernel.taking.take(this.#share.request(wanted, arrived));
    this.#reader.arrived(taken.entries);
    this.#share.taken(taken, arrived);
    this.#granted = (taken.part ?? 0) - taken.entries.length;
    return taken;
  }

  async #readOn(wanted: number): Promise<Pick<Taken, 'allowed' | 'part' | 'entries'>> {
    const part = this.#granted;
    const entries = await this.#kernel.taking.read(wanted);
    this.#reader.arrived(entries);
    this.#granted -= entries.length;
    return { allowed: wanted, part, entries };
  }
}
