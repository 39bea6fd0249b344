/** What one iterator wants of the reader: the entries after its position, a page at a time, when it asks. */
import type { StreamwardenError } from '../../core/errors.js';
import type { DataAsk, DataRow } from '../../redis/data-streams.js';
import type { Ownership } from '../ownership.js';
import type { Crowd } from './crowd.js';
import type { Pace } from './pace.js';

/** Entries, at least one; undefined: nothing came for as long as was to be waited. */
export type Page = readonly DataRow[] | undefined;

/** Who waits for a page: an object, as there may be tens of thousands, and a promise each would be a quarter of what they take. */
export interface Asker {
  arrived(page: Page): void;
  failed(error: unknown): void;
}

export interface ReadingFacts {
  readonly ownership: Ownership;
  readonly key: string;
  readonly after: string;
  /** Most entries of a page. */
  readonly count: number;
  /** Bytes are wanted, not texts. */
  readonly raw: boolean;
}

/** What was found out longer ago says nothing any more, as while a server does not answer; quiet streams are looked at three times a second. In milliseconds. */
const FRESH_MS = 5000;

export class Reading implements DataAsk, Pace {
  readonly ownership: Ownership;
  readonly key: string;
  readonly count: number;
  readonly raw: boolean;
  lookedAt = Number.NEGATIVE_INFINITY;
  foundAt = Number.NEGATIVE_INFINITY;
  delayMs = 0;
  /** The server that it is looked for at; undefined: at none. */
  place: string | undefined;
  /** With whom it is looked at, while it is quiet. */
  crowd: Crowd<Reading> | undefined;
  /** Id of the last entry that was found. */
  after: string;
  /** The last page was as large as it could be: there may be more. */
  isFull = true;
  /** How often the stream had been touched, as far as was known, when it was looked at last. */
  touches = 0;
  /** Somebody said that there is something, after it was looked at last. */
  isWoken = false;
  /** `away`: nobody asks. `due`: its turn is near. `waiting`: for its time, which is `tick`. `looking`: Redis has been asked. */
  state: 'away' | 'due' | 'waiting' | 'looking' | 'closed' = 'away';
  tick = 0;
  /** Entries are waited for until nothing has come for so long; infinite: for ever. */
  #idleMs = Number.POSITIVE_INFINITY;
  #idleFrom = 0;
  #asker: Asker | undefined;

  constructor({ ownership, key, after, count, raw }: ReadingFacts) {
    this.ownership = ownership;
    this.key = key;
    this.after = after;
    this.count = count;
    this.raw = raw;
  }

  /** Somebody waits. */
  get isAsking(): boolean {
    return this.#asker !== undefined;
  }

  /** Somebody waits for what comes next, and there was nothing a moment ago. @param now on the monotonic clock */
  isAtEnd(now: number): boolean {
    if (!this.isAsking || this.isFull) return false;
    return now - Math.max(this.lookedAt, this.crowd?.lookedAt ?? 0) < FRESH_MS;
  }

  /** When waiting is over, where it does not last for ever; on the monotonic clock. */
  get idleAt(): number {
    return this.#idleFrom + this.#idleMs;
  }

  /**
   * @param idleFrom since when nothing has come, on the monotonic clock
   * @param idleMs how long nothing may come; 0: one look tells
   */
  ask(idleFrom: number, idleMs: number, asker: Asker): void {
    this.#idleFrom = idleFrom;
    this.#idleMs = idleMs;
    this.#asker = asker;
  }

  settle(page: Page): void {
    const asker = this.#asker;
    this.#asker = undefined;
    asker?.arrived(page);
  }

  fail(error: StreamwardenError): void {
    const asker = this.#asker;
    this.#asker = undefined;
    asker?.failed(error);
  }
}
