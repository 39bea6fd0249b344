/** What one iterator wants of the reader: the entries after its position, a page at a time, when it asks. */
import type { StreamwardenError } from '../../core/errors.js';
import type { DataAsk, DataRow } from '../../redis/data-streams.js';
import type { Ownership } from '../ownership.js';
import { newPace, type Pace } from './pace.js';

/** Entries, at least one; undefined: nothing came for as long as was to be waited. */
export type Page = readonly DataRow[] | undefined;

export interface ReadingFacts {
  readonly ownership: Ownership;
  readonly key: string;
  readonly after: string;
  /** Most entries of a page. */
  readonly count: number;
  /** Bytes are wanted, not texts. */
  readonly raw: boolean;
}

export class Reading implements DataAsk {
  readonly ownership: Ownership;
  readonly key: string;
  readonly count: number;
  readonly raw: boolean;
  readonly pace: Pace = newPace();
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
  #resolve: ((page: Page) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor({ ownership, key, after, count, raw }: ReadingFacts) {
    this.ownership = ownership;
    this.key = key;
    this.after = after;
    this.count = count;
    this.raw = raw;
  }

  /** Somebody waits. */
  get isAsking(): boolean {
    return this.#resolve !== undefined;
  }

  /** When waiting is over, where it does not last for ever; on the monotonic clock. */
  get idleAt(): number {
    return this.#idleFrom + this.#idleMs;
  }

  /**
   * @param idleFrom since when nothing has come, on the monotonic clock
   * @param idleMs how long nothing may come; 0: one look tells
   */
  ask(idleFrom: number, idleMs: number): Promise<Page> {
    this.#idleFrom = idleFrom;
    this.#idleMs = idleMs;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(page: Page): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#reject = undefined;
    resolve?.(page);
  }

  fail(error: StreamwardenError): void {
    const reject = this.#reject;
    this.#resolve = undefined;
    this.#reject = undefined;
    reject?.(error);
  }
}
