/** Takes entries from consumers that are dead. What the reconciler's sweep and scan, keyspace hints and `claim()` have in common. */
import { compareEntryIds, nextEntryId } from '../core/entry-id.js';
import { dueReason } from '../redis/due-consumer.js';
import { parseEntry } from '../redis/entry.js';
import type { EntryRef, Moved } from '../redis/lease-store.js';
import { isIncarnation } from '../redis/names.js';
import type { ExpiredEntry } from './application.js';
import type { DeadLetters } from './dead-letters.js';
import type { Kernel } from './kernel.js';
import type { MoveLedger } from './move-ledger.js';

/** Keeps the script below 5 ms. */
const BATCH = 200;

export interface Taken {
  readonly requeued: number;
  readonly deadLettered: number;
  readonly locked: number;
  /** Remaining time to live of the lock that runs out last, in milliseconds; 0: none stands. */
  readonly lockTtlMs: number;
  /** Its presence stands: nothing was taken. */
  readonly isAlive: boolean;
}

export interface TakeOptions {
  /** Entries idle for less are left alone, in milliseconds. */
  readonly minIdleMs: number;
  /** Tell the application of each entry that is taken. */
  readonly tell: boolean;
}

const NOTHING: Taken = { requeued: 0, deadLettered: 0, locked: 0, lockTtlMs: 0, isAlive: false };

function sum(a: Taken, b: Taken): Taken {
  return {
    requeued: a.requeued + b.requeued,
    deadLettered: a.deadLettered + b.deadLettered,
    locked: a.locked + b.locked,
    lockTtlMs: Math.max(a.lockTtlMs, b.lockTtlMs),
    isAlive: a.isAlive || b.isAlive,
  };
}

/** Entries of one consumer, read and ready to be moved. */
interface Page {
  readonly refs: readonly EntryRef[];
  readonly expired: readonly ExpiredEntry[];
  /** Where the next page begins. Undefined: there is none. */
  readonly next?: string | undefined;
}

function tally(moved: readonly Moved[]): Taken {
  let requeued = 0;
  let deadLettered = 0;
  let locked = 0;
  let longestMs = 0;
  for (const { outcome, lockTtlMs = 0 } of moved) {
    if (outcome === 'requeued') requeued += 1;
    else if (outcome === 'deadLettered') deadLettered += 1;
    else if (outcome === 'locked') {
      locked += 1;
      // One that never runs out is looked at like the others, and not all the time.
      longestMs = Math.max(longestMs, lockTtlMs < 0 ? Number.POSITIVE_INFINITY : Math.max(1, lockTtlMs));
    }
  }
  return { requeued, deadLettered, locked, lockTtlMs: longestMs, isAlive: false };
}

export class Recoverer {
  readonly #kernel: Kernel;
  readonly #ledger: MoveLedger;
  readonly #deadLetters: DeadLetters;

  constructor(kernel: Kernel, ledger: MoveLedger, deadLetters: DeadLetters) {
    this.#kernel = kernel;
    this.#ledger = ledger;
    this.#deadLetters = deadLetters;
  }

  /** Everything that is pending for a consumer, page by page; the next page is read while the last one is moved. */
  async takeAll(from: string, options: TakeOptions): Promise<Taken> {
    let taken = NOTHING;
    let page = await this.#readPage(from, '-');
    while (page !== undefined) {
      const [next, part]: [Page | undefined, Taken] = await Promise.all([
        page.next === undefined ? undefined : this.#readPage(from, page.next),
        this.#takePage(from, page, options),
      ]);
      taken = sum(taken, part);
      if (part.isAlive) break;
      page = next;
    }
    return taken;
  }

  /** At most 200 entries of one consumer. */
  async take(from: string, ids: readonly string[], options: TakeOptions): Promise<Taken> {
    return await this.#takePage(from, await this.#read(from, ids), options);
  }

  async #readPage(from: string, start: string): Promise<Page | undefined> {
    const rows = await this.#kernel.group.pending(start, BATCH, from);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const ids = rows.map(({ id }) => id);
    const next = rows.length < BATCH ? undefined : nextEntryId(last.id);
    return { ...(await this.#read(from, ids)), next };
  }

  async #takePage(from: string, { refs, expired }: Page, options: TakeOptions): Promise<Taken> {
    if (refs.length === 0) return NOTHING;
    const moved = await this.#move(from, refs, options.minIdleMs);
    if (moved === 'alive') return { ...NOTHING, isAlive: true };
    if (options.tell) this.#tellTaken(refs, moved, expired);
    return tally(moved);
  }

  /** Only of what was taken: an owner whose lock stands is alive, and what another took has been told of there. */
  #tellTaken(refs: readonly EntryRef[], moved: readonly Moved[], expired: readonly ExpiredEntry[]): void {
    const taken = new Set<string>();
    moved.forEach(({ outcome }, index) => {
      const isTaken = outcome === 'requeued' || outcome === 'deadLettered' || outcome === 'deadLetterDue';
      if (isTaken) taken.add((refs[index] as EntryRef).id);
    });
    for (const entry of expired) if (taken.has(entry.id)) this.#kernel.application.expired(entry);
  }

  /**
   * Tells the application of what is pending for a dead consumer and can be claimed, and takes nothing.
   *
   * @param told what it has been told of already; added to
   * @returns the longest remaining time to live of a lock that stands in the way, in milliseconds; 0: none does
   */
  async tellAll(from: string, told: Set<string>): Promise<number> {
    let lockTtlMs = 0;
    let start = '-';
    for (;;) {
      const page = await this.#kernel.group.pending(start, BATCH, from);
      const ids = page.map(({ id }) => id).filter((id) => !told.has(id));
      const { expired } = await this.#read(from, ids);
      const standing = await this.#standingLocks(from, expired);
      expired.forEach((entry) => {
        const ttl = standing.get(entry.id);
        if (ttl !== undefined) {
          // A lock that never runs out may still be released.
          lockTtlMs = Math.max(lockTtlMs, ttl, 1);
          return;
        }
        told.add(entry.id);
        this.#kernel.application.expired(entry);
      });
      const last = page.at(-1);
      if (last === undefined || page.length < BATCH) return lockTtlMs;
      start = nextEntryId(last.id);
    }
  }

  /**
   * Of entries of this consumer those whose lock stands, with its remaining time to live in milliseconds (-1: for ever). A lock that cannot be
   * asked for, its node being down, says nothing: of our own incarnations presence decides anyway, but the lock is all there is to go
   * by for a consumer of the Go client, so there it stands for another heartbeat.
   */
  async #standingLocks(from: string, entries: readonly EntryRef[]): Promise<ReadonlyMap<string, number>> {
    const { group, names, settings } = this.#kernel;
    const standing = new Map<string, number>();
    if (!settings.lockKeys) return standing;
    const ttls = await group.timesToLive(entries.map(({ name, id }) => names.lock(name, id)));
    ttls.forEach((answer, index) => {
      const unknown = isIncarnation(from) ? -2 : settings.heartbeatMs;
      const ttl = answer instanceof Error ? unknown : answer;
      if (ttl !== -2) standing.set((entries[index] as EntryRef).id, ttl);
    });
    return standing;
  }

  async tell(from: string, ids: readonly string[]): Promise<void> {
    const { expired } = await this.#read(from, ids);
    for (const entry of expired) this.#kernel.application.expired(entry);
  }

  /** One entry, whoever has it; what became of it. Undefined: it is not pending for anybody. */
  async takeOne(id: string): Promise<Moved['outcome'] | 'alive' | undefined> {
    const { group, consumer, settings } = this.#kernel;
    const [row] = await group.pendingOf([id]);
    // One that is due for the dead-letter stream is nobody's any more.
    if (row === undefined || dueReason(row.consumer) !== undefined) return undefined;
    if (row.consumer === consumer) return 'alive';
    const { refs } = await this.#read(row.consumer, [id]);
    const minIdleMs = isIncarnation(row.consumer) ? 0 : settings.heartbeatMs;
    // A consumer of the Go client has read it just now, and may be about to take its lock.
    if (row.idleMs < minIdleMs) return 'alive';
    const moved = await this.#move(row.consumer, refs, minIdleMs);
    return moved === 'alive' ? 'alive' : moved[0]?.outcome;
  }

  async #move(
    from: string,
    refs: readonly EntryRef[],
    minIdleMs: number,
  ): Promise<readonly Moved[] | 'alive'> {
    // Locks in other slots cannot be looked at in the step that takes the entries, so they are asked for before it. That leaves room for a
    // consumer of the Go client to take its own back in between; among ours presence decides, in that step.
    const isAskedFor = !this.#kernel.layout.locksAreLocal;
    const standing = isAskedFor ? await this.#standingLocks(from, refs) : new Map<string, number>();
    const free = refs.filter(({ id }) => !standing.has(id));
    const moved = free.length > 0 ? await this.#requeue(from, free, minIdleMs) : [];
    if (moved === 'alive') return 'alive';
    let at = 0;
    return refs.map(({ id }): Moved => {
      const lockTtlMs = standing.get(id);
      if (lockTtlMs === undefined) return moved[at++] as Moved;
      return { outcome: 'locked', copyId: '', retryCount: 0, lockTtlMs };
    });
  }

  async #requeue(
    from: string,
    refs: readonly EntryRef[],
    minIdleMs: number,
  ): Promise<readonly Moved[] | 'alive'> {
    const { group, layout, names, settings } = this.#kernel;
    const looksAtLocks = settings.lockKeys && layout.locksAreLocal;
    const result = await group.requeue(from, refs, {
      minIdleMs,
      spendAlways: !isIncarnation(from),
      lockKeys: looksAtLocks ? refs.map(({ name, id }) => names.lock(name, id)) : [],
    });
    if (result === 'alive') return 'alive';
    const settled = await this.#deadLetters.settle(refs, result);
    this.#ledger.record('dead', settled);
    return settled.moved;
  }

  /** Names and what the application is told. A deleted entry has no name; taking it only takes it off the pending list. */
  async #read(from: string, ids: readonly string[]): Promise<{ refs: EntryRef[]; expired: ExpiredEntry[] }> {
    const entries = await this.#kernel.group.entries(ids);
    const refs: EntryRef[] = [];
    const expired: ExpiredEntry[] = [];
    entries.forEach((entry, index) => {
      const id = ids[index] as string;
      const parsed = entry && parseEntry(entry);
      if (!parsed?.ok) {
        refs.push({ id, name: '' });
        return;
      }
      const { name, info } = parsed.announcement;
      refs.push({ id, name });
      expired.push({ id, name, info, retryCount: parsed.retryCount, owner: from });
    });
    refs.sort((a, b) => compareEntryIds(a.id, b.id));
    return { refs, expired };
  }
}
