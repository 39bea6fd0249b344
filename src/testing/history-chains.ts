/** What became of each entry of a history: one life per entry id, and chains of lives where copies took over. */
import type {
  AcquiredRecord,
  DeadLetterDueRecord,
  DelayedRecord,
  HistoryRecord,
  ParkedRecord,
  RequeuedRecord,
  SavedRecord,
  UndelayedRecord,
  UnparkedRecord,
} from './history-records.js';

/**
 * How a chain ends, or stands.
 *
 * - `finished`, `deadLettered`, `gone`, `cancelled`, `coalesced`: as its last record says
 * - `deadLetterDue`: its last copy is to be written to the dead-letter stream
 * - `owned`: its last copy has an owner
 * - `waiting`: its last copy has had none yet
 */
export type ChainEnd =
  | 'finished'
  | 'deadLettered'
  | 'gone'
  | 'cancelled'
  | 'coalesced'
  | 'deadLetterDue'
  | 'owned'
  | 'waiting';

/** An announced entry and all its copies. */
export interface HistoryChain {
  /** The id that was announced, then that of each copy, in the order of their making. */
  readonly ids: readonly string[];
  /** The copy that the end is about. */
  readonly last: string;
  readonly end: ChainEnd;
  /** Who owned the last copy, or owns it; null when nobody has. */
  readonly owner: string | null;
  /** How many owners the chain has had. */
  readonly owners: number;
  /** More than 1: work was finished twice. */
  readonly timesFinished: number;
  /** The records of the whole chain, copy by copy. */
  readonly records: readonly HistoryRecord[];
}

type CopyRecord = RequeuedRecord | DelayedRecord | UndelayedRecord | ParkedRecord | UnparkedRecord;

const WITH_COPY: ReadonlySet<string> = new Set<CopyRecord['op']>([
  'requeued',
  'delayed',
  'undelayed',
  'parked',
  'unparked',
]);

type EndRecord = Exclude<HistoryRecord, AcquiredRecord | SavedRecord | DeadLetterDueRecord>;

interface EntryLife {
  readonly acquisitions: AcquiredRecord[];
  /** Decided upon, and not carried out in the same step. A second one is a violation. */
  readonly due: DeadLetterDueRecord[];
  /** A second one is a violation; it is kept, so that both copies are followed. */
  readonly ends: EndRecord[];
  /** The retry count, known of copies only. */
  readonly count?: number;
}

export class EntryLives {
  readonly #lives = new Map<string, EntryLife>();
  readonly #copies = new Set<string>();

  of(id: string): EntryLife {
    const life = this.#lives.get(id) ?? { acquisitions: [], due: [], ends: [] };
    this.#lives.set(id, life);
    return life;
  }

  isKnown(id: string): boolean {
    return this.#lives.has(id);
  }

  end(record: EndRecord): void {
    this.of(record.id).ends.push(record);
    if (!hasCopy(record)) return;
    this.#copies.add(record.copy);
    // What is kept aside, and comes back, keeps its count.
    const count = 'count' in record ? record.count : this.of(record.id).count;
    const copy = this.of(record.copy);
    this.#lives.set(record.copy, count === undefined ? copy : { ...copy, count });
  }

  /** Ids that are no copies. */
  roots(): string[] {
    return [...this.#lives.keys()].filter((id) => !this.#copies.has(id));
  }

  chain(announced: string): HistoryChain {
    const ids = this.#withCopies(announced);
    const lives = ids.map((id) => this.of(id));
    // In a history without violations only the last copy can lack an end or have been requeued no further. In one with
    // two branches a finished one decides: the work was done.
    const finished = ids.find((id) => this.#endOf(id) === 'finished');
    const last = finished ?? ids.at(-1) ?? announced;
    return {
      ids,
      last,
      end: this.#endOf(last),
      owner: this.of(last).acquisitions.at(-1)?.owner ?? null,
      owners: lives.reduce((sum, life) => sum + life.acquisitions.length, 0),
      timesFinished: lives.flatMap((life) => life.ends).filter(({ op }) => op === 'finished').length,
      records: lives.flatMap((life) => [...life.acquisitions, ...life.due, ...life.ends]),
    };
  }

  #withCopies(announced: string): string[] {
    const ids = new Set([announced]);
    // A set goes on with what is added while it is walked; an id that names itself as its copy ends nothing.
    for (const id of ids) {
      for (const { copy } of this.of(id).ends.filter(hasCopy)) ids.add(copy);
    }
    return [...ids];
  }

  #endOf(id: string): ChainEnd {
    const { acquisitions, due, ends } = this.of(id);
    const end = ends.find(({ op }) => op === 'finished') ?? ends.findLast((record) => !hasCopy(record));
    if (end !== undefined && !hasCopy(end)) return end.op;
    if (due.length > 0) return 'deadLetterDue';
    return acquisitions.length > 0 ? 'owned' : 'waiting';
  }
}

/** It goes on under another id. */
function hasCopy(record: HistoryRecord): record is CopyRecord {
  return WITH_COPY.has(record.op);
}
