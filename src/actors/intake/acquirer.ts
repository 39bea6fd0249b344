/**
 * Turns entries that were read for us into streams that are ours: take the lock, verify, hand over to the application.
 *
 * A stale reply is harmless here (a process that was frozen inside its read wakes with one): verify refuses what has been taken
 * meanwhile. And a try that fails forgets its entries: they are still pending for us, and the next verification adopts them.
 */
import { Bell } from '../../core/bell.js';
import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { factOf } from '../../machines/facts.js';
import { entryBytes, parseEntry, type RawEntry, traceOf } from '../../redis/entry.js';
import type { Acquired, EntryRef } from '../../redis/lease-store.js';
import { ALONE, NOT_BEGUN, type Trial, trialFor } from '../../redis/marks.js';
import { deathsOf, deliveryCountOf, failuresOf } from '../../redis/own-fields.js';
import { ParseTurns } from '../../redis/parse-turns.js';
import { lengthOfLock, textBatches } from '../../redis/text-batches.js';
import type { Giver } from '../endings/giver.js';
import { releaseLocks } from '../endings/release-locks.js';
import type { CheckedInfo, Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Marker } from '../lease/marker.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { IdWatch } from '../recovery/id-watch.js';
import type { Parking } from './parking.js';
import { Trials } from './trials.js';

/** Keeps the script below 5 ms. */
export const ACQUIRE_BATCH = 128;

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
  /** Verified while the lease was overdue: handed over when it is confirmed. */
  readonly #held: Ownership[] = [];
  /** Calls of `acquire()` that have not ended. */
  #underWay = 0;
  readonly #callEnded = new Bell();
  #isStopped = false;
  /** Entries that are being dealt with: until they have an ownership, or have none, or are dead-lettered. */
  readonly #inHand = new Set<string>();
  readonly #burying = new Set<string>();
  acquired = 0;
  /** Entries that have been read or adopted. */
  received = 0;

  /** @param failed told when suspects could not be begun, and that was no outage */
  constructor(
    kernel: Kernel,
    { lease, ownerships, giver, ids, marker, parking }: AcquirerParts,
    failed: (error: unknown) => void,
  ) {
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
      failed,
    });
  }

  /** Suspects that wait for being begun: they have no ownership, and take room. */
  get heldBack(): number {
    return this.#trials.waiting;
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
  }

  /** The lease has been confirmed: what waited for that is handed over. */
  handHeld(): void {
    if (this.#isStopped) return;
    for (const ownership of this.#held.splice(0)) {
      if (ownership.state === 'acquired') this.#handWhenCertain(ownership);
    }
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
      this.#drop(begun);
      return 0;
    }
    const count = await this.#verifyAll(begun);
    if (poison.length > 0) this.giveUp('unparseable', poison);
    if (tooLarge.length > 0) this.setAside(tooLarge);
    return count;
  }

  /** As if they had not been read. */
  #drop(begun: readonly Ownership[]): void {
    for (const ownership of begun) ownership.send({ type: 'refused' });
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

  /** Names are as long as producers make them, and a heartbeat may be sent behind them. */
  async #verifyAll(begun: readonly Ownership[]): Promise<number> {
    let count = 0;
    let done = 0;
    try {
      for (const batch of textBatches(begun, ACQUIRE_BATCH, lengthOfLock)) {
        if (this.#isStopped) break;
        done += batch.length;
        count += await this.#verify(batch);
      }
    } finally {
      this.#drop(begun.slice(done));
    }
    return count;
  }

  async #verify(begun: readonly Ownership[]): Promise<number> {
    const { clock, locks, lease, seam } = this.#kernel;
    const began = clock.monotonic();
    let isLocked: readonly boolean[];
    let results: readonly Acquired[];
    try {
      isLocked = await locks.take(begun.map(({ lockKey }) => lockKey));
      if (this.#isStopped) {
        this.#drop(begun);
        await releaseLocks(this.#kernel, begun);
        return 0;
      }
      const locked = begun.filter((_, index) => isLocked[index]);
      results = locked.length > 0 ? await lease.acquire(locked.map(({ id, name }) => ({ id, name }))) : [];
    } catch (error) {
      this.#drop(begun);
      const tookMs = clock.monotonic() - began;
      seam.emit('acquireFailed', { count: begun.length, error: factOf(error).code, tookMs });
      this.#lease.report(error);
      throw error;
    }
    const tookMs = clock.monotonic() - began;
    let at = 0;
    let contended = 0;
    let lockHeld = 0;
    let parked = 0;
    let coalesced = 0;
    const owned: Ownership[] = [];
    const refused: Ownership[] = [];
    /** Ours, with a checkpoint that was too large for the answer. */
    const apart: Ownership[] = [];
    begun.forEach((ownership, index) => {
      if (!isLocked[index]) {
        // Somebody holds the lock of this very entry: a consumer of the Go client that has not let go. Wait for it.
        lockHeld += 1;
        this.#ownerships.contended(ownership);
        return;
      }
      const answer = results[at++] as Acquired;
      const { result } = answer;
      if (result === 'owned') {
        if (answer.overwrote) {
          const { name, id } = ownership;
          this.#kernel.logger.warn(
            { stream: name, id },
            'the owner record of a stream held no entry id; it was written anew',
          );
        }
        owned.push(ownership);
        ownership.checkpoint = answer.checkpoint;
        ownership.hasCheckpoint = answer.checkpoint !== undefined;
        this.#ownerships.verified(ownership);
        if (answer.checkpoint === '') apart.push(ownership);
        else this.#handWhenCertain(ownership);
      } else if (result === 'contended') {
        contended += 1;
        this.#ownerships.contended(ownership);
      } else {
        if (result === 'parked') parked += 1;
        if (result === 'coalesced') coalesced += 1;
        refused.push(ownership);
        ownership.send({ type: 'refused' });
      }
    });
    const count = owned.length;
    this.acquired += count;
    seam.emit('acquired', {
      count,
      entries: owned,
      contended,
      lockHeld,
      refused: refused.length - parked - coalesced,
      tookMs,
    });
    if (parked + coalesced > 0) this.#setAside(parked, coalesced);
    if (refused.length > 0) await releaseLocks(this.#kernel, refused);
    if (apart.length > 0) await this.#handWithCheckpoints(apart);
    return count;
  }

  /** Nobody is given a stream without what is kept of it. Those whose it cannot be read are as if they had not been read. */
  async #handWithCheckpoints(owned: readonly Ownership[]): Promise<void> {
    try {
      const records = await this.#kernel.checkpoints.read(owned.map(({ name }) => name));
      owned.forEach((ownership, index) => {
        ownership.checkpoint = records[index] ?? undefined;
        this.#handWhenCertain(ownership);
      });
    } catch (error) {
      this.#drop(owned);
      this.#lease.report(error);
      this.#lease.verify('checkpoints could not be read');
      throw error;
    }
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
      if (parked + coalesced > 0) this.#setAside(parked, coalesced);
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

  #setAside(parked: number, coalesced: number): void {
    this.#parking.parked += parked;
    this.#parking.coalesced += coalesced;
    this.#kernel.seam.emit('parked', { count: parked, coalesced });
  }

  #handWhenCertain(ownership: Ownership): void {
    if (ownership.state === 'acquiring') ownership.send({ type: 'verified' });
    if (this.#isStopped) return;
    if (this.#lease.isCertain) {
      this.#hand(ownership);
      return;
    }
    this.#held.push(ownership);
    // Should the next beat be answered before a timer has noticed, nothing would ever be confirmed.
    this.#lease.overdue();
  }

  #hand(ownership: Ownership): void {
    // First, so that a handler that fails before it returns meets a stream that can fail.
    ownership.send({ type: 'handed' });
    this.#kernel.application.added(ownership);
  }
}
