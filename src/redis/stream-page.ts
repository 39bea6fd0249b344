/**
 * Walks a stream whose entries are as large as others have made them, in pages of bytes, in either direction. What does not arrive in time is
 * asked for again half as large, down to one entry; one that does not arrive even alone comes with its small fields only.
 */
import type { Clock } from '../core/clock.js';
import { byteScript } from './byte-script.js';
import type { Commands } from './commands.js';
import { PageSize } from './page-size.js';
import { bytesOf, PlainReads } from './plain-reads.js';
import { mayHaveExecuted } from './reply-errors.js';

export interface PagedEntry {
  readonly id: string;
  /** Of its fields and values, without those that are ours. */
  readonly bytes: number;
  /** Fields and values in turn; the small ones only where it is not whole. */
  readonly fields: readonly Buffer[];
  readonly isWhole: boolean;
}

export interface StreamPage {
  readonly entries: readonly PagedEntry[];
  /** There may be more in the range. */
  readonly hasMore: boolean;
}

export interface StreamRange {
  readonly order: 'newestFirst' | 'oldestFirst';
  /** As XRANGE and XREVRANGE take them, in the order of the walk. */
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** Of larger entries only the small fields are read. */
  readonly mostBytes: number;
}

export type ReadStreamPage = (key: string, range: StreamRange) => Promise<StreamPage>;

/** So often an entry is asked for alone. */
const ATTEMPTS = 3;

type Reply = readonly [
  entries: readonly (readonly [id: Buffer, bytes: number, fields: Buffer[], isWhole: number])[],
  more: number,
];

/** @param timeoutMs deadline of the commands, in milliseconds */
export function createStreamPages(commands: Commands, clock: Clock, timeoutMs: number): ReadStreamPage {
  const size = new PageSize(timeoutMs / 8);
  const plain = new PlainReads(commands);

  async function ask(key: string, range: StreamRange, room: number, most: number): Promise<Reply> {
    const { order, from, to, count } = range;
    const command = order === 'newestFirst' ? 'XREVRANGE' : 'XRANGE';
    const limits = [count, room, Math.min(most, Number.MAX_SAFE_INTEGER)];
    return await plain.instead(
      async () => (await byteScript(commands, 'read-page', [key], [command, from, to, ...limits])) as Reply,
      async () => {
        const { rows, isFull } = await plain.page(key, command, [from, to], count, room);
        return [rows.map(([id, fields]) => [id, bytesOf(fields), fields, 1] as const), isFull ? 1 : 0];
      },
    );
  }

  /** What Redis still answers in time, where it was the size that kept the answer from arriving. */
  async function first(key: string, range: StreamRange): Promise<Reply> {
    return await ask(key, { ...range, count: 1 }, 0, 0);
  }

  return async (key, range) => {
    let misses = 0;
    for (;;) {
      const { bytes: room, isLeast } = size;
      const began = clock.monotonic();
      let reply: Reply;
      try {
        reply = await ask(key, range, room, range.mostBytes);
        const arrived = reply[0].reduce((sum, [, bytes, , isWhole]) => sum + (isWhole ? bytes : 0), 0);
        size.arrived(arrived, clock.monotonic() - began);
      } catch (error) {
        if (!mayHaveExecuted(error)) throw error;
        size.shrink();
        reply = await first(key, range);
        const wasAlone = (reply[0][0]?.[1] ?? 0) > room;
        if (isLeast && !wasAlone) throw error;
        misses = wasAlone ? misses + 1 : 0;
        if (misses < ATTEMPTS) continue;
      }
      const entries = reply[0].map(([id, bytes, fields, isWhole]) => ({
        id: String(id),
        bytes,
        fields,
        isWhole: isWhole === 1,
      }));
      const hasMore = reply[1] === 1 || entries.length === range.count || misses === ATTEMPTS;
      return { entries, hasMore };
    }
  };
}
