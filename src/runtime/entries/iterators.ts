/** `stream.entries()` and `stream.batches()`: two ways to walk a cursor. Objects of a class, as there may be tens of thousands that wait. */
import type { EntryCursor, Waiter } from './cursor.js';
import type { Entries, Entry, EntryBatch, EntryBatches } from './types.js';

const OVER = { done: true, value: undefined } as const;

abstract class Walk<T> implements AsyncIterableIterator<T, undefined, undefined> {
  protected readonly cursor: EntryCursor;

  constructor(cursor: EntryCursor) {
    this.cursor = cursor;
  }

  abstract next(): Promise<IteratorResult<T, undefined>>;

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.cursor.leaveLoop();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cursor.leaveLoop();
  }
}

type Step = IteratorResult<Entry<unknown>, undefined>;

class EntryWalk extends Walk<Entry<unknown>> implements Waiter {
  #resolve: ((step: Step | Promise<Step>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  next(): Promise<Step> {
    try {
      const value = this.cursor.nextNow();
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (this.cursor.waits(this)) {
        return new Promise((resolve, reject) => {
          this.#resolve = resolve;
          this.#reject = reject;
        });
      }
      return this.cursor.begin()?.then(() => this.next()) ?? this.#look();
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  goOn(): void {
    const resolve = this.#resolve;
    try {
      const value = this.cursor.nextNow();
      resolve?.(value === undefined ? this.#look() : { done: false, value });
    } catch (error) {
      this.#reject?.(error);
    }
  }

  failed(error: unknown): void {
    this.#reject?.(error);
  }

  async #look(): Promise<Step> {
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
