/** Whether every entry was handled, and which more than once: from what the consumers printed, beside what Redis has and recorded. */
import type { HistoryRecord } from '../../testing/history-records.js';
import type { JsonLine } from '../../testing/json-line-log.js';

export interface EntriesReport {
  /** In the data streams. */
  readonly appended: number;
  readonly handled: number;
  /** That nobody has handled. */
  readonly skipped: number;
  /** Handled once more by the next owner, as they were not committed. */
  readonly repeated: number;
  /** Of these, those that had been committed; and entries that came out of their order. There are none. */
  readonly wrong: number;
}

export interface EntriesProofInput {
  /** Name of each data stream, and the ids of its entries, in their order, without its end mark. */
  readonly appended: ReadonlyMap<string, readonly string[]>;
  /** Lines of type `EntryHandled`. */
  readonly handled: readonly JsonLine[];
  /** All that Redis recorded. */
  readonly records: readonly HistoryRecord[];
}

/** The entry that was committed last for a stream, where each of its owners began; by the owner's entry id. */
function beginnings(records: readonly HistoryRecord[]): ReadonlyMap<string, string | undefined> {
  const committed = new Map<string, string | undefined>();
  const begun = new Map<string, string | undefined>();
  for (const record of records) {
    if (record.op === 'acquired') begun.set(record.id, committed.get(record.name));
    if (record.op !== 'saved') continue;
    const { p = {} } = JSON.parse(record.text) as { p?: Record<string, string> };
    committed.set(record.name, Object.values(p)[0]);
  }
  return begun;
}

export function proveEntries({ appended, handled, records }: EntriesProofInput): EntriesReport {
  const begun = beginnings(records);
  const seen = new Set<string>();
  /** Where each owner is, by its entry id: the place of the entry that it has to handle next. */
  const places = new Map<string, number>();
  let [repeated, wrong] = [0, 0];
  for (const { stream, id, entryId } of handled) {
    const name = String(stream);
    const owner = String(id);
    const ids = appended.get(name) ?? [];
    const key = `${name} ${String(entryId)}`;
    if (seen.has(key)) repeated += 1;
    seen.add(key);
    const position = begun.get(owner);
    const next = places.get(owner) ?? (position === undefined ? 0 : ids.indexOf(position) + 1);
    if (ids[next] !== entryId) wrong += 1;
    places.set(owner, ids.indexOf(String(entryId)) + 1);
  }
  let [total, skipped] = [0, 0];
  for (const [name, ids] of appended) {
    total += ids.length;
    skipped += ids.filter((id) => !seen.has(`${name} ${id}`)).length;
  }
  return { appended: total, handled: handled.length, skipped, repeated, wrong };
}
