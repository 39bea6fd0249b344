/** What is kept of how far a data stream has come, as whoever looks from outside sees it, whether or not anybody owns the stream. */
import { StreamwardenError } from '../core/errors.js';
import { parseCheckpoint } from './checkpoints.js';
import type { Commands } from './commands.js';
import { toEpochMs } from './epoch.js';
import type { Names } from './names.js';
import { pipelined } from './pipelined.js';

export interface KeptCheckpoint {
  /** Entry id of the owner that wrote it: its fencing token. */
  readonly token: string;
  /** Grows with each save of that owner. 0: it has finished the stream, and left this. */
  readonly number: number;
  /** When it was written, epoch milliseconds by Redis's clock; and how long ago. */
  readonly at: number;
  readonly ageMs: number;
  /** JSON of what the application saved; null: nothing. */
  readonly value: string | null;
  /** The last entry of each Redis stream that has been dealt with; null: all of it has, and it has been removed. */
  readonly positions: readonly { readonly key: string; readonly id: string | null }[];
  /** Entries that handlers have failed with, and how often. */
  readonly attempts: readonly { readonly key: string; readonly id: string; readonly count: number }[];
}

/** Null: nothing is kept. @throws StreamwardenError `InvalidCheckpoint`: it is none, or one of a newer version: rejects with */
export async function lookAtCheckpoint(
  commands: Commands,
  { checkpoints }: Names,
  dataStream: string,
): Promise<KeptCheckpoint | null> {
  const [records, time] = (await commands.run('HMGET', (client) =>
    pipelined<unknown>(client, (pipeline) => pipeline.hmget(checkpoints, dataStream).time()),
  )) as [(string | null)[], [string, string]];
  const record = records[0] ?? null;
  if (record === null) return null;
  const found = parseCheckpoint(record);
  if (found === undefined) {
    throw new StreamwardenError(
      'InvalidCheckpoint',
      `what is kept as the checkpoint of ${dataStream} is none, or one of a newer version`,
      { details: { stream: dataStream } },
    );
  }
  const { id: token, number, at, content } = found;
  const { v, p = {}, a = {} } = content;
  return {
    token,
    number,
    at,
    ageMs: Math.max(0, Math.round(toEpochMs(time) - at)),
    value: v === undefined ? null : JSON.stringify(v),
    positions: Object.entries(p).map(([key, id]) => ({ key, id: id === 'removed' ? null : id })),
    attempts: Object.entries(a).map(([key, [id, count]]) => ({ key, id, count })),
  };
}
