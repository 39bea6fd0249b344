/**
 * Proofs from a history list: was anything lost, did anything have two owners, was anything finished twice. Computed from
 * what Redis recorded in the very scripts that change an owner, and not from what consumers happened to print.
 *
 * The history is complete only where streamwarden alone works in the group: consumers of the Go client write none.
 */
import { compareFencingTokens, isEntryId } from '../core/entry-id.js';
import { type ChainEnd, EntryLives, type HistoryChain } from './history-chains.js';
import type { AcquiredRecord, HistoryRecord } from './history-records.js';

/** Input of {@link checkHistory}. */
export interface CheckHistoryInput {
  /** All records, in the order of the list; see `readHistory`. */
  readonly records: readonly HistoryRecord[];
  /**
   * Ids that the producers were given for their entries. Each is followed through its copies to its end.
   *
   * @defaultValue every id in the records that is not the copy of another
   */
  readonly announced?: readonly string[];
  /**
   * Ids of what has not ended, read after the records: see `readStanding`. An announced entry that has not ended and is not among them is lost.
   *
   * @defaultValue none: everything announced must have ended
   */
  readonly onStream?: Iterable<string>;
}

/** Two ownerships of one data stream at the same time. */
export interface OwnershipOverlap {
  /** The data stream. */
  readonly name: string;
  /** Who had it. */
  readonly first: AcquiredRecord;
  /** Who was given it before the first one's ownership had ended. */
  readonly second: AcquiredRecord;
}

/** What {@link checkHistory} found. */
export interface HistoryReport {
  /** By announced id: the copies it went through and how it ended. */
  readonly chains: ReadonlyMap<string, HistoryChain>;
  /** How many chains have ended, or stand, in which way. */
  readonly ends: Readonly<Record<ChainEnd, number>>;
  /** How often an entry was taken from a dead consumer and given to everyone. */
  readonly recovered: number;
  /** How often an owner that was alive gave an entry back to everyone. */
  readonly handedOver: number;
  /** Announced ids whose work nobody will ever be given: neither finished, nor dead-lettered, nor on the stream. */
  readonly lost: readonly string[];
  /** Announced ids that were finished more than once, whether as themselves or as copies. */
  readonly finishedTwice: readonly string[];
  readonly ownedByTwo: readonly OwnershipOverlap[];
  /** Everything that must never happen, in words, with the records that show it. Empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * Checks a history. Pure: it reads nothing but its input.
 *
 * ```ts
 * const records = await readHistory(client, historyKey);
 * const onStream = await readStanding(client, 'orders-input');
 * const report = checkHistory({ records, announced, onStream });
 * assert.deepEqual(report.violations, []);
 * ```
 */
export function checkHistory(input: CheckHistoryInput): HistoryReport {
  const check = new Check();
  for (const record of input.records) check.add(record);
  return check.report(input.announced, new Set(input.onStream));
}

class Check {
  readonly #lives = new EntryLives();
  readonly #violations: string[] = [];
  readonly #overlaps: OwnershipOverlap[] = [];
  /** Data stream name → its ownerships that have not ended, by entry id. More than one is an overlap. */
  readonly #open = new Map<string, Map<string, AcquiredRecord>>();
  /** Data stream name → the latest acquisition. */
  readonly #latest = new Map<string, AcquiredRecord>();
  #recovered = 0;
  #handedOver = 0;

  add(record: HistoryRecord): void {
    const ended = this.#lives.of(record.id).ends.at(-1);
    if (ended !== undefined) {
      this.#violation(`entry ${record.id} was ${record.op} after it had been ${ended.op}`, ended, record);
    }
    const due = this.#lives.of(record.id).due.at(-1);
    if (due !== undefined && record.op !== 'deadLettered' && record.op !== 'gone') {
      this.#violation(
        `entry ${record.id} was ${record.op} while it was due for the dead-letter stream`,
        due,
        record,
      );
    }
    if (record.op === 'acquired') {
      this.#acquired(record);
      return;
    }
    this.#checkHolder(record);
    if (record.op === 'saved') return;
    if (record.op === 'requeued' || record.op === 'delayed') this.#requeued(record);
    // From then on the data stream's name is free, and nobody has the entry.
    this.#close(record.id);
    if (record.op === 'deadLetterDue') this.#lives.of(record.id).due.push(record);
    else this.#lives.end(record);
  }

  #acquired(record: AcquiredRecord): void {
    const open = this.#open.get(record.name) ?? new Map<string, AcquiredRecord>();
    for (const first of open.values()) {
      if (first.id === record.id && first.owner === record.owner) {
        this.#violation(`${record.owner} was given entry ${record.id} twice`, first, record);
      } else {
        this.#overlaps.push({ name: record.name, first, second: record });
        this.#violation(
          `data stream ${record.name} was owned by two at once, ${first.owner} and ${record.owner}`,
          first,
          record,
        );
      }
    }
    const before = this.#latest.get(record.name);
    if (before !== undefined && before.id !== record.id && !grows(before.id, record.id)) {
      this.#violation(
        `the fencing token of data stream ${record.name} did not grow: ${before.id}, then ${record.id}`,
        before,
        record,
      );
    }
    this.#latest.set(record.name, record);
    open.set(record.id, record);
    this.#open.set(record.name, open);
    this.#lives.of(record.id).acquisitions.push(record);
  }

  /** Only its owner finishes an entry, and what is taken is taken from its owner. */
  #checkHolder(record: Exclude<HistoryRecord, AcquiredRecord>): void {
    const life = this.#lives.of(record.id);
    const holder = life.acquisitions.at(-1);
    const due = life.due.at(-1);
    if (record.op === 'finished' || record.op === 'saved') {
      if (holder?.owner === record.owner) return;
      const owner = holder === undefined ? 'nobody' : holder.owner;
      this.#violation(
        `entry ${record.id} was ${record.op} by ${record.owner}, but ${owner} owned it`,
        holder,
        record,
      );
    } else if (record.op === 'undelayed' || record.op === 'unparked') {
      // Nobody had it.
    } else if (due !== undefined) {
      if (due.to === record.from) return;
      this.#violation(
        `entry ${record.id} was ${record.op} from ${record.from}, but it was due at ${due.to}`,
        due,
        record,
      );
    } else if (holder !== undefined && holder.owner !== record.from) {
      this.#violation(
        `entry ${record.id} was ${record.op} from ${record.from}, but ${holder.owner} owned it`,
        holder,
        record,
      );
    }
  }

  #requeued(record: Extract<HistoryRecord, { op: 'requeued' | 'delayed' }>): void {
    if (record.why === 'dead') this.#recovered += 1;
    if (record.why === 'handOver') this.#handedOver += 1;
    // What is delayed has an id of its own kind.
    if (record.op === 'requeued' && !grows(record.id, record.copy)) {
      this.#violation(`the copy ${record.copy} of entry ${record.id} is not newer than it`, record);
    }
    if (this.#lives.isKnown(record.copy)) {
      this.#violation(`the copy ${record.copy} of entry ${record.id} existed before`, record);
    }
    const { count: before } = this.#lives.of(record.id);
    const count = record.proven && before !== undefined ? 0 : before;
    const spent = count === undefined ? undefined : record.count - count;
    const allowed = { dead: [0, 1], failed: [1], handOver: [0], waiting: [0] }[record.why];
    if (spent !== undefined && !allowed.includes(spent)) {
      this.#violation(
        `requeueing entry ${record.id} (${record.why}) took its retry count from ${count} to ${record.count}`,
        record,
      );
    }
  }

  #close(id: string): void {
    for (const { name } of this.#lives.of(id).acquisitions) this.#open.get(name)?.delete(id);
  }

  report(announced: readonly string[] | undefined, onStream: ReadonlySet<string>): HistoryReport {
    const chains = new Map<string, HistoryChain>();
    const ends = {
      finished: 0,
      deadLettered: 0,
      gone: 0,
      cancelled: 0,
      coalesced: 0,
      deadLetterDue: 0,
      owned: 0,
      waiting: 0,
    };
    const lost: string[] = [];
    const finishedTwice: string[] = [];
    for (const id of announced ?? this.#lives.roots()) {
      const chain = this.#lives.chain(id);
      chains.set(id, chain);
      ends[chain.end] += 1;
      const hasEnded = ['finished', 'deadLettered', 'cancelled', 'coalesced'].includes(chain.end);
      const isLost = chain.end === 'gone' || (!hasEnded && !onStream.has(chain.last));
      if (isLost) {
        lost.push(id);
        this.#violation(
          `entry ${id} was lost: its last copy ${chain.last} is ${chain.end} and not on the stream`,
          ...chain.records,
        );
      }
      if (chain.timesFinished > 1) {
        finishedTwice.push(id);
        this.#violation(`entry ${id} was finished ${chain.timesFinished} times`, ...chain.records);
      }
    }
    return {
      chains,
      ends,
      recovered: this.#recovered,
      handedOver: this.#handedOver,
      lost,
      finishedTwice,
      ownedByTwo: this.#overlaps,
      violations: this.#violations,
    };
  }

  #violation(text: string, ...records: readonly (HistoryRecord | undefined)[]): void {
    const shown = records.filter((record) => record !== undefined).map((record) => JSON.stringify(record));
    this.#violations.push(shown.length === 0 ? text : `${text}: ${shown.join(' ')}`);
  }
}

/** Ids that are none do not grow: a history with such ids is wrong, and saying so must not fail. */
function grows(older: string, newer: string): boolean {
  return isEntryId(older) && isEntryId(newer) && compareFencingTokens(older, newer) < 0;
}
