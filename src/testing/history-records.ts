/**
 * The records of a history list (`historyKey`), and how to read them. The scripts that change an owner write them, in the
 * same atomic step, so their order in the list is the order in which it happened.
 */
import type { Redis } from 'ioredis';
import * as z from 'zod';
import { messageOf, StreamwardenError } from '../core/errors.js';

// Names may be empty: an entry that cannot be parsed, or whose payload is gone, has none.
const common = { at: z.number(), id: z.string(), name: z.string() };
const moved = { ...common, from: z.string(), by: z.string() };

const recordSchema = z.discriminatedUnion('op', [
  z.object({ ...common, op: z.literal('acquired'), owner: z.string(), checkpoint: z.string().optional() }),
  z.object({ ...common, op: z.literal('saved'), owner: z.string(), number: z.number(), text: z.string() }),
  z.object({
    ...common,
    op: z.literal('finished'),
    owner: z.string(),
    checkpoint: z.enum(['cleared', 'removed']).optional(),
  }),
  z.object({
    ...moved,
    op: z.literal('requeued'),
    copy: z.string(),
    count: z.number(),
    why: z.enum(['dead', 'handOver', 'failed', 'waiting']),
    proven: z.literal(true).optional(),
    trial: z.number().optional(),
  }),
  z.object({
    ...moved,
    op: z.literal('deadLetterDue'),
    to: z.string(),
    count: z.number(),
    reason: z.string(),
  }),
  z.object({
    ...moved,
    op: z.literal('deadLettered'),
    copy: z.string(),
    count: z.number(),
    reason: z.string(),
  }),
  z.object({ ...moved, op: z.literal('gone') }),
  z.object({ ...moved, op: z.literal('cancelled') }),
  z.object({
    ...moved,
    op: z.literal('delayed'),
    copy: z.string(),
    count: z.number(),
    why: z.literal('handOver'),
    proven: z.literal(true).optional(),
    trial: z.number().optional(),
  }),
  z.object({ ...moved, op: z.literal('parked'), copy: z.string(), why: z.enum(['owned', 'paused', 'turn']) }),
  z.object({ ...moved, op: z.literal('coalesced') }),
  z.object({ ...common, op: z.literal('unparked'), by: z.string(), copy: z.string() }),
  z.object({ ...common, op: z.literal('undelayed'), by: z.string(), copy: z.string() }),
]);

/** What every record says. */
export interface HistoryRecordBase {
  /** Redis's clock, milliseconds since the epoch, with microseconds as the fraction. */
  readonly at: number;
  /** Entry id on the load balancer stream. */
  readonly id: string;
  /** Name of the data stream; empty where it could not be known. */
  readonly name: string;
}

/** A consumer was verified as the owner of an entry. */
export interface AcquiredRecord extends HistoryRecordBase {
  readonly op: 'acquired';
  /** The consumer's name in the group. */
  readonly owner: string;
  /** The checkpoint that it was given: the entry of the owner that wrote it, a space, and its number. Undefined: there was none. */
  readonly checkpoint?: string | undefined;
}

/** An owner saved how far it has come. */
export interface SavedRecord extends HistoryRecordBase {
  readonly op: 'saved';
  readonly owner: string;
  /** Grows with each save of one owner. */
  readonly number: number;
  /** What it saved, as it is kept: JSON. */
  readonly text: string;
}

/** An owner said done: the entry is acknowledged and deleted. */
export interface FinishedRecord extends HistoryRecordBase {
  readonly op: 'finished';
  readonly owner: string;
  /** The checkpoint of the stream went with it; `removed`: what is left says that its entries were removed. */
  readonly checkpoint?: 'cleared' | 'removed' | undefined;
}

/** An entry was taken out of a consumer's hands, by that consumer itself or by another one. */
export interface MovedRecord extends HistoryRecordBase {
  /** For whom it had been pending. */
  readonly from: string;
  /** Who moved it. */
  readonly by: string;
}

/** A copy of the entry was given to everyone. */
export interface RequeuedRecord extends MovedRecord {
  readonly op: 'requeued';
  /** Id of the copy. */
  readonly copy: string;
  /** Retry count of the copy. */
  readonly count: number;
  /** `dead`: its consumer was; `waiting`: its data stream's name had been taken. */
  readonly why: 'dead' | 'handOver' | 'failed' | 'waiting';
  /** The owner had it for so long that the counts from before are over: `count` begins at 0. */
  readonly proven?: true | undefined;
  /** As which suspect the copy is to be begun: k × 1,000,000 + n is as one of n, or of nobody knows how many, in the k-th window. */
  readonly trial?: number | undefined;
}

/**
 * The entry is to go to a dead-letter stream that lives in another slot. It is out of everybody's hands; `deadLettered` follows when
 * its letter stands there.
 */
export interface DeadLetterDueRecord extends MovedRecord {
  readonly op: 'deadLetterDue';
  /** The consumer, who is nobody, that it is pending for until then. */
  readonly to: string;
  /** Retry count of the letter. */
  readonly count: number;
  readonly reason: string;
}

/** The entry went to the dead-letter stream. */
export interface DeadLetteredRecord extends MovedRecord {
  readonly op: 'deadLettered';
  /** Its id on the dead-letter stream. */
  readonly copy: string;
  readonly count: number;
  readonly reason: string;
}

/** The entry's payload had been deleted by somebody else, so there was nothing left to give to anybody. */
export interface GoneRecord extends MovedRecord {
  readonly op: 'gone';
}

/** A producer had cancelled the stream, and the entry was finished as it was taken out of a consumer's hands. */
export interface CancelledRecord extends MovedRecord {
  readonly op: 'cancelled';
}

/** Its owner gave the entry back, to be given to everyone only later. */
export interface DelayedRecord extends MovedRecord {
  readonly op: 'delayed';
  /** Id of what is delayed, `delayed:` and a number: it is no entry. */
  readonly copy: string;
  /** Retry count of what is delayed. */
  readonly count: number;
  readonly why: 'handOver';
  /** As of a requeue. */
  readonly proven?: true | undefined;
  /** As of a requeue. */
  readonly trial?: number | undefined;
}

/** What had been delayed was given to everyone. Its id is that of what was delayed. */
export interface UndelayedRecord extends HistoryRecordBase {
  readonly op: 'undelayed';
  /** Name in the group of the consumer that saw to it. */
  readonly by: string;
  /** Id of the entry. */
  readonly copy: string;
}

/** A consumer was given the entry while its name was not free, and it waits aside. */
export interface ParkedRecord extends MovedRecord {
  readonly op: 'parked';
  /** Id of what is parked, `parked:` and a number: it is no entry. */
  readonly copy: string;
  /** Another entry owned the name; the name was paused; it was another entry's turn. */
  readonly why: 'owned' | 'paused' | 'turn';
}

/** A consumer was given the entry, and it was finished, as another one of its name waits. */
export interface CoalescedRecord extends MovedRecord {
  readonly op: 'coalesced';
}

/** What had been parked went back on the stream. Its id is that of what was parked. */
export interface UnparkedRecord extends HistoryRecordBase {
  readonly op: 'unparked';
  /** Name in the group of the consumer that saw to it. */
  readonly by: string;
  /** Id of the entry. */
  readonly copy: string;
}

/** One change of owner, or what an owner saved. */
export type HistoryRecord =
  | AcquiredRecord
  | SavedRecord
  | FinishedRecord
  | RequeuedRecord
  | DeadLetterDueRecord
  | DeadLetteredRecord
  | GoneRecord
  | CancelledRecord
  | DelayedRecord
  | UndelayedRecord
  | ParkedRecord
  | CoalescedRecord
  | UnparkedRecord;

/**
 * Reads one record as it stands in the list.
 *
 * @throws StreamwardenError `ProtocolMismatch` when the text is no record
 */
export function parseHistoryRecord(line: string): HistoryRecord {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch (cause) {
    throw mismatch(line, messageOf(cause), cause);
  }
  const result = recordSchema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw mismatch(line, `${issue?.path.join('.') || 'the record'}: ${issue?.message ?? 'unknown'}`);
}

function mismatch(line: string, problem: string, cause?: unknown): StreamwardenError {
  return new StreamwardenError('ProtocolMismatch', `expected a history record, got: ${line} (${problem})`, {
    cause,
    details: { line },
  });
}

/** Options of {@link readHistory}. */
export interface ReadHistoryOptions {
  /** How many records are asked for at a time. @defaultValue 5000 */
  readonly pageSize?: number;
}

/**
 * Reads a whole history list, in pages. Safe while it grows: records are only ever appended, so pages do not shift.
 *
 * @param client any ioredis client of the server; it is used and not closed
 * @param key the `historyKey` of the runtimes
 * @throws StreamwardenError `ProtocolMismatch` when something else stands in the list
 */
export async function readHistory(
  client: Pick<Redis, 'lrange'>,
  key: string,
  options: ReadHistoryOptions = {},
): Promise<HistoryRecord[]> {
  const pageSize = options.pageSize ?? 5_000;
  const records: HistoryRecord[] = [];
  for (;;) {
    const page = await client.lrange(key, records.length, records.length + pageSize - 1);
    for (const line of page) records.push(parseHistoryRecord(line));
    if (page.length < pageSize) return records;
  }
}
