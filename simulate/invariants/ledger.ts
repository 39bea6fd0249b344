/**
 * Whose each entry is, by the history that Redis keeps in the very scripts that change an owner. Checked record by record: one recorded owner a
 * name, tokens that grow, retries exact to the one.
 */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import type {
  AcquiredRecord,
  HistoryRecord,
  MovedRecord,
  RequeuedRecord,
} from '../../src/testing/history-records.js';
import type { Violations } from './violations.js';

export interface EntryLife {
  readonly id: string;
  readonly name: string;
  retryCount: number;
  /** Who is recorded as its owner; undefined before, and after its end. */
  owner: string | undefined;
  /** It was somebody's once: a death costs a retry then. */
  wasOwned: boolean;
  /** A tool has given it to another consumer, which acquires it without a record. */
  isHanded: boolean;
  end: 'finished' | 'requeued' | 'deadLettered' | 'deadLetterDue' | 'gone' | 'excused' | undefined;
  /** Who finished it, or moved it. */
  endedBy: string | undefined;
}

export interface LedgerHooks {
  /** An entry was taken out of its owner's hands by somebody else. */
  taken(life: EntryLife, from: string, why: string): void;
  /** A handler of this consumer has thrown for this entry, and nothing has come of that yet. */
  takeThrow(consumer: string, id: string): boolean;
}

export class Ledger {
  readonly lives = new Map<string, EntryLife>();
  readonly #violations: Violations;
  readonly #hooks: LedgerHooks;
  readonly #maxRetries: number;
  /** Data stream name → the entry that is recorded as owned. */
  readonly #owned = new Map<string, EntryLife>();
  readonly #lastTokens = new Map<string, string>();
  records = 0;
  /** Streams taken over from the dead. */
  takeovers = 0;

  constructor(violations: Violations, maxRetries: number, hooks: LedgerHooks) {
    this.#violations = violations;
    this.#maxRetries = maxRetries;
    this.#hooks = hooks;
  }

  announced(id: string, name: string, retryCount = 0): void {
    this.lives.set(id, {
      id,
      name,
      retryCount,
      owner: undefined,
      wasOwned: false,
      isHanded: false,
      end: undefined,
      endedBy: undefined,
    });
  }

  /** Something outside of the scripts has ended this entry, or may have. */
  excuse(id: string): void {
    const life = this.lives.get(id);
    if (life !== undefined) this.#close(life, 'excused', undefined);
  }

  /** Whoever owned something may not any more, and tokens begin anew. */
  excuseAll(): void {
    for (const life of this.lives.values()) {
      life.owner = undefined;
      // What is delivered again under the same id is acquired without a record: it is recorded already.
      if (life.end === undefined) life.isHanded = true;
    }
    this.#owned.clear();
    this.#lastTokens.clear();
  }

  /** A tool gave it to another consumer: whoever is recorded next is right. */
  handed(id: string): void {
    const life = this.lives.get(id);
    if (life === undefined) return;
    this.#owned.delete(life.name);
    life.owner = undefined;
    life.isHanded = true;
    this.#lastTokens.delete(life.name);
  }

  /** Taken by somebody who writes no history. */
  taken(life: EntryLife, from: string): void {
    this.#hooks.taken(life, from, 'claim');
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
    if (life.end !== undefined && life.end !== 'excused' && life.end !== 'deadLetterDue') {
      this.#violations.add('C-DONE-1', `${record.op} after its end (${life.end}): ${JSON.stringify(record)}`);
    }
    switch (record.op) {
      case 'acquired':
        this.#acquired(life, record);
        break;
      case 'finished':
        if (life.owner !== record.owner && life.end !== 'excused' && !life.isHanded) {
          this.#violations.add(
            'C-DONE-1',
            `${record.owner} finished ${life.name} ${life.id}, which is recorded as owned by ${life.owner ?? 'nobody'}`,
          );
        }
        this.#close(life, 'finished', record.owner);
        break;
      case 'requeued':
        this.#requeued(life, record);
        break;
      case 'deadLettered':
      case 'deadLetterDue':
        this.#deadLettered(life, record);
        break;
      case 'gone':
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
    const last = this.#lastTokens.get(name);
    if (last !== undefined && compareFencingTokens(id, last) < 0) {
      this.#violations.add('C-ADD-7', `the token of ${name} shrank: ${last}, then ${id} of ${owner}`);
    }
    this.#lastTokens.set(name, id);
    this.#owned.set(name, life);
    life.owner = owner;
    life.wasOwned = true;
  }

  #requeued(life: EntryLife, record: RequeuedRecord): void {
    const { copy, count, why, from, by } = record;
    const spent = count - life.retryCount;
    if (life.end !== 'excused') {
      const due = this.#retriesDue(life, record);
      const isUnknown = life.isHanded && why === 'dead';
      if (spent !== due && !isUnknown) {
        this.#violations.add(
          why === 'dead'
            ? 'C-EXP-5'
            : why === 'failed'
              ? 'C-HAND-3'
              : why === 'waiting'
                ? 'C-NAME-2'
                : 'C-STOP-2',
          `${spent} retries were spent on ${life.name} ${life.id} (${why}, of ${from}, by ${by}), expected ${due}`,
        );
      }
      if (count > this.#maxRetries && spent > 0) {
        this.#violations.add('C-POI-2', `${life.name} ${life.id} was requeued with ${count} retries`);
      }
    }
    this.#moved(life, record, 'requeued');
    this.announced(copy, life.name, count);
  }

  #retriesDue(life: EntryLife, { why, from }: RequeuedRecord): number {
    if (why === 'dead') return life.wasOwned ? 1 : 0;
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
    if (life.end === 'deadLetterDue') {
      life.end = 'deadLettered';
      return;
    }
    if (reason === 'max_retries_exceeded' && (count <= this.#maxRetries || count !== life.retryCount + 1)) {
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
    if (from !== by && life.end !== 'excused') this.#hooks.taken(life, from, record.why ?? record.op);
    this.#close(life, end, by);
  }

  #close(life: EntryLife, end: EntryLife['end'], by: string | undefined): void {
    if (this.#owned.get(life.name) === life) this.#owned.delete(life.name);
    life.owner = undefined;
    life.end = end;
    life.endedBy = by;
  }
}
