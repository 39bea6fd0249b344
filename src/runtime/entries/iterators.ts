/** `stream.entries()` and `stream.batches()`: two ways to walk a cursor. Objects of a class, as there may be tens of thousands that wait. */
import type { EntryCursor } from './cursor.js';
import type { Entries, Entry, EntryBatch, EntryBatches } from './types.js';

const OVER = { done: true, value: undefined } as const;

abstract class Walk<T> implements AsyncIterableIterator<T, undefined, undefined> {
  protected readonly cursor: EntryCursor;

  constructor(cursor: EntryCursor) {
    this.cursor = cursor;
  }

  abstract next(): Promise<IteratorResult<T, undefined>>;

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.cursor.leave();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cursor.leave();
  }
}

class EntryWalk extends Walk<Entry<unknown>> {
  next(): Promise<IteratorResult<Entry<unknown>, undefined>> {
    try {
      const value = this.cursor.nextNow();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      const more = this.cursor.more();
      if (more !== undefined) return more.then(() => this.#arrived());
      return this.cursor.begin()?.then(() => this.next()) ?? this.#wait();
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #arrived(): IteratorResult<Entry<unknown>, undefined> | Promise<IteratorResult<Entry<unknown>, undefined>> {
    const value = this.cursor.nextNow();
    return value === undefined ? this.#wait() : { done: false, value };
  }

  async #wait(): Promise<IteratorResult<Entry<unknown>, undefined>> {
    const value = await this.cursor.next();
    return value === undefined ? OVER : { done: false, value };
  }
}

class BatchWalk extends Walk<EntryBatch<unknown>> {
  async next(): Promise<IteratorResult<EntryBatch<unknown>, undefined>> {
    const { cursor } = this;
    const entries = await cursor.batch(cursor.options.count);
    if (entries === undefined) return OVER;
    return { done: false, value: { entries, commit: () => (entries.at(-1) as Entry<unknown>).commit() } };
  }
}

export function walkEntries(cursor: EntryCursor): Entries<unknown> {
  return new EntryWalk(cursor);
}

export function walkBatches(cursor: EntryCursor): EntryBatches<unknown> {
  return new BatchWalk(cursor);
}
