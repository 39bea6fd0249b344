/** How far the owner of one stream has come: what it began with, and what is to be saved of it. */
import { parseCheckpoint } from '../../redis/checkpoints.js';

/** In place of a position: the stream has been removed at its end. What comes under its name is another one, whose ids may be smaller. */
export const REMOVED = 'removed';

/** A failing entry of a Redis stream. */
export interface Attempts {
  readonly id: string;
  readonly count: number;
}

/** What is kept of a stream, or is about to be. */
export interface CheckpointStanding {
  /** JSON of what the application saved; null: nothing. */
  readonly value: string | null;
  /** The last entry of each Redis stream that is dealt with; null: that one was removed at its end. */
  readonly positions: readonly { readonly key: string; readonly id: string | null }[];
  /** Entries that failed. */
  readonly attempts: readonly (Attempts & { readonly key: string })[];
  /** Redis has all of it. */
  readonly isWritten: boolean;
  /** What is kept cannot be read by this version. */
  readonly isUnreadable: boolean;
}

interface Waiter {
  /** What has to be written, at least. */
  readonly version: number;
  resolve(): void;
  reject(error: unknown): void;
}

export class Progress {
  /** JSON of what the application had saved when the stream was assigned; undefined: nothing. */
  readonly begunWith: string | undefined;
  /** What is kept is no checkpoint that this version can read. */
  readonly isUnreadable: boolean;
  /** Something is to be written, or has been, that its owner did not begin with. */
  hasMoved = false;
  #value: string | undefined;
  readonly #begunAt: ReadonlyMap<string, string>;
  readonly #positions: Map<string, string>;
  readonly #attempts: Map<string, Attempts>;
  /** Of what was sent last. */
  #number: number;
  /** Grows with each change. */
  version = 0;
  /** The version that Redis has. */
  written = 0;
  #waiters: Waiter[] = [];

  /** @param record what was kept when the stream was assigned; undefined: nothing */
  constructor(id: string, record: string | undefined) {
    const found = record === undefined ? undefined : parseCheckpoint(record);
    const { v, p = {}, a = {} } = found?.content ?? {};
    this.isUnreadable = record !== undefined && found === undefined;
    this.begunWith = v === undefined ? undefined : JSON.stringify(v);
    this.#value = this.begunWith;
    this.#positions = new Map(Object.entries(p));
    this.#begunAt = new Map(this.#positions);
    this.#attempts = new Map(Object.entries(a).map(([key, [entry, count]]) => [key, { id: entry, count }]));
    // This owner's own, from before it forgot that the stream was its.
    this.#number = found?.id === id ? found.number : 0;
  }

  positionOf(key: string): string | undefined {
    return this.#positions.get(key);
  }

  attemptsOf(key: string): Attempts | undefined {
    return this.#attempts.get(key);
  }

  save(json: string): void {
    this.#value = json;
    this.hasMoved ||= json !== this.begunWith;
    this.version += 1;
  }

  commit(key: string, id: string): void {
    this.#positions.set(key, id);
    // It is done with.
    if (this.#attempts.get(key)?.id === id) this.#attempts.delete(key);
    this.hasMoved ||= id !== this.#begunAt.get(key);
    this.version += 1;
  }

  attempted(key: string, id: string, count: number): void {
    this.#attempts.set(key, { id, count });
    this.version += 1;
  }

  /** How it stands, for people. */
  get standing(): CheckpointStanding {
    const positions = [...this.#positions].map(([key, id]) => ({ key, id: id === REMOVED ? null : id }));
    return {
      value: this.#value ?? null,
      positions,
      attempts: [...this.#attempts].map(([key, attempts]) => ({ key, ...attempts })),
      isWritten: this.isWritten,
      isUnreadable: this.isUnreadable,
    };
  }

  get isWritten(): boolean {
    return this.written >= this.version;
  }

  /** Everything, as it is to be written now, and under which number. */
  next(): { readonly number: number; readonly json: string } {
    this.#number += 1;
    const members: string[] = [];
    if (this.#value !== undefined) members.push(`"v":${this.#value}`);
    if (this.#positions.size > 0) {
      const positions: string[] = [];
      for (const [key, id] of this.#positions) positions.push(`${JSON.stringify(key)}:${JSON.stringify(id)}`);
      members.push(`"p":{${positions.join(',')}}`);
    }
    if (this.#attempts.size > 0) {
      const pairs = [...this.#attempts].map(([key, { id, count }]) => [key, [id, count]]);
      members.push(`"a":${JSON.stringify(Object.fromEntries(pairs))}`);
    }
    return { number: this.#number, json: `{${members.join(',')}}` };
  }

  /**
   * What is to be known for a while once the stream is finished: that all its entries have been dealt with, and removed. Otherwise whoever is given it again,
   * by a producer that announces late what it had added before, would wait for entries that nobody adds any more. Undefined: nothing is.
   */
  get removed(): string | undefined {
    if (this.#positions.size === 0) return undefined;
    for (const id of this.#positions.values()) if (id !== REMOVED) return undefined;
    return JSON.stringify({ p: Object.fromEntries(this.#positions) });
  }

  /** Characters that it has, about. */
  get length(): number {
    let length = this.#value?.length ?? 0;
    for (const key of this.#positions.keys()) length += key.length + 40;
    return length;
  }

  /** Resolves when Redis has everything that has been said so far. */
  whenWritten(): Promise<void> {
    if (this.isWritten) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ version: this.version, resolve, reject });
    });
  }

  /** Somebody waits for it. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** Redis has this version. */
  wrote(version: number): void {
    this.written = Math.max(this.written, version);
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = waiters.filter((waiter) => waiter.version > this.written);
    for (const waiter of waiters) if (waiter.version <= this.written) waiter.resolve();
  }

  /** Nothing that is waited for is written. */
  failed(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}
