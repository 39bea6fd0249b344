/**
 * Whose each entry is, by the history that Redis keeps in the very scripts that change an owner. Checked record by record: one recorded owner a
 * name, tokens that grow, retries exact to the one.
 */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import { isSuspect, PROVEN, UNMARKED } from '../../src/redis/marks.js';
import { isIncarnation } from '../../src/redis/names.js';
import type {
  AcquiredRecord,
  DelayedRecord,
  HistoryRecord,
  MovedRecord,
  RequeuedRecord,
} from '../../src/testing/history-records.js';
import { isTooMany, nextTrial } from './suspects.js';
import type { Violations } from './violations.js';

export interface EntryLife {
  readonly id: string;
  readonly name: string;
  /** The announced entry that it is, or is a copy of. */
  readonly root: string;
  retryCount: number;
  /** What Redis has of how often it was delivered, which is a mark where it is owned; undefined: a tool, or lost data, had a hand in it. */
  mark: number | undefined;
  /** As which suspect it is to be begun; 0: as none. */
  trial: number;
  /** Who is recorded as its owner; undefined before, and after its end. */
  owner: string | undefined;
  /** Since when, in milliseconds of the world. */
  ownedAt: number;
  /** It was somebody's once: a death costs a retry then. */
  wasOwned: boolean;
  /** A tool has given it to another consumer, which acquires it without a record. */
  isHanded: boolean;
  /** Owner records were forgotten with the group, or with data: a death may cost a retry or none. */
  isRetryUnknown: boolean;
  /** Its owner has saved something else than it began with. */
  hasAdvanced: boolean;
  /** Its payload was trimmed: nobody can be given it again. */
  isTrimmed: boolean;
  /** A producer has cancelled it while a consumer had it: it is given to nobody after that one. */
  isCancelled: boolean;
  /** It was taken off the pending list and stays on the stream: nobody is given it again. */
  isOrphaned: boolean;
  end:
    | 'finished'
    | 'requeued'
    | 'deadLettered'
    | 'deadLetterDue'
    | 'gone'
    | 'cancelled'
    | 'coalesced'
    | 'excused'
    | undefined;
  /** Who finished it, or moved it. */
  endedBy: string | undefined;
}

/** What the server's data say of entries, as far as the ledger knows. */
export interface Standing {
  readonly open: readonly EntryLife[];
  /** Of these the ones that are due for the dead-letter stream. */
  readonly due: ReadonlySet<EntryLife>;
  /** On the stream, and off the pending list. */
  readonly orphaned: readonly EntryLife[];
}

/** Of a server without data. */
export const NOTHING: Standing = { open: [], due: new Set(), orphaned: [] };

/** An entry was moved out of a consumer's hands. */
interface Departure {
  /** Milliseconds of the world. */
  readonly atMs: number;
  readonly why: string;
  readonly by: string;
}

export interface LedgerLimits {
  readonly maxRetries: number;
  /** Less what clocks may be wrong by. */
  readonly provenAfterMs: number;
}

export interface LedgerHooks {
  /** An entry was taken out of its owner's hands by somebody else. */
  taken(life: EntryLife, from: string, why: string, by: string): void;
  /** A handler of this consumer has thrown for this entry, and nothing has come of that yet. */
  takeThrow(consumer: string, id: string): boolean;
}

/** Who takes by `claim`, and by `claim --force`. */
export const OPERATOR = 'operator';
export const INSISTING_OPERATOR = 'insisting operator';

function isOperator(by: string): boolean {
  return by === OPERATOR || by === INSISTING_OPERATOR;
}

/** It is kept beside the stream: such an id is none of an entry. */
export function isAside(id: string): boolean {
  return id.startsWith('delayed:') || isParked(id);
}

export function isParked(id: string): boolean {
  return id.startsWith('parked:');
}

/** It has not come to an end: one that is due for the dead-letter stream has not been written there yet. */
export function isOpen({ end }: EntryLife): boolean {
  return end === undefined || end === 'deadLetterDue';
}

/** Of how many retries each requeueing costs. */
const CLAUSES = { dead: 'C-EXP-5', failed: 'C-HAND-3', waiting: 'C-NAME-2', handOver: 'C-STOP-2' } as const;

export class Ledger {
  readonly lives = new Map<string, EntryLife>();
  readonly #violations: Violations;
  readonly #hooks: LedgerHooks;
  readonly #maxRetries: number;
  readonly #provenAfterMs: number;
  readonly #now: () => number;
  /** Data stream name → the entry that is recorded as owned. */
  readonly #owned = new Map<string, EntryLife>();
  readonly #lastTokens = new Map<string, string>();
  /** Announced entries whose history does not say everything, themselves or a copy: a tool, or lost data, had a hand in it. */
  readonly #gaps = new Set<string>();
  /** By consumer. */
  readonly #departures = new Map<string, Departure[]>();
  /** Dead letters, by their ids: what became one. */
  readonly letters = new Map<string, EntryLife>();
  /** No letter has been lost with data. */
  knowsLetters = true;
  /** Nothing of the history has been lost with data. */
  knowsAll = true;
  /** An entry was added with an id that is far ahead of the clock. */
  isAhead = false;
  records = 0;
  /** Streams taken over from the dead. */
  takeovers = 0;

  /** @param now milliseconds of the world */
  constructor(violations: Violations, limits: LedgerLimits, now: () => number, hooks: LedgerHooks) {
    this.#violations = violations;
    this.#now = now;
    this.#maxRetries = limits.maxRetries;
    this.#provenAfterMs = limits.provenAfterMs;
    this.#hooks = hooks;
  }

  announced(id: string, name: string, retryCount = 0, root = id, trial = 0): void {
    this.lives.set(id, {
      id,
      name,
      root,
      retryCount,
      mark: UNMARKED,
      trial,
      owner: undefined,
      ownedAt: Number.POSITIVE_INFINITY,
      wasOwned: false,
      isHanded: false,
      isRetryUnknown: false,
      hasAdvanced: false,
      isTrimmed: false,
      isCancelled: false,
      isOrphaned: false,
      end: undefined,
      endedBy: undefined,
    });
  }

  /** Whether the history says everything about this entry and what it is a copy of. */
  isWhole(id: string): boolean {
    return !this.#gaps.has(this.lives.get(id)?.root ?? id);
  }

  /** Entries that have not come to an end. */
  get open(): EntryLife[] {
    return [...this.lives.values()].filter(isOpen);
  }

  /** What a copy of the data that is made now says. */
  get standing(): Standing {
    const { open } = this;
    return {
      open,
      due: new Set(open.filter(({ end }) => end !== undefined)),
      orphaned: [...this.lives.values()].filter(({ isOrphaned }) => isOrphaned),
    };
  }

  /** C-OUT-5: what has not ended is delivered anew under the same id, whoever owned it, and tokens repeat. */
  deliveredAnew(): void {
    for (const life of this.lives.values()) {
      if (!life.isOrphaned && !isOpen(life)) continue;
      life.isOrphaned = false;
      life.end = undefined;
    }
    this.#forgetOwners();
  }

  /** C-ADD-9: nobody remembers who owned this name last. */
  endingLost(name: string): void {
    const last = this.lives.get(this.#lastTokens.get(name) ?? '');
    if (last !== undefined) this.#gaps.add(last.root);
    this.#lastTokens.delete(name);
  }

  /**
   * C-ADD-9: nor who owns it. Returns what is owned under that name.
   *
   * @param stood the record that was there: after a loss of data the history does not say who owns what
   */
  recordLost(name: string, stood: string | null): EntryLife[] {
    this.endingLost(name);
    const life = this.#owned.get(name) ?? this.lives.get(stood ?? '');
    if (life === undefined || !isOpen(life)) return [];
    this.#gaps.add(life.root);
    this.#owned.delete(name);
    life.isHanded = true;
    life.isRetryUnknown = true;
    life.mark = undefined;
    return [life];
  }

  #forgetOwners(): void {
    for (const life of this.open) {
      this.#gaps.add(life.root);
      life.owner = undefined;
      life.isHanded = true;
      life.isRetryUnknown = true;
      life.mark = undefined;
    }
    this.#owned.clear();
    this.#lastTokens.clear();
  }

  /** What has left a consumer's hands, since then: milliseconds of the world. */
  departures(consumer: string, sinceMs: number): readonly Departure[] {
    return (this.#departures.get(consumer) ?? []).filter(({ atMs }) => atMs >= sinceMs);
  }

  /** C-LOST-3, C-OVL-6: the server knows only what stood then. What was announced since is lost, and what has ended since has not. */
  rolledBack({ open, due, orphaned }: Standing): void {
    this.knowsAll = false;
    const known = new Set(open);
    for (const life of this.lives.values()) life.isOrphaned = false;
    for (const life of this.open) {
      if (known.has(life)) continue;
      this.#gaps.add(life.root);
      this.#close(life, 'excused', undefined);
    }
    for (const life of known) life.end = due.has(life) ? 'deadLetterDue' : undefined;
    for (const life of orphaned) this.orphaned(life);
    this.#forgetOwners();
  }

  /** C-LOST-3, C-LOST-6: it was gone, with the data or by a tool, before the ledger heard of it. */
  lostAsAdded(id: string): void {
    const life = this.lives.get(id);
    if (life === undefined) return;
    this.#gaps.add(life.root);
    this.#close(life, 'excused', undefined);
  }

  /** C-OVL-5: a tool gave it to another consumer under the same id: whoever is recorded next is right. */
  handed(life: EntryLife): void {
    this.#gaps.add(life.root);
    life.owner = undefined;
    life.end = undefined;
    life.isHanded = true;
    life.mark = undefined;
  }

  /** C-LOST-6: its payload was gone, and Redis took it off the pending list as somebody claimed it. It owns its name no more. */
  claimedInVain(life: EntryLife): void {
    this.#gaps.add(life.root);
    this.#close(life, 'excused', undefined);
  }

  /** A tool destroyed what was pending: the entry stays on the stream, and nobody is given it. */
  orphaned(life: EntryLife): void {
    this.#gaps.add(life.root);
    life.isOrphaned = true;
    this.#close(life, 'excused', undefined);
  }

  /** Entries that are lost: neither ended nor on the stream, and no tool has trimmed them. */
  lost(onStream: ReadonlySet<string>): EntryLife[] {
    return this.open.filter(({ id, isTrimmed, end }) => !isTrimmed && end === undefined && !onStream.has(id));
  }

  /** Redis has this mark of it now. */
  marked(id: string, mark: number): void {
    const life = this.lives.get(id);
    if (life?.mark === undefined) return;
    const heldMs = this.#now() - life.ownedAt;
    const isEarly = heldMs < this.#provenAfterMs && !life.hasAdvanced;
    if (mark === PROVEN && life.mark !== PROVEN && life.owner !== undefined && isEarly) {
      this.#violations.add(
        'C-EXP-8',
        `${life.name} ${id} is marked as proven, held for ${heldMs.toFixed(0)} ms by ${life.owner}`,
      );
    }
    life.mark = mark;
  }

  /** This owner has marked it as proven. */
  isProven(id: string, owner: string): boolean {
    const life = this.lives.get(id);
    return life?.mark === PROVEN && life.owner === owner && isIncarnation(owner);
  }

  ownerOf(id: string): string | undefined {
    return this.lives.get(id)?.owner;
  }

  add(record: HistoryRecord): void {
    this.records += 1;
    const life = this.lives.get(record.id);
    if (life === undefined) {
      this.#violations.add(
        'C-ADD-1',
        `a record of an entry that nobody announced: ${JSON.stringify(record)}`,
      );
      return;
    }
    if (!isOpen(life)) {
      this.#violations.add('C-DONE-1', `${record.op} after its end (${life.end}): ${JSON.stringify(record)}`);
    }
    switch (record.op) {
      case 'acquired':
        this.#acquired(life, record);
        break;
      // What it says is looked at elsewhere.
      case 'saved':
        break;
      case 'finished':
        if (life.owner !== record.owner && !life.isHanded) {
          this.#violations.add(
            'C-DONE-1',
            `${record.owner} finished ${life.name} ${life.id}, which is recorded as owned by ${life.owner ?? 'nobody'}`,
          );
        }
        this.#close(life, 'finished', record.owner);
        break;
      case 'requeued':
      case 'delayed':
        this.#requeued(life, record);
        break;
      case 'undelayed':
        this.#close(life, 'requeued', record.by);
        this.announced(record.copy, life.name, life.retryCount, life.root, life.trial);
        break;
      case 'parked':
        this.#moved(life, record, 'requeued');
        this.announced(record.copy, life.name, life.retryCount, life.root, life.trial);
        break;
      case 'unparked':
        this.#close(life, 'requeued', record.by);
        this.announced(record.copy, life.name, life.retryCount, life.root, life.trial);
        break;
      case 'coalesced':
        this.#moved(life, record, 'coalesced');
        break;
      case 'cancelled':
        this.#moved(life, record, 'cancelled');
        break;
      case 'deadLettered':
      case 'deadLetterDue':
        this.#deadLettered(life, record);
        // Its owner record is cleared: a tool may take it from there, for somebody who has not owned it.
        life.wasOwned = false;
        break;
      case 'gone':
        if (!life.isTrimmed) {
          this.#violations.add(
            'C-OVL-1',
            `${life.name} ${life.id} lost its payload, and no tool has trimmed it`,
          );
        }
        this.#moved(life, record, 'gone');
        break;
    }
  }

  #acquired(life: EntryLife, { id, name, owner }: AcquiredRecord): void {
    const present = this.#owned.get(name);
    if (present !== undefined && present.id !== id) {
      this.#violations.add(
        'C-NAME-1',
        `${owner} is recorded as owner of ${name} by ${id}, while ${present.owner} is by ${present.id}`,
      );
    } else if (life.owner !== undefined && life.owner !== owner) {
      this.#violations.add('C-OVL-1', `${owner} acquired ${name} ${id}, which ${life.owner} owns`);
    }
    if (life.end === 'deadLetterDue') {
      // Set back, the group may give it out anew in the very instant in which it becomes due.
      if (!life.isHanded) {
        this.#violations.add(
          'C-POI-2',
          `${owner} acquired ${name} ${id}, which is due for the dead-letter stream`,
        );
      }
      life.end = undefined;
    }
    const last = this.#lastTokens.get(name);
    if (last !== undefined && compareFencingTokens(id, last) < 0) {
      this.#violations.add('C-ADD-7', `the token of ${name} shrank: ${last}, then ${id} of ${owner}`);
    }
    this.#lastTokens.set(name, id);
    this.#owned.set(name, life);
    // What waited, or was held back, is not proven by that.
    if (life.mark !== undefined && !isSuspect(life.mark)) life.mark = UNMARKED;
    if (life.owner !== owner) life.ownedAt = this.#now();
    life.owner = owner;
    life.wasOwned = true;
    life.isHanded = false;
    life.isRetryUnknown = false;
  }

  #requeued(life: EntryLife, record: RequeuedRecord | DelayedRecord): void {
    const { copy, count, why, from, by } = record;
    this.#checkProven(life, record);
    const spent = count - (record.proven ? 0 : life.retryCount);
    const due = this.#retriesDue(life, record);
    this.#checkTrial(life, record);
    if (spent !== due && !(life.isRetryUnknown && why === 'dead')) {
      this.#violations.add(
        CLAUSES[why],
        `${spent} retries were spent on ${life.name} ${life.id} (${why}, of ${from}, by ${by}), expected ${due}`,
      );
    }
    // How many retries are allowed an operator does not know.
    if (count > this.#maxRetries && spent > 0 && !isOperator(by)) {
      this.#violations.add('C-POI-2', `${life.name} ${life.id} was requeued with ${count} retries`);
    }
    this.#moved(life, record, 'requeued');
    this.announced(copy, life.name, count, life.root, record.trial);
  }

  /** C-EXP-8: what its owner has marked, and nothing else. A consumer of the Go client marks nothing, and an operator takes as from one. */
  #checkProven(life: EntryLife, { from, by, proven }: RequeuedRecord | DelayedRecord): void {
    const isSaid = proven === true;
    if (life.mark === undefined) return;
    const isProven = this.isProven(life.id, from);
    if (isSaid === isProven) return;
    this.#violations.add(
      'C-EXP-8',
      `${life.name} ${life.id} of ${from} was taken by ${by} as ${isSaid ? 'proven' : 'not proven'}; its mark was ${life.mark}`,
    );
  }

  /** C-POI-11: what a death convicts of is exactly what was begun alone, and of the others exactly a quarter is begun together next. */
  #checkTrial(life: EntryLife, { why, from, by, proven, trial = 0 }: RequeuedRecord | DelayedRecord): void {
    if (life.mark === undefined) return;
    const isDeath = why === 'dead' && !isOperator(by);
    const due = proven
      ? 0
      : isDeath && isTooMany(life, from, this.#maxRetries)
        ? nextTrial(life)
        : life.trial;
    if (trial === due) return;
    this.#violations.add(
      'C-POI-11',
      `${life.name} ${life.id} of ${from} goes on as suspect ${trial} (${why}), expected ${due ?? 'its letter'}; its mark was ${life.mark}, its trial ${life.trial}`,
    );
  }

  #retriesDue(life: EntryLife, { why, from, by, trial }: RequeuedRecord | DelayedRecord): number {
    // Nobody knows whether it was to blame.
    if (why === 'dead' && trial !== undefined && !isOperator(by) && isTooMany(life, from, this.#maxRetries))
      return 0;
    // A tool gave it to another consumer, which the record goes on naming as its owner, and nobody knows its mark.
    const isUnknown = life.mark === undefined && life.retryCount >= this.#maxRetries;
    if (why === 'dead' && isUnknown && trial !== undefined && trial !== life.trial) return 0;
    // A consumer of the Go client keeps no record of what it was given.
    if (why === 'dead') return life.wasOwned || !isIncarnation(from) ? 1 : 0;
    if (why !== 'failed') return 0;
    if (!this.#hooks.takeThrow(from, life.id)) {
      this.#violations.add(
        'C-HAND-3',
        `${from} spent a retry on ${life.name} ${life.id}, whose handler did not throw`,
      );
    }
    return 1;
  }

  #deadLettered(
    life: EntryLife,
    record: Extract<HistoryRecord, { op: 'deadLettered' | 'deadLetterDue' }>,
  ): void {
    const { count, reason } = record;
    if (record.op === 'deadLettered') this.letters.set(record.copy, life);
    if (life.end === 'deadLetterDue') {
      life.end = 'deadLettered';
      return;
    }
    const isDeath = record.by !== record.from;
    if (reason === 'max_retries_exceeded' && isDeath && life.mark !== undefined) {
      const isTried = isTooMany(life, record.from, this.#maxRetries);
      if (isTried && nextTrial(life) !== undefined) {
        this.#violations.add(
          'C-POI-11',
          `${life.name} ${life.id} of ${record.from} was convicted by ${record.by}, although it was not begun alone; its mark was ${life.mark}, its trial ${life.trial}`,
        );
      }
    }
    const before = life.mark === PROVEN && life.owner === record.from ? 0 : life.retryCount;
    if (reason === 'max_retries_exceeded' && (count <= this.#maxRetries || count !== before + 1)) {
      this.#violations.add(
        'C-POI-2',
        `${life.name} ${life.id} was dead-lettered with ${count} retries, after ${life.retryCount} of ${this.#maxRetries}`,
      );
    }
    if (record.by === record.from) this.#hooks.takeThrow(record.from, life.id);
    this.#moved(life, record, record.op);
  }

  #moved(life: EntryLife, record: MovedRecord & { op: string; why?: string }, end: EntryLife['end']): void {
    const { from, by } = record;
    if (record.why === 'dead') this.takeovers += 1;
    const departures = this.#departures.get(from) ?? [];
    departures.push({ atMs: this.#now(), why: record.why ?? record.op, by });
    this.#departures.set(from, departures);
    if (from !== by) this.#hooks.taken(life, from, record.why ?? record.op, by);
    this.#close(life, end, by);
  }

  #close(life: EntryLife, end: EntryLife['end'], by: string | undefined): void {
    if (this.#owned.get(life.name) === life) this.#owned.delete(life.name);
    life.owner = undefined;
    life.end = end;
    life.endedBy = by;
  }
}
