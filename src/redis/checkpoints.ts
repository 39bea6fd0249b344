/**
 * Checkpoints: how far the owner of a data stream has come, for whoever owns it next. One record a data stream, in the slot of the load balancer
 * stream; `scripts/save.lua` says how it is written, and by whom. Primitive: no retry, no timer, no policy.
 */
import { isEntryId } from '../core/entry-id.js';
import type { Commands } from './commands.js';
import type { EntryRef } from './lease-store.js';
import type { Names } from './names.js';

/** What is kept of one data stream. */
export interface CheckpointRecord {
  /** Entry id of the owner that wrote it. */
  readonly id: string;
  /** Grows with each save of that owner. 0: it has finished the stream, and left this. */
  readonly number: number;
  /** When it was written, epoch milliseconds by Redis's clock. */
  readonly at: number;
  readonly content: CheckpointContent;
}

/** As it is written: what is empty is left out. */
export interface CheckpointContent {
  /** What the application saved. */
  readonly v?: unknown;
  /** Key of a Redis stream → id of the last entry of it that is done with. */
  readonly p?: Readonly<Record<string, string>>;
  /** Key of a Redis stream → id of an entry of it that failed, and how often. */
  readonly a?: Readonly<Record<string, readonly [id: string, attempts: number]>>;
}

/** A checkpoint that is to be written. */
export interface Saving extends EntryRef {
  readonly number: number;
  /** A `CheckpointContent`. */
  readonly json: string;
}

/** What became of one. */
export type Saved =
  /** It is there, or a newer one of the same owner is. */
  | 'saved'
  /** Its stream has been cancelled: none is kept of it any more. */
  | 'cancelled'
  /** The stream is not this incarnation's. */
  | 'notMine';

const SAVED: readonly Saved[] = ['notMine', 'saved', 'cancelled'];

export interface CheckpointStore {
  /** Writes checkpoints of streams of this incarnation. Ascending ids, at most 200. */
  save(batch: readonly Saving[]): Promise<Saved[]>;
  /** What is kept of each of these data streams; null: nothing. On the connection for what may be large. */
  read(dataStreams: readonly string[]): Promise<(string | null)[]>;
  /** Clears what nobody owns and was written longer ago than this, and sooner what says only that streams were removed; resolves with how many. Walks the hash. */
  prune(keepMs: number): Promise<number>;
}

export interface CheckpointSettings {
  readonly consumer: string;
  readonly historyKey: string | undefined;
}

/** Records in one reply. */
const READ_PAGE = 8;
/**
 * How long it is known that a finished stream's entries were removed, in milliseconds: a producer may announce it after that once more, which had added one
 * of them before.
 */
const REMOVED_KEEP_MS = 600_000;
/** Records that are looked at in one call; keeps the script below 2 ms. */
const PRUNED_PAGE = 200;

/**
 * @param bulk commands on the connection for whatever is as large as others choose to make it
 * @param generation under which the caller sends its scripts now
 */
export function createCheckpointStore(
  commands: Commands,
  bulk: Commands,
  { lbs, group, owners, checkpoints, cancels, presence }: Names,
  { consumer, historyKey }: CheckpointSettings,
  generation: () => number,
): CheckpointStore {
  const keys = [
    lbs,
    presence(consumer),
    checkpoints,
    cancels,
    ...(historyKey === undefined ? [] : [historyKey]),
  ];
  return {
    async save(batch) {
      const args: (string | number)[] = [group, consumer, generation()];
      for (const { id, name, number, json } of batch) args.push(id, name, number, json);
      const reply = (await commands.script('save', keys, args)) as number[];
      return reply.map((item) => SAVED[item] as Saved);
    },
    async read(dataStreams) {
      const found: (string | null)[] = [];
      for (let at = 0; at < dataStreams.length; at += READ_PAGE) {
        const page = dataStreams.slice(at, at + READ_PAGE);
        found.push(...(await bulk.run('HMGET', (client) => client.hmget(checkpoints, ...page))));
      }
      return found;
    },
    async prune(keepMs) {
      let cleared = 0;
      let cursor = '0';
      do {
        const args = [group, cursor, PRUNED_PAGE, keepMs, Math.min(keepMs, REMOVED_KEEP_MS)];
        const reply = await commands.script('prune-checkpoints', [lbs, owners, checkpoints], args);
        const [next, count] = reply as [string, number];
        cursor = next;
        cleared += count;
      } while (cursor !== '0');
      return cleared;
    },
  };
}

const RECORD = /^v1 (\d+-\d+) (\d{1,15}) (\d{1,15}) (.*)$/s;

/** Undefined: it is none that this version writes, or somebody else has written there. */
export function parseCheckpoint(record: string): CheckpointRecord | undefined {
  const [, id = '', number, at, json = ''] = RECORD.exec(record) ?? [];
  if (!isEntryId(id)) return undefined;
  try {
    const content: unknown = JSON.parse(json);
    return isContent(content) ? { id, number: Number(number), at: Number(at), content } : undefined;
  } catch {
    return undefined;
  }
}

function isContent(value: unknown): value is CheckpointContent {
  if (!isObject(value)) return false;
  const { p = {}, a = {} } = value;
  return isObject(p) && isObject(a) && Object.values(p).every(isText) && Object.values(a).every(isAttempts);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isAttempts(value: unknown): boolean {
  return Array.isArray(value) && isText(value[0]) && Number.isSafeInteger(value[1]);
}
