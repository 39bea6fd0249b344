/**
 * Turns entries that were read for us into streams that are ours: take the lock, verify, hand over to the application.
 *
 * A stale reply is harmless here (a process that was frozen inside its read wakes with one): verify refuses what has been taken
 * meanwhile. And a try that fails forgets its entries: they are still pending for us, and the next verification adopts them.
 */
import { Bell } from '../../core/bell.js';
import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { entryBytes, parseEntry, type RawEntry, traceOf } from '../../redis/entry.js';
import type { EntryRef } from '../../redis/lease-store.js';
import { ALONE, NOT_BEGUN, type Trial, trialFor } from '../../redis/marks.js';
import { deathsOf, deliveryCountOf, failuresOf } from '../../redis/own-fields.js';
import { ParseTurns } from '../../redis/parse-turns.js';
import type { Giver } from '../endings/giver.js';
import type { CheckedInfo, Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Marker } from '../lease/marker.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { IdWatch } from '../recovery/id-watch.js';
import { ACQUIRE_BATCH, Assigner } from './assigner.js';
import type { Parking } from './parking.js';
import { Trials } from './trials.js';

/** An entry that is not to be read, for its size. */
export interface LargeEntry {
  readonly id: string;
  readonly bytes: number;
}

export interface AcquirerParts {
  readonly lease: Lease;
  readonly ownerships: Ownerships;
  readonly giver: Giver;
  readonly ids: IdWatch;
  readonly marker: Marker;
  readonly parking: Parking;
}

export interface AcquirerHooks {
  /** Suspects could not be begun, and that was no outage. */
  failed(error: unknown): void;
  /** These never become anybody's here: no application is given them. */
  givenUp(why: string, ids: readonly string[]): void;
  /** Streams of which owners may have died have been begun, or have outlived that. */
  suspects(what: 'begun' | 'outlived', ids: readonly string[]): void;
}

function wasDelivered({ fields }: RawEntry): boolean {
  return deliveryCountOf(fields) > 0;
}

function parted<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const one of all) (test(one) ? yes : no).push(one);
  return [yes, no];
}

/** With the name that it announces: an earlier acquisition whose answer got lost may have recorded it as its owner. */
function refOf(entry: RawEntry): EntryRef {
  const parsed = parseEntry(entry);
  return { id: entry.id, name: parsed.ok ? parsed.announcement.name : '' };
}

export class Acquirer {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #giver: Giver;
  readonly #ids: IdWatch;
  readonly #marker: Marker;
  readonly #parking: Parking;
  /** Suspects are begun later, a few at a time. */
  readonly #trials: Trials;
  readonly #assigner: Assigner;
  readonly #hooks: AcquirerHooks;
  /** Calls of `acquire()` that have not ended. */
  #underWay = 0;
  readonly #callEnded = new Bell();
  #isStopped = false;
  /** Entries that are being dealt with: until they have an ownership, or have none, or are dead-lettered. */
  readonly #inHand = new Set<string>();
  readonly #burying = new Set<string>();
  /** Entries that have been read or adopted. */
  received = 0;

  constructor(
    kernel: Kernel,
    { lease, ownerships, giver, ids, marker, parking }: AcquirerParts,
    hooks: AcquirerHooks,
  ) {
    this.#hooks = hooks;
    this.#assigner = new Assigner(kernel, lease, ownerships, parking, () => this.#isStopped);
    this.#marker = marker;
    this.#parking = parking;
    this.#ids = ids;
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#giver = giver;
    this.#trials = new Trials(kernel, lease, {
      begin: (entries, mark) => this.#beginSuspects(entries, mark),
      isUnproven: (id) => this.#ownerships.get(id)?.isProven === false,
      outlived: (ids, mark) => this.#markOutlived(ids, mark),
      ended: (ids) => this.#leftQueue(ids),
      giveBack: (entries) => this.giveUp('handOver', entries.map(refOf)),
      failed: (error) => hooks.failed(error),
    });
  }

  /** Suspects that wait for being begun: they have no ownership, and take room. */
  get heldBack(): number {
    return this.#trials.waiting;
  }

  /** How many entries became ours. */
  get acquired(): number {
    return this.#assigner.acquired;
  }

  /** The lease has been confirmed: what waited for that is handed over. */
  handHeld(): void {
    this.#assigner.handHeld();
  }

  isHeldBack(id: string): boolean {
    return this.#trials.has(id);
  }

  /** Entries that are being dealt with and have no ownership. */
  get unlisted(): number {
    let count = 0;
    for (const id of this.#inHand) if (!this.#ownerships.has(id)) count += 1;
    return count;
  }

  /** Entries of this incarnation that have been parked, or finished for another one that waits. */
  get aside(): number {
    return this.#parking.parked + this.#parking.coalesced;
  }

  isInHand(id: string): boolean {
    return this.#inHand.has(id);
  }

  /** Nothing becomes ours any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * From now on nothing is handed to the application. Of what is being acquired some may still be verified as ours: it stays in
   * `acquired`, for whoever stops to give back. Resolves when no acquisition is under way.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#trials.stop();
    while (this.#underWay > 0) await this.#callEnded.rung();
  }

  /**
   * Resolves with how many became ours. Rejects when Redis fails; the entries are then as if they had not been read. After `stop()`
   * nothing is done.
   */
  async acquire(entries: readonly RawEntry[]): Promise<number> {
    this.#underWay += 1;
    this.received += entries.length;
    for (const { id } of entries) {
      this.#inHand.add(id);
      this.#ids.seen(id);
    }
    try {
      return await this.#acquire(entries);
    } finally {
      this.#putDown(entries.map(({ id }) => id));
      this.#underWay -= 1;
      this.#callEnded.ring();
    }
  }

  /** What somebody here still deals with stays in hand. */
  #putDown(ids: readonly string[]): void {
    for (const id of ids) if (!this.#burying.has(id) && !this.#trials.has(id)) this.#inHand.delete(id);
  }

  /** There is room for others now. */
  #leftQueue(ids: readonly string[]): void {
    this.#putDown(ids);
    this.#ownerships.changed.ring();
  }

  async #acquire(entries: readonly RawEntry[]): Promise<number> {
    let count = 0;
    const fresh = entries
      .filter(({ id }) => !this.#ownerships.has(id) && !this.#trials.has(id))
      .sort((a, b) => compareEntryIds(a.id, b.id));
    const { maxRetries } = this.#kernel.settings;
    const suspects: { readonly entry: RawEntry; readonly trial: Trial }[] = [];
    const others: RawEntry[] = [];
    for (const entry of fresh) {
      const trial = trialFor(entry.fields, maxRetries);
      if (trial === undefined) others.push(entry);
      else suspects.push({ entry, trial });
    }
    const [delivered, plain] = parted(others, wasDelivered);
    // First, so that they have nothing to do with what this consumer may die of now.
    await this.#marker.mark([...suspects.map(({ entry }) => entry), ...delivered], NOT_BEGUN);
    for (let at = 0; at < plain.length && !this.#isStopped; at += ACQUIRE_BATCH) {
      count += await this.#acquireBatch(plain.slice(at, at + ACQUIRE_BATCH));
    }
    count += await this.#acquireOneByOne(delivered, ALONE);
    this.#trials.add(suspects);
    return count;
  }

  /**
   * Consumers have died while they had these and did not own them yet, perhaps of one of them. They come last, so that they hold up nobody, and
   * one by one, so that only the one counts as delivered that this consumer dies of.
   */
  async #acquireOneByOne(entries: readonly RawEntry[], mark: number): Promise<number> {
    let count = 0;
    for (const entry of entries) {
      if (this.#isStopped) break;
      await this.#marker.mark([entry], mark);
      count += await this.#acquireBatch([entry]);
    }
    return count;
  }

  async #beginSuspects(group: readonly RawEntry[], mark: number): Promise<void> {
    this.#underWay += 1;
    try {
      const entries = group
        .filter(({ id }) => !this.#ownerships.has(id))
        .sort((a, b) => compareEntryIds(a.id, b.id));
      // First: whatever kills this process then is among them.
      this.#hooks.suspects(
        'begun',
        entries.map(({ id }) => id),
      );
      const [delivered, plain] = parted(entries, wasDelivered);
      for (let at = 0; at < plain.length && !this.#isStopped; at += ACQUIRE_BATCH) {
        const batch = plain.slice(at, at + ACQUIRE_BATCH);
        // Only these: the next batch is not begun with if this consumer dies of one of them.
        await this.#marker.mark(batch, mark);
        await this.#acquireBatch(batch);
      }
      await this.#acquireOneByOne(delivered, mark);
    } finally {
      for (const { id } of group) {
        const ownership = this.#ownerships.get(id);
        if (ownership !== undefined) ownership.isSuspect = true;
      }
      this.#underWay -= 1;
      this.#callEnded.ring();
    }
  }

  async #markOutlived(ids: readonly string[], mark: number): Promise<void> {
    const ours = ids.flatMap((id) => this.#ownerships.get(id) ?? []);
    await this.#marker.mark(
      ours.filter(({ isWorkedOn, isProven }) => isWorkedOn && !isProven),
      mark,
    );
    this.#hooks.suspects('outlived', ids);
  }

  async #acquireBatch(entries: readonly RawEntry[]): Promise<number> {
    const poison: EntryRef[] = [];
    const tooLarge: LargeEntry[] = [];
    const begun: Ownership[] = [];
    const turns = new ParseTurns(this.#kernel.clock);
    for (const entry of entries) {
      const bytes = entryBytes(entry.fields);
      if (bytes > this.#kernel.settings.maxEntryBytes) {
        tooLarge.push({ id: entry.id, bytes });
        continue;
      }
      const turn = turns.before(bytes);
      if (turn) await turn;
      const parsed = parseEntry(entry, this.#kernel.settings.largeIntegers);
      const checking = parsed.ok ? this.#check(parsed.announcement.info) : parsed;
      const checked = checking instanceof Promise ? await checking : checking;
      // The look-up is repeated after the wait: verification may have adopted the entry meanwhile.
      if (this.#ownerships.has(entry.id)) continue;
      if (!parsed.ok || !checked.ok) {
        const { problem } = checked as { problem: string };
        this.#kernel.logger.warn({ id: entry.id, problem }, 'an entry cannot be parsed; it is dead-lettered');
        // An earlier acquisition whose answer got lost may have recorded it as the owner of its name.
        poison.push({ id: entry.id, name: parsed.ok ? parsed.announcement.name : '' });
        continue;
      }
      const { name } = parsed.announcement;
      begun.push(
        this.#ownerships.begin({
          id: entry.id,
          name,
          info: checked.info,
          retryCount: parsed.retryCount,
          failures: failuresOf(entry.fields),
          deaths: deathsOf(entry.fields),
          trace: traceOf(entry),
        }),
      );
    }
    if (this.#isStopped) {
      this.#assigner.drop(begun);
      return 0;
    }
    const count = await this.#assigner.verifyAll(begun);
    if (poison.length > 0) this.giveUp('unparseable', poison);
    if (tooLarge.length > 0) this.setAside(tooLarge);
    return count;
  }

  /** Entries of ours that are too large to be read, or to be given to an application, go to the dead-letter stream as they are. */
  setAside(entries: readonly LargeEntry[]): void {
    const { maxEntryBytes } = this.#kernel.settings;
    for (const { id, bytes } of entries) {
      const why =
        bytes > maxEntryBytes ? 'it is larger than maxEntryBytes' : 'it does not arrive in time, even alone';
      this.#kernel.logger.warn(
        { id, bytes, maxEntryBytes },
        `an entry is dead-lettered as too large: ${why}`,
      );
    }
    this.giveUp(
      'tooLarge',
      entries.map(({ id }) => ({ id, name: '' })),
    );
  }

  /** Entries of ours that no application is given. Not waited for: moving waits until it is certain what is ours. */
  giveUp(why: 'handOver' | 'unparseable' | 'tooLarge', entries: readonly EntryRef[]): void {
    this.#hooks.givenUp(
      why,
      entries.map(({ id }) => id),
    );
    for (const { id } of entries) this.#burying.add(id);
    this.#giver
      .move(why, entries)
      .catch((error: unknown) => {
        if (isStreamwardenError(error, 'RuntimeStopped')) return;
        this.#kernel.logger.error({ error: messageOf(error) }, 'entries could not be given up');
      })
      .finally(() => {
        for (const { id } of entries) {
          this.#burying.delete(id);
          this.#inHand.delete(id);
        }
        this.#ownerships.changed.ring();
      });
  }

  #check(info: Readonly<Record<string, unknown>> | null): CheckedInfo | Promise<CheckedInfo> {
    return this.#kernel.checkInfo === undefined ? { ok: true, info } : this.#kernel.checkInfo(info);
  }

  /**
   * Has Redis park what is next on the stream, where that is more of a hot name: it takes no room, so it need not be read. Resolves with whether there may
   * be more of it.
   */
  async parkAhead(): Promise<boolean> {
    if (this.#isStopped) return false;
    this.#underWay += 1;
    try {
      const { parked, coalesced, left, isMore, last } = await this.#kernel.lease.parkAhead(ACQUIRE_BATCH);
      this.received += parked + coalesced;
      if (last !== undefined) this.#ids.seen(last);
      if (parked + coalesced > 0) this.#assigner.setAside(parked, coalesced);
      if (left > 0) this.#lease.verify('entries could not be parked');
      return isMore;
    } catch (error) {
      this.#lease.report(error);
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#callEnded.ring();
    }
  }
}
