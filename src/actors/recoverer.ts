/** Takes entries from consumers that are dead. What the reconciler's sweep and scan, keyspace hints and `claim()` have in common. */
import { compareEntryIds, nextEntryId } from '../core/entry-id.js';
import { parseEntry } from '../redis/entry.js';
import type { EntryRef, Moved } from '../redis/lease-store.js';
import { isIncarnation } from '../redis/names.js';
import type { ExpiredEntry } from './application.js';
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

export class Recoverer {
  readonly #kernel: Kernel;
  readonly #ledger: MoveLedger;

  constructor(kernel: Kernel, ledger: MoveLedger) {
    this.#kernel = kernel;
    this.#ledger = ledger;
  }

  /** Everything that is pending for a consumer, page by page. */
  async takeAll(from: string, options: TakeOptions): Promise<Taken> {
    let taken = NOTHING;
    let start = '-';
    for (;;) {
      const page = await this.#kernel.group.pending(start, BATCH, from);
      const last = page.at(-1);
      if (last === undefined) return taken;
      taken = sum(
        taken,
        await this.take(
          from,
          page.map(({ id }) => id),
          options,
        ),
      );
      if (taken.isAlive || page.length < BATCH) return taken;
      start = nextEntryId(last.id);
    }
  }

  /** At most 200 entries of one consumer. */
  async take(from: string, ids: readonly string[], options: TakeOptions): Promise<Taken> {
    const { refs, expired } = await this.#read(from, ids);
    if (refs.length === 0) return NOTHING;
    const moved = await this.#move(from, refs, options.minIdleMs);
    if (moved === 'alive') return { ...NOTHING, isAlive: true };
    if (options.tell) this.#tellTaken(refs, moved, expired);
    return moved.reduce<Taken>((taken, { outcome, lockTtlMs = 0 }) => {
      const isLocked = outcome === 'locked';
      return sum(taken, {
        requeued: outcome === 'requeued' ? 1 : 0,
        deadLettered: outcome === 'deadLettered' ? 1 : 0,
        locked: isLocked ? 1 : 0,
        // One that never runs out is looked at like the others, and not all the time.
        lockTtlMs: isLocked ? (lockTtlMs < 0 ? Number.POSITIVE_INFINITY : Math.max(1, lockTtlMs)) : 0,
        isAlive: false,
      });
    }, NOTHING);
  }

  /** Only of what was taken: an owner whose lock stands is alive, and what another took has been told of there. */
  #tellTaken(refs: readonly EntryRef[], moved: readonly Moved[], expired: readonly ExpiredEntry[]): void {
    const taken = new Set<string>();
    moved.forEach(({ outcome }, index) => {
      if (outcome === 'requeued' || outcome === 'deadLettered') taken.add((refs[index] as EntryRef).id);
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
      const ttls = await this.#lockTtls(expired);
      expired.forEach((entry, index) => {
        const ttl = ttls[index] ?? -2;
        if (ttl !== -2) {
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

  #lockTtls(entries: readonly EntryRef[]): Promise<number[]> {
    const { group, names, settings } = this.#kernel;
    if (!settings.lockKeys) return Promise.resolve([]);
    return group.timesToLive(entries.map(({ name, id }) => names.lock(name, id)));
  }

  async tell(from: string, ids: readonly string[]): Promise<void> {
    const { expired } = await this.#read(from, ids);
    for (const entry of expired) this.#kernel.application.expired(entry);
  }

  /** One entry, whoever has it; what became of it. Undefined: it is not pending for anybody. */
  async takeOne(id: string): Promise<Moved['outcome'] | 'alive' | undefined> {
    const { group, consumer, settings } = this.#kernel;
    const [row] = await group.pendingOf([id]);
    if (row === undefined) return undefined;
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
    const { group, names, settings } = this.#kernel;
    const result = await group.requeue(from, refs, {
      minIdleMs,
      spendAlways: !isIncarnation(from),
      lockKeys: settings.lockKeys ? refs.map(({ name, id }) => names.lock(name, id)) : [],
    });
    if (result === 'alive') return 'alive';
    this.#ledger.record('dead', result);
    return result.moved;
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
