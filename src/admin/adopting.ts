/** Entries that are stranded (delivered, still on the stream, and pending for no consumer), as an admin finds them and announces them anew. */
import { STRANDED_PAGE, type Stranded } from '../redis/stranded.js';
import type { CallOptions, Calls } from './calls.js';

export interface StrandedOptions extends CallOptions {
  /**
   * An entry is yielded where it is still stranded so many milliseconds after it was found: a consumer of the Go client acknowledges and deletes in two
   * steps, and strands an entry between them. @defaultValue 1000
   */
  readonly settleMs?: number;
}

export interface AdoptedEntry {
  readonly id: string;
  /** Id of the copy that was announced. Null: the entry was not stranded any more. */
  readonly copyId: string | null;
}

const SETTLE_MS = 1_000;

export async function* strandedEntries(
  stranded: Stranded,
  calls: Calls,
  options: StrandedOptions,
): AsyncGenerator<string, void, undefined> {
  const { settleMs = SETTLE_MS } = options;
  if (settleMs === 0) {
    yield* calls.each(options, stranded.pages());
    return;
  }
  const first = new Set<string>();
  for await (const id of calls.each(options, stranded.pages())) first.add(id);
  if (first.size === 0) return;
  await calls.pause(options, settleMs);
  for await (const id of calls.each(options, stranded.pages())) if (first.has(id)) yield id;
}

export async function* adoptedEntries(
  stranded: Stranded,
  calls: Calls,
  ids: readonly string[],
  options: CallOptions,
): AsyncGenerator<AdoptedEntry, void, undefined> {
  for (let at = 0; at < ids.length; at += STRANDED_PAGE) {
    const batch = ids.slice(at, at + STRANDED_PAGE);
    const copies = await calls.change(options, () => stranded.adopt(batch));
    yield* batch.map((id, index) => ({ id, copyId: copies[index] ?? null }));
  }
}
