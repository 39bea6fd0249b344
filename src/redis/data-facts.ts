/** What Redis knows of a data stream beside its entries, as XINFO STREAM says it. Costs the same however long the stream is. */
import type { StreamwardenError } from '../core/errors.js';
import { isEndMark } from './end-mark.js';
import { fieldsOf } from './flat-reply.js';

export interface DataFacts {
  readonly length: number;
  readonly lastId: string;
  /** Null: the stream is empty. */
  readonly firstId: string | null;
  /** How many entries it has ever had. Null before Redis 7.0. */
  readonly added: number | null;
  /** The newest entry that was ever removed; `0-0`: none. Null before Redis 7.0. */
  readonly removedId: string | null;
  /** The newest entry that is left; null: the stream is empty. */
  readonly newestId: string | null;
  /** That one is an end mark. */
  readonly isEnded: boolean;
}

export function factsOf(reply: unknown): DataFacts {
  const fields = fieldsOf(reply);
  const first = (fields['first-entry'] ?? null) as unknown as readonly [id: string] | null;
  const last = (fields['last-entry'] ?? null) as unknown as readonly [id: string, fields: string[]] | null;
  const added = fields['entries-added'];
  const removed = fields['max-deleted-entry-id'];
  return {
    length: Number(fields.length),
    lastId: String(fields['last-generated-id']),
    firstId: first?.[0] ?? null,
    added: added === undefined ? null : Number(added),
    removedId: removed === undefined ? null : String(removed),
    newestId: last?.[0] ?? null,
    isEnded: last !== null && isEndMark(last[1]),
  };
}

/** A stream that is to be looked at from outside. */
export interface LookAsk {
  readonly key: string;
  /** The first entry behind this one is asked for as well; null: it is known. */
  readonly after: string | null;
}

export interface LookAnswer {
  /** Undefined: there is no such stream. */
  readonly facts: DataFacts | undefined;
  /** The first entry behind `after`; null: none, or it was not asked for. */
  readonly nextId: string | null;
}

/** What one server answers about several streams. */
export interface DataLook {
  /** By the server's clock, epoch milliseconds. */
  readonly redisMs: number;
  readonly answers: readonly (LookAnswer | StreamwardenError)[];
}
