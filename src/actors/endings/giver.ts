/** Gives entries of ours back to everyone: hand-over, spent retries, waiters whose name is free, unparseable entries. */
import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import type { EntryRef, GiveBackReason, GivenBack, Moved } from '../../redis/lease-store.js';
import { batchEnd } from '../../redis/text-batches.js';
import type { Saver } from '../data/saver.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Ownership } from '../ownership.js';
import type { DeadLetters } from '../recovery/dead-letters.js';
import type { MoveLedger } from '../recovery/move-ledger.js';
import { retrying } from '../retrying.js';
import { releaseLocks } from './release-locks.js';

/** Keeps the script below 5 ms. */
const BATCH = 200;

/** With these the letter, if there is to be one, says what the handler threw. */
const SAYS_WHY: ReadonlySet<GiveBackReason> = new Set(['failed', 'rejected']);

/** An entry of ours as it is to be moved. */
export function givenBack({ id, name, failure }: Ownership, reason: GiveBackReason): GivenBack {
  return { id, name, error: SAYS_WHY.has(reason) ? failure : undefined };
}

function lengthOf({ name, error = '' }: GivenBack): number {
  return name.length + error.length;
}

export class Giver {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ledger: MoveLedger;
  readonly #deadLetters: DeadLetters;
  readonly #saver: Saver;
  /** Entries that are being moved, and how often. */
  readonly #moving = new Map<string, number>();
  /** Streams given back with their retry count unchanged, after the application had them. */
  handedOver = 0;

  constructor(kernel: Kernel, lease: Lease, ledger: MoveLedger, deadLetters: DeadLetters, saver: Saver) {
    this.#saver = saver;
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ledger = ledger;
    this.#deadLetters = deadLetters;
  }

  /**
   * Whether this entry is on its way out of our hands. One without an ownership must not be adopted then: the move, which waits for the
   * very verification that would adopt it, would take it out of the hands of a handler that has just begun.
   */
  isMoving(id: string): boolean {
    return this.#moving.has(id);
  }

  /**
   * Moves entries and says what became of each; their locks are released. Waits out an outage.
   *
   * @param isStillHeld asked before each try: what has left our hands since may have come back under the same id, to be worked on
   * @param afterMs everyone may have them only so many milliseconds later; 0: at once
   */
  async move(
    reason: GiveBackReason,
    entries: readonly GivenBack[],
    isStillHeld: (id: string) => boolean = () => true,
    afterMs = 0,
  ): Promise<Map<string, Moved>> {
    return await this.#whileMoving(entries, () => this.#move(reason, entries, isStillHeld, afterMs));
  }

  /** One whose ownership has failed inside, and has ended with that. How far it has come is saved first, as with any other. */
  async giveUp(reason: GiveBackReason, ownership: Ownership): Promise<void> {
    await this.#whileMoving([ownership], async () => {
      try {
        if (this.#saver.isUnsaved([ownership])) await this.#saveFirst([ownership]);
      } finally {
        ownership.isGivenUp = false;
      }
      await this.#move(reason, [givenBack(ownership, reason)], () => true, 0);
    });
  }

  async #whileMoving<T>(entries: readonly { readonly id: string }[], act: () => Promise<T>): Promise<T> {
    for (const { id } of entries) this.#moving.set(id, (this.#moving.get(id) ?? 0) + 1);
    try {
      return await act();
    } finally {
      for (const { id } of entries) {
        const others = (this.#moving.get(id) ?? 1) - 1;
        if (others > 0) this.#moving.set(id, others);
        else this.#moving.delete(id);
      }
    }
  }

  async #saveFirst(ownerships: readonly Ownership[]): Promise<void> {
    try {
      await this.#saver.flush(ownerships);
    } catch (error) {
      if (isStreamwardenError(error, 'RuntimeStopped')) throw error;
      // Those that are not ours any more hear of it below. And nobody is kept from the rest by a checkpoint that Redis does not take.
      this.#kernel.logger.warn(
        { error: messageOf(error) },
        'streams are given back without their checkpoints',
      );
    }
  }

  async #move(
    reason: GiveBackReason,
    entries: readonly GivenBack[],
    isStillHeld: (id: string) => boolean,
    afterMs: number,
  ): Promise<Map<string, Moved>> {
    const sorted = [...entries].sort((a, b) => compareEntryIds(a.id, b.id));
    const outcomes = new Map<string, Moved>();
    let at = 0;
    while (at < sorted.length) {
      const chunk = sorted.slice(at, batchEnd(sorted, at, BATCH, lengthOf));
      let asked = chunk;
      const { value, mayBeRepeat } = await retrying(this.#kernel, this.#lease, async () => {
        asked = asked.filter(({ id }) => isStillHeld(id));
        try {
          if (asked.length === 0) return undefined;
          const { lease } = this.#kernel;
          return await (afterMs > 0 ? lease.delay(asked, afterMs) : lease.giveBack(reason, asked));
        } catch (error) {
          this.#ledger.ids.failed(error);
          throw error;
        }
      });
      if (value === undefined) {
        at += chunk.length;
        continue;
      }
      const batch = asked.slice(0, value.moved.length);
      at += chunk.indexOf(batch.at(-1) as EntryRef) + 1;
      const result = await this.#deadLetters.settle(batch, value, {
        cause: 'failed',
        owner: this.#kernel.consumer,
      });
      this.#ledger.record(reason, batch, result);
      result.moved.forEach((moved, index) => {
        // An earlier try whose answer was lost has most likely moved it; it is everyone's now, by us or by others.
        const outcome = mayBeRepeat && moved.outcome === 'notMine' ? 'requeued' : moved.outcome;
        outcomes.set((batch[index] as EntryRef).id, { ...moved, outcome });
      });
      await releaseLocks(
        this.#kernel,
        batch.filter(({ id }) => outcomes.get(id)?.outcome !== 'waiting'),
      );
    }
    return outcomes;
  }

  /**
   * The same for entries that have an ownership, whose actors are told. Those must be in `givingBack` or `contended`. How far they have come is saved
   * first, for whoever is given them next.
   */
  async giveBack(reason: GiveBackReason, ownerships: readonly Ownership[], afterMs = 0): Promise<void> {
    if (this.#saver.isUnsaved(ownerships)) await this.#saveFirst(ownerships);
    const held = new Map(ownerships.map((ownership) => [ownership.id, ownership]));
    const isStillHeld = (id: string) => held.get(id)?.hasEnded === false;
    const outcomes = await this.move(
      reason,
      ownerships.map((ownership) => givenBack(ownership, reason)),
      isStillHeld,
      afterMs,
    );
    for (const ownership of ownerships) {
      switch (outcomes.get(ownership.id)?.outcome) {
        // Still waiting; or it has left our hands meanwhile, and has been told so.
        case 'waiting':
        case undefined:
          break;
        case 'deadLettered':
          ownership.send({ type: 'deadLettered' });
          break;
        case 'notMine':
          // Or by another move of ours that was quicker: then its answer says what became of it.
          if (!this.isMoving(ownership.id)) ownership.send({ type: 'lost', reason: 'takenOver' });
          break;
        // Nobody can be given what has no payload any more.
        case 'gone':
          ownership.send({ type: 'lost', reason: 'entryGone' });
          break;
        // It is finished, and nobody else is given it.
        case 'cancelled':
          ownership.isCancelled = true;
          ownership.send({ type: 'requeued' });
          break;
        // Requeued, delayed, or whoever sweeps will write it to the dead-letter stream: others see to it, in either case.
        default:
          if (reason === 'handOver') this.handedOver += 1;
          ownership.send({ type: 'requeued' });
      }
    }
  }
}
