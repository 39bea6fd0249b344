/** Entries of a data stream, as a handler gets them. */
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** Fields and values as texts. A name that comes twice has its last value. */
export type EntryFields = Readonly<Record<string, string>>;

/** The same with `raw`: values as bytes. */
export type RawEntryFields = Readonly<Record<string, Buffer>>;

/** One entry of a data stream. */
export interface Entry<TFields = EntryFields> {
  /** Entry id on the data stream. */
  readonly id: string;
  readonly fields: TFields;
  /** 1, and one more for each time that a handler threw with this entry in hand. */
  readonly attempt: number;
  /**
   * Records that it has been dealt with, and all before it; resolves when Redis has it. With `commit: 'auto'` asking for the next entry does that, without waiting.
   * @throws StreamwardenError `StreamNotOwned`: somebody else owns the stream by now; `RuntimeStopped`: rejects with
   */
  commit(): Promise<void>;
}

/** Entries that came together. */
export interface EntryBatch<TFields = EntryFields> {
  /** At least one, at most `count`, in their order. */
  readonly entries: readonly Entry<TFields>[];
  /** `commit()` of the last one. */
  commit(): Promise<void>;
}

export interface EntriesOptions<TFields = EntryFields> {
  /** Key of the Redis stream. @defaultValue `keyPrefix` of the connection, and the name of the data stream */
  readonly key?: string;
  /**
   * Where to begin when no entry has been committed yet: with the first one there is, behind the last one there is now, or behind the one with this id.
   * @defaultValue 'start'
   */
  readonly from?: 'start' | 'new' | (string & {});
  /** How many entries are read at a time, at most; and how many a batch has. 1 to 10,000. @defaultValue 100 */
  readonly count?: number;
  /** Ends after the first entry for which this holds; or after the one with this id, or before the first one behind it. @defaultValue never */
  readonly until?: string | ((entry: Entry<TFields>) => boolean);
  /** Ends when nothing has come for so long, in milliseconds. 0: when there is nothing. 0 to 86,400,000. @defaultValue never */
  readonly idleMs?: number;
  /** Values come as bytes (`Buffer`) rather than as texts. @defaultValue false */
  readonly raw?: boolean;
  /** Standard Schema that fields have to satisfy; its output is what `fields` is. @defaultValue none: any fields will do */
  readonly schema?: StandardSchemaV1<unknown, TFields>;
  /**
   * `committed`: entries are removed from the stream once Redis has recorded that they have been dealt with, and the whole stream at its end.
   * @defaultValue 'never'
   */
  readonly trim?: 'never' | 'committed';
  /** `auto`: asking for the next entry commits the one before; `manual`: only `commit()` does. @defaultValue 'auto' */
  readonly commit?: 'auto' | 'manual';
  /**
   * What becomes of an entry with which in hand the handler has thrown more than `entryRetries` times: it stops the stream, as any error does; it is skipped; or it is
   * copied to the stream `{<service>-input}:entries:dlq` and then skipped.
   * @defaultValue 'stop'
   */
  readonly onEntryError?: 'stop' | 'skip' | 'deadLetter';
  /** How often an entry is tried again before it is skipped; at most `maxRetries` of the runtime, which would dead-letter the stream first. @defaultValue 3, or `maxRetries` where that is less */
  readonly entryRetries?: number;
}

/** Entries of one data stream, one after another. */
export type Entries<TFields = EntryFields> = AsyncIterableIterator<Entry<TFields>, undefined, undefined>;

export type EntryBatches<TFields = EntryFields> = AsyncIterableIterator<
  EntryBatch<TFields>,
  undefined,
  undefined
>;

/** `stream.entries()` or `stream.batches()`: what comes is typed by the schema, or is bytes, or texts. */
export interface EntriesOf {
  <TFields>(
    options: EntriesOptions<TFields> & { readonly schema: StandardSchemaV1<unknown, TFields> },
  ): Entries<TFields>;
  (options: EntriesOptions<RawEntryFields> & { readonly raw: true }): Entries<RawEntryFields>;
  (options?: EntriesOptions): Entries;
}

export interface BatchesOf {
  <TFields>(
    options: EntriesOptions<TFields> & { readonly schema: StandardSchemaV1<unknown, TFields> },
  ): EntryBatches<TFields>;
  (options: EntriesOptions<RawEntryFields> & { readonly raw: true }): EntryBatches<RawEntryFields>;
  (options?: EntriesOptions): EntryBatches;
}
