/** Entries of a data stream in a play: those that the test supplies, with the position that the play keeps. */
import { compareEntryIds, isEntryId } from '../core/entry-id.js';
import { checkFields } from '../runtime/entries/entry-check.js';
import { type CompiledEntries, compileEntries } from '../runtime/entries/options.js';
import type { Entry, EntryBatch } from '../runtime/entries/types.js';
import { errorOn, notOwned } from './reasons.js';
import type { Part } from './script.js';
import type { PlayedStepKind, SuppliedEntry } from './types.js';

/** Bounds `entryRetries`, which is of no use in a play: nothing is tried again. */
const MAX_RETRIES = 1_000_000;

/** What the walk over entries asks of the stream. */
export interface Walked {
  readonly part: Part;
  readonly isWorkedOn: boolean;
  /** Whether Redis would still take a commit. */
  readonly isHeld: boolean;
  readonly signal: AbortSignal;
  readonly entries: Iterable<SuppliedEntry> | AsyncIterable<SuppliedEntry>;
  readonly committed: Map<string, string>;
  hasWalked: boolean;
  step(kind: PlayedStepKind, text?: string, detail?: unknown): void;
}

class Walk {
  readonly options: CompiledEntries;
  readonly #held: Walked;
  readonly #source: AsyncIterator<SuppliedEntry> | Iterator<SuppliedEntry>;
  #current: string | undefined;
  #isOver = false;

  constructor(held: Walked, options: unknown) {
    this.options = compileEntries(options, MAX_RETRIES);
    this.#held = held;
    const { entries } = held;
    this.#source =
      Symbol.asyncIterator in entries ? entries[Symbol.asyncIterator]() : entries[Symbol.iterator]();
    held.hasWalked = true;
  }

  next(): Promise<Entry<unknown> | undefined> {
    this.commitLast();
    return this.take();
  }

  /** Asking for more says that what was given has been dealt with. */
  commitLast(): void {
    const last = this.#current;
    this.#current = undefined;
    if (last === undefined || !this.options.isAuto) return;
    this.#held.signal.throwIfAborted();
    this.#commit(last);
  }

  async take(): Promise<Entry<unknown> | undefined> {
    if (this.#isOver) return undefined;
    const { until, untilId } = this.options;
    const entry = await this.#read();
    if (entry === undefined || (untilId !== undefined && compareEntryIds(entry.id, untilId) > 0)) {
      this.#isOver = true;
      return undefined;
    }
    this.#current = entry.id;
    this.#held.step('entry', entry.id);
    this.#isOver = until?.(entry) === true || entry.id === untilId;
    return entry;
  }

  leave(): void {
    this.#isOver = true;
    this.#current = undefined;
  }

  async #read(): Promise<Entry<unknown> | undefined> {
    const committed = this.#held.committed.get(this.#held.part.name);
    for (;;) {
      const { done, value } = await this.#orAborted(this.#source.next());
      if (done) return undefined;
      if (committed !== undefined && isEntryId(value.id) && compareEntryIds(value.id, committed) <= 0)
        continue;
      return await this.#entryOf(value);
    }
  }

  async #entryOf({ id, fields }: SuppliedEntry): Promise<Entry<unknown>> {
    const { schema } = this.options;
    const commit = async () => this.#commit(id);
    if (schema === undefined) return { id, fields, attempt: 1, commit };
    const checked = await checkFields(schema, fields);
    if ('fields' in checked) return { id, fields: checked.fields, attempt: 1, commit };
    throw errorOn(
      this.#held.part,
      'EntryInvalid',
      `has an entry ${id} that does not satisfy the schema${checked.problem}`,
    );
  }

  #commit(id: string): void {
    const { part, isWorkedOn, isHeld, committed } = this.#held;
    if (!isWorkedOn || !isHeld) {
      this.#held.step('commit', `${id} StreamNotOwned`);
      throw notOwned(part);
    }
    const before = committed.get(part.name);
    if (before !== undefined && isEntryId(before) && compareEntryIds(id, before) <= 0) return;
    committed.set(part.name, id);
    this.#held.step('commit', id);
  }

  async #orAborted<T>(next: T | Promise<T>): Promise<T> {
    const { signal, isWorkedOn, part } = this.#held;
    signal.throwIfAborted();
    if (!isWorkedOn) throw notOwned(part);
    let leave = () => {};
    const aborted = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error);
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([next, aborted]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}

function iterator<T>(walk: Walk, next: () => Promise<T | undefined>): AsyncIterableIterator<T, undefined> {
  return {
    next: async () => {
      const value = await next();
      return value === undefined ? { done: true, value: undefined } : { done: false, value: value as T };
    },
    return: async () => {
      walk.leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export function entriesOf(held: Walked, options: unknown): AsyncIterableIterator<Entry<unknown>, undefined> {
  const walk = new Walk(held, options);
  return iterator(walk, () => walk.next());
}

/** Batches of what a test supplies have one entry each where they come one by one, and up to `count` where they are there already. */
export function batchesOf(
  held: Walked,
  options: unknown,
): AsyncIterableIterator<EntryBatch<unknown>, undefined> {
  const isThere = Symbol.iterator in held.entries;
  const walk = new Walk(held, options);
  return iterator(walk, async () => {
    const entries: Entry<unknown>[] = [];
    walk.commitLast();
    while (entries.length < (isThere ? walk.options.count : 1)) {
      const entry = await walk.take();
      if (entry === undefined) break;
      entries.push(entry);
    }
    const last = entries.at(-1);
    return last === undefined ? undefined : { entries, commit: () => last.commit() };
  });
}
