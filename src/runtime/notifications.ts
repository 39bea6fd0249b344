/** What the runtime tells the application. docs/reference/contract.md says when, in which order, and what to do. */
import type { StreamwardenError } from '../core/errors.js';
import type { DeadLetterReason } from '../redis/due-consumer.js';

/** One entry of the load balancer stream, as far as an application has to know it. */
export interface StreamRef<TInfo = unknown> {
  /** Name of the data stream. */
  readonly stream: string;
  /** Entry id on the load balancer stream; the fencing token. */
  readonly id: string;
  /** What the producer attached, null when nothing; with `infoSchema` what that made of it. */
  readonly info: TInfo;
  /** How many owners have been lost or have failed before. */
  readonly retryCount: number;
}

interface At {
  /** Wall clock, milliseconds since the epoch. */
  readonly at: number;
}

/** The entry is ours and its lease is held: process the data stream. */
export interface StreamAdded<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamAdded';
}

/**
 * Another consumer that owned this stream is dead. Unless `autoClaim` is off, the runtime requeues it for everyone. Its `info` is what the producer attached:
 * it has passed no schema.
 */
export interface StreamExpired extends StreamRef<Readonly<Record<string, unknown>> | null>, At {
  readonly type: 'StreamExpired';
  /** Name in the group of the consumer that is dead. */
  readonly owner: string;
  /** Whether the runtime itself requeues it; false: call `claim()`, or leave it to the reconciliation scan. */
  readonly autoClaim: boolean;
  /**
   * How many expiries this notification stands for, 1 or more. When the buffer is full, further ones are counted on the
   * last one that is waiting; this one then names only the first of them.
   */
  readonly count: number;
}

/** Why a stream was lost. */
export type DisownedReason =
  /** The lease had lapsed and somebody else was given the stream. */
  | 'takenOver'
  /** The entry is gone from Redis: data loss, FLUSHALL, a destroyed group. Nobody else may ever get it. */
  | 'entryGone'
  /** The runtime's own code for this stream failed: it is handed over, and the failure is in the snapshot. */
  | 'failed';

/** A stream that was ours is not any more. Its signal has been aborted before this is delivered: stop at once. */
export interface StreamDisowned<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamDisowned';
  readonly reason: DisownedReason;
}

/** The lease could not be confirmed in time: somebody else may be given the stream. Nothing is lost yet. */
export interface StreamUncertain<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamUncertain';
  /** How far past its deadline the lease was when this was noticed, in milliseconds. */
  readonly overdueMs: number;
}

/** After `StreamUncertain`: the stream was ours all along and still is. */
export interface StreamConfirmed<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamConfirmed';
}

/** A producer ensured the stream while it was ours: there may be more to do. */
export interface StreamTouched<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamTouched';
  /** How often that has happened since it is ours. One that waits in a buffer is replaced by a later one. */
  readonly touched: number;
}

/** A producer cancelled the stream while it was ours. Its signal has aborted; it is finished when its handler has returned, or its grace is over. */
export interface StreamCancelled<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamCancelled';
}

/**
 * This process has more streams than its share, and hands this one over: its signal has aborted. It is given back, no retry spent, when its handler has
 * returned, or its grace is over; without handlers when `release()` or `done()` is called, or the grace is over.
 */
export interface StreamMoving<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamMoving';
}

/**
 * Its handler threw. The stream stays ours through the back-off; then one retry is spent, and everybody may be given it. After an
 * `UnrecoverableError` it is dead-lettered instead, at once.
 */
export interface StreamFailed<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'StreamFailed';
  /** What the handler threw; made into an error where it was none. */
  readonly error: Error;
  /** How often a handler of it threw, this time included. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  /** When the retry is spent, wall clock, milliseconds since the epoch. `done()` and `release()` before that spend none. Null: no retry can succeed. */
  readonly retryAt: number | null;
}

/**
 * This consumer moved a stream to the dead-letter stream: its own, or one of a consumer that is dead. Nobody is given it any more; `dlq redrive`
 * announces it anew.
 */
export interface StreamDeadLettered extends At {
  readonly type: 'StreamDeadLettered';
  /** Name of the data stream; null when the entry could not be parsed or was too large to be read. */
  readonly stream: string | null;
  /** Entry id that it had on the load balancer stream. */
  readonly id: string;
  /** Retries that were spent on it; of `max_retries_exceeded` one too many. */
  readonly retryCount: number;
  readonly reason: DeadLetterReason;
  /** Entry id on the dead-letter stream. */
  readonly letterId: string;
  /** How many letters this notification stands for, 1 or more, as `count` of {@link StreamExpired}. */
  readonly count: number;
}

/**
 * Entries of a stream of ours were removed before its handler was given them: by MAXLEN, by XDEL, or with the whole stream. The iterator goes on with what is left.
 */
export interface EntriesTrimmed<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'EntriesTrimmed';
  /** Key of the Redis stream. */
  readonly key: string;
  /** The last entry that had been read. */
  readonly after: string;
  /** The first one that is left; null: none. */
  readonly first: string | null;
  /** How many are missing; null: Redis does not say. */
  readonly missed: number | null;
  /** How many notifications this one stands for, 1 or more, as `count` of {@link StreamExpired}. */
  readonly count: number;
}

/** An entry was passed over, as `onEntryError` of its iterator says: the handler threw too often with it in hand, or it does not satisfy the schema. */
export interface EntryFailed<TInfo = unknown> extends StreamRef<TInfo>, At {
  readonly type: 'EntryFailed';
  /** Key of the Redis stream. */
  readonly key: string;
  /** Entry id on that stream. */
  readonly entryId: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** What the handler threw last; made into an error where it was none. */
  readonly error: Error;
  /** Entry id of its copy on the stream `{<service>-input}:entries:dlq`; null: it was skipped without one. */
  readonly letterId: string | null;
  /** How many notifications this one stands for, 1 or more, as `count` of {@link StreamExpired}. */
  readonly count: number;
}

/** The runtime has stopped reading for good. The last notification there is. */
export interface StreamTerminated extends At {
  readonly type: 'StreamTerminated';
  /** `stopped`: `stop()` was called. `failed`: `error` says why. */
  readonly reason: 'stopped' | 'failed';
  readonly error: StreamwardenError | null;
}

export type Notification<TInfo = unknown> =
  | StreamAdded<TInfo>
  | StreamExpired
  | StreamDisowned<TInfo>
  | StreamUncertain<TInfo>
  | StreamConfirmed<TInfo>
  | StreamTouched<TInfo>
  | StreamCancelled<TInfo>
  | StreamMoving<TInfo>
  | StreamFailed<TInfo>
  | StreamDeadLettered
  | EntriesTrimmed<TInfo>
  | EntryFailed<TInfo>
  | StreamTerminated;
