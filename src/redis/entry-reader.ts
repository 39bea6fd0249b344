/**
 * Reads the payloads of entries, which are as large as their producers made them, in pages of bytes, on a connection that carries nothing else.
 * A page that does not arrive in time is asked for again half as large, down to one entry. One that does not arrive even alone is named, and
 * those behind it are read.
 */
import type { Clock } from '../core/clock.js';
import type { Commands } from './commands.js';
import type { RawEntry } from './entry.js';
import type { Names } from './names.js';
import { PageSize } from './page-size.js';
import { PlainReads } from './plain-reads.js';
import { mayHaveExecuted } from './reply-errors.js';

export type ReadEntry =
  | ({ readonly outcome: 'read' } & RawEntry)
  /** No longer on the stream: trimmed or deleted by someone else. */
  | { readonly outcome: 'gone'; readonly id: string }
  /** It has more bytes than were asked for, or does not arrive in time even alone. */
  | { readonly outcome: 'tooLarge'; readonly id: string; readonly bytes: number };

export interface EntryReader {
  /**
   * The entries with these ids, page by page, in their order.
   *
   * @param mostBytes larger ones are named and not read
   * @throws StreamwardenError `RedisUnavailable` when Redis cannot be asked for anything just now; what Redis refuses
   */
  pages(ids: readonly string[], mostBytes: number): AsyncGenerator<readonly ReadEntry[], void, undefined>;
  /** Heartbeats do not arrive in time: pages are smaller from now on. */
  slowDown(): void;
}

/** Ids in one call. */
const BATCH = 200;
/** So often an entry is asked for alone. */
const ATTEMPTS = 3;

/** Fields and values; or a size in bytes; 0: there is no such entry. */
type Item = readonly string[] | number;

function sizeOf(items: readonly Item[]): number {
  let size = 0;
  for (const item of items) if (typeof item !== 'number') for (const text of item) size += text.length;
  return size;
}

/**
 * @param commands on the connection for this, under the deadline of one page
 * @param timeoutMs that deadline, in milliseconds
 */
export function createEntryReader(
  commands: Commands,
  names: Names,
  clock: Clock,
  timeoutMs: number,
): EntryReader {
  const size = new PageSize(timeoutMs / 8);
  const plain = new PlainReads(commands);
  /** How often in a row an entry did not arrive although it was asked for alone, also over a failure of everything in between. */
  const misses = new Map<string, number>();

  async function read(ids: readonly string[], room: number, mostBytes: number): Promise<readonly Item[]> {
    return await plain.instead(
      async () => (await commands.script('read-entries', [names.lbs], [room, mostBytes, ...ids])) as Item[],
      async () => (await plain.entries(names.lbs, ids, room)).map((fields) => fields?.map(String) ?? 0),
    );
  }

  function toEntry(id: string, item: Item): ReadEntry {
    if (typeof item !== 'number') return { outcome: 'read', id, fields: item };
    return item === 0 ? { outcome: 'gone', id } : { outcome: 'tooLarge', id, bytes: item };
  }

  /** Only where Redis still answers small questions is it the size that keeps the answer from arriving. */
  async function bytesOf(id: string): Promise<number> {
    const [item] = await read([id], 0, 0);
    return item as number;
  }

  return {
    async *pages(ids, mostBytes) {
      const most = Math.min(mostBytes, Number.MAX_SAFE_INTEGER);
      let at = 0;
      while (at < ids.length) {
        const batch = ids.slice(at, at + BATCH);
        const first = batch[0] as string;
        const { bytes: room, isLeast } = size;
        const began = clock.monotonic();
        let items: readonly Item[];
        try {
          items = await read(batch, room, most);
        } catch (error) {
          if (!mayHaveExecuted(error)) throw error;
          size.shrink();
          const bytes = await bytesOf(first);
          const wasAlone = bytes > room;
          if (isLeast && !wasAlone) throw error;
          if (!wasAlone) continue;
          misses.set(first, (misses.get(first) ?? 0) + 1);
          if ((misses.get(first) ?? 0) < ATTEMPTS) continue;
          misses.delete(first);
          at += 1;
          yield [{ outcome: 'tooLarge', id: first, bytes }];
          continue;
        }
        misses.delete(first);
        size.arrived(sizeOf(items), clock.monotonic() - began);
        at += items.length;
        yield items.map((item, index) => toEntry(batch[index] as string, item));
      }
    },
    slowDown: () => size.shrink(),
  };
}

/** All of them, in their order. @throws as `pages` does */
export async function readEntries(
  reader: Pick<EntryReader, 'pages'>,
  ids: readonly string[],
  mostBytes: number,
): Promise<ReadEntry[]> {
  const entries: ReadEntry[] = [];
  for await (const page of reader.pages(ids, mostBytes)) entries.push(...page);
  return entries;
}
