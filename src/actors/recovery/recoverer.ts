/** Takes entries from consumers that are dead. What the reconciler's sweep and scan, keyspace hints and `claim()` have in common. */
import { compareEntryIds, nextEntryId } from '../../core/entry-id.js';
import { dueReason } from '../../redis/due-consumer.js';
import { announcedName } from '../../redis/announced-name.js';
import { entryBytes, HARMLESS_BYTES, type Info, parseEntry, type RawEntry } from '../../redis/entry.js';
import type { ReadEntry } from '../../redis/entry-reader.js';
import type { Nameless, RequeueOptions } from '../../redis/group.js';
import type { EntryRef, Moved } from '../../redis/lease-store.js';
import { isIncarnation } from '../../redis/names.js';
import { retryCountOf } from '../../redis/own-fields.js';
import { ParseTurns } from '../../redis/parse-turns.js';
import { batchEnd, lengthOfName, textBatches } from '../../redis/text-batches.js';
import type { ExpiredEntry } from '../application.js';
import type { Kernel } from '../kernel.js';
import type { DeadLetters } from './dead-letters.js';
import type { MoveLedger } from './move-ledger.js';

/** Keeps the script below 5 ms. */
const BATCH = 200;

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Beside its name its lock key goes along. */
function lengthOf({ name }: EntryRef): number {
  return 2 * name.length;
}

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

type Announced = { readonly name: string; readonly info: Info | null; readonly retryCount: number };

function sizeOf(entry: ReadEntry): number {
  return entry.outcome === 'read' ? entryBytes(entry.fields) : 0;
}

/** Entries of one consumer, read and ready to be moved. */
interface Page {
  readonly refs: readonly EntryRef[];
  readonly expired: readonly ExpiredEntry[];
  /** Why nobody here knows their names; undefined: as far as they can be parsed, they have one. */
  readonly nameless?: Nameless | undefined;
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

  /** Everything that is pending for a consumer. */
  async takeAll(from: string, options: TakeOptions): Promise<Taken> {
    return await this.#takePages(from, this.#allPages(from), options);
  }

  /** These entries of one consumer. */
  async take(from: string, ids: readonly string[], options: TakeOptions): Promise<Taken> {
    return await this.#takePages(from, this.#pages(from, ids), options);
  }

  /** Page by page; the next page is read while the last one is moved. */
  async #takePages(
    from: string,
    pages: AsyncGenerator<Page, void, undefined>,
    options: TakeOptions,
  ): Promise<Taken> {
    let taken = NOTHING;
    let moving = Promise.resolve(NOTHING);
    for await (const page of pages) {
      const part = await moving;
      taken = sum(taken, part);
      if (part.isAlive) return taken;
      moving = this.#takePage(from, page, options);
      // Awaited above or below, unless reading fails first.
      moving.catch(() => {});
    }
    return sum(taken, await moving);
  }

  async #takePage(from: string, page: Page, options: TakeOptions): Promise<Taken> {
    const { refs, expired } = page;
    if (refs.length === 0) return NOTHING;
    const moved = await this.#move(from, page, options.minIdleMs);
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
    for await (const { expired } of this.#allPages(from, (id) => !told.has(id))) {
      const standing = await this.#standingLocks(from, expired);
      for (const entry of expired) {
        const ttl = standing.get(entry.id);
        if (ttl !== undefined) {
          // A lock that never runs out may still be released.
          lockTtlMs = Math.max(lockTtlMs, ttl, 1);
          continue;
        }
        told.add(entry.id);
        this.#kernel.application.expired(entry);
      }
    }
    return lockTtlMs;
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
    for (const some of textBatches(entries, BATCH, lengthOfName)) {
      const ttls = await group.timesToLive(some.map(({ name, id }) => names.lock(name, id)));
      ttls.forEach((answer, index) => {
        const unknown = isIncarnation(from) ? -2 : settings.heartbeatMs;
        const ttl = answer instanceof Error ? unknown : answer;
        if (ttl !== -2) standing.set((some[index] as EntryRef).id, ttl);
      });
    }
    return standing;
  }

  async tell(from: string, ids: readonly string[]): Promise<void> {
    for await (const { expired } of this.#pages(from, ids)) {
      for (const entry of expired) this.#kernel.application.expired(entry);
    }
  }

  /** One entry, whoever has it; what became of it. Undefined: it is not pending for anybody. */
  async takeOne(id: string): Promise<Moved['outcome'] | 'alive' | undefined> {
    const { group, consumer, settings } = this.#kernel;
    const [row] = await group.pendingOf([id]);
    // One that is due for the dead-letter stream is nobody's any more.
    if (row === undefined || dueReason(row.consumer) !== undefined) return undefined;
    if (row.consumer === consumer) return 'alive';
    const minIdleMs = isIncarnation(row.consumer) ? 0 : settings.heartbeatMs;
    // A consumer of the Go client has read it just now, and may be about to take its lock.
    if (row.idleMs < minIdleMs) return 'alive';
    for await (const page of this.#pages(row.consumer, [id])) {
      const moved = await this.#move(row.consumer, page, minIdleMs);
      return moved === 'alive' ? 'alive' : moved[0]?.outcome;
    }
    // Nobody knows its name, and so its lock.
    return 'alive';
  }

  async #move(
    from: string,
    { refs, nameless }: Page,
    minIdleMs: number,
  ): Promise<readonly Moved[] | 'alive'> {
    // Locks in other slots cannot be looked at in the step that takes the entries, so they are asked for before it. That leaves room for a
    // consumer of the Go client to take its own back in between; among ours presence decides, in that step.
    const isAskedFor = !this.#kernel.layout.locksAreLocal;
    const standing = isAskedFor ? await this.#standingLocks(from, refs) : new Map<string, number>();
    const free = refs.filter(({ id }) => !standing.has(id));
    const moved = free.length > 0 ? await this.#requeue(from, free, minIdleMs, nameless) : [];
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
    nameless: Nameless | undefined,
  ): Promise<readonly Moved[] | 'alive'> {
    const { group, layout, names, settings } = this.#kernel;
    const looksAtLocks = settings.lockKeys && layout.locksAreLocal;
    const moved: Moved[] = [];
    // Large ones are moved a few at a time.
    while (moved.length < refs.length) {
      const rest = refs.slice(moved.length, batchEnd(refs, moved.length, BATCH, lengthOf));
      const asked: RequeueOptions = {
        minIdleMs,
        ...(nameless === undefined ? {} : { nameless }),
        spendAlways: !isIncarnation(from),
        lockKeys: looksAtLocks ? rest.map(({ name, id }) => names.lock(name, id)) : [],
      };
      const result = await group.requeue(from, rest, asked).catch((error: unknown) => {
        this.#ledger.ids.failed(error);
        throw error;
      });
      if (result === 'alive') {
        if (moved.length === 0) return 'alive';
        // It has come back meanwhile.
        const left = refs.slice(moved.length);
        return [...moved, ...left.map((): Moved => ({ outcome: 'notPending', copyId: '', retryCount: 0 }))];
      }
      const settled = await this.#deadLetters.settle(rest.slice(0, result.moved.length), result, {
        cause: 'dead',
        owner: from,
      });
      this.#ledger.record('dead', rest.slice(0, result.moved.length), settled);
      moved.push(...settled.moved);
    }
    return moved;
  }

  /** @param isWanted of which entries the payload is read */
  async *#allPages(
    from: string,
    isWanted: (id: string) => boolean = () => true,
  ): AsyncGenerator<Page, void, undefined> {
    let start = '-';
    for (;;) {
      const rows = await this.#kernel.group.pending(start, BATCH, from);
      yield* this.#pages(
        from,
        rows.map(({ id }) => id).filter((id) => isWanted(id)),
      );
      const last = rows.at(-1);
      if (last === undefined || rows.length < BATCH) return;
      start = nextEntryId(last.id);
    }
  }

  /**
   * Names and what the application is told. A deleted entry has the name that it is recorded as the owner of; taking it only takes it off the
   * pending list. Nor has one that is too
   * large to be read: the script that takes it sees its size. Of a consumer of the Go client such an entry is read all the same, as nothing but
   * its lock, and so its name, says whether its owner is alive; and left alone where that fails.
   *
   * What its consumer may have died of while it parsed it is not parsed here: whoever takes it would die as well, before it counted as delivered.
   * That is what has many bytes and was never owned; of a consumer of the Go client nobody knows that, so of all that has many bytes its name alone
   * is looked for.
   */
  async *#pages(from: string, ids: readonly string[]): AsyncGenerator<Page, void, undefined> {
    const { clock, entries, group, settings } = this.#kernel;
    const isOurs = isIncarnation(from);
    const mostBytes = isOurs ? settings.maxEntryBytes : Number.POSITIVE_INFINITY;
    const turns = new ParseTurns(clock);
    // Walks all owners: once, and only where it is needed.
    let records: Promise<ReadonlyMap<string, string>> | undefined;
    for await (const page of entries.pages(ids, mostBytes)) {
      const costly = new Set(page.filter((entry) => sizeOf(entry) > HARMLESS_BYTES).map(({ id }) => id));
      if (page.some(({ id, outcome }) => outcome === 'gone' || (isOurs && costly.has(id))))
        records ??= group.namesOf(ids);
      const recorded = (await records) ?? NO_NAMES;
      const refs: EntryRef[] = [];
      const tooLarge: EntryRef[] = [];
      const unread: EntryRef[] = [];
      const expired: ExpiredEntry[] = [];
      for (const entry of page) {
        const { id } = entry;
        if (entry.outcome === 'tooLarge') {
          this.#tellTooLarge(from, entry);
          if (isOurs) tooLarge.push({ id, name: '' });
          continue;
        }
        if (isOurs && costly.has(id) && !recorded.has(id)) {
          unread.push({ id, name: '' });
          continue;
        }
        const turn = turns.before(sizeOf(entry));
        if (turn) await turn;
        const announced =
          entry.outcome === 'read' ? this.#announced(entry, !isOurs && costly.has(id)) : undefined;
        if (announced === undefined) {
          refs.push({ id, name: recorded.get(id) ?? '' });
          continue;
        }
        refs.push({ id, name: announced.name });
        expired.push({ id, ...announced, owner: from });
      }
      for (const some of [refs, tooLarge, unread]) some.sort((a, b) => compareEntryIds(a.id, b.id));
      if (refs.length > 0) yield { refs, expired };
      if (tooLarge.length > 0) yield { refs: tooLarge, expired: [], nameless: 'tooLarge' };
      if (unread.length > 0) yield { refs: unread, expired: [], nameless: 'unread' };
    }
  }

  /** What an entry announces. Undefined: it cannot be parsed. */
  #announced(entry: RawEntry, nameAlone: boolean): Announced | undefined {
    if (nameAlone) {
      const name = announcedName(entry.fields);
      return name === '' ? undefined : { name, info: null, retryCount: retryCountOf(entry.fields) };
    }
    const parsed = parseEntry(entry, this.#kernel.settings.largeIntegers);
    return parsed.ok ? { ...parsed.announcement, retryCount: parsed.retryCount } : undefined;
  }

  #tellTooLarge(from: string, { id, bytes }: Extract<ReadEntry, { outcome: 'tooLarge' }>): void {
    const what = isIncarnation(from) ? 'dead-lettered' : 'left where it is';
    this.#kernel.logger.warn({ id, owner: from, bytes }, `an entry is too large to be read, and is ${what}`);
  }
}
