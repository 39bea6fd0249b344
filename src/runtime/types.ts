/** The public face of a runtime. */
import type { StreamwardenError } from '../core/errors.js';
import type { ConsumerState } from '../machines/standing.js';
import type { ActiveRecording, RecordOptions } from '../replay/record-options.js';
import type { BatchesOf, EntriesOf } from './entries/types.js';
import type { FleetMember } from './fleet.js';
import type { InspectOptions, RunningInspector } from './inspect-options.js';
import type { Notification, StreamRef } from './notifications.js';
import type { Snapshot } from './snapshot.js';

/** How starting ended, where it did not fail. */
export type Started =
  /** Streams are read. */
  | 'running'
  /** `stop()` was called first: nothing was read. */
  | 'stopped';

/** How a runtime ended. */
export interface Closed {
  /** Null: it was stopped. */
  readonly error: StreamwardenError | null;
}

export interface DoneOptions {
  /**
   * How often the stream has been touched, as `touched` said before its work was looked for the last time. Where it has been touched since, it is
   * not finished: `StreamTouched`.
   * @defaultValue undefined: it is finished however often it has been touched
   */
  readonly ifTouches?: number;
  /**
   * The checkpoint stays, for whoever owns a stream of this name next; what is unsaved of it is saved first.
   * @defaultValue false: it goes with the stream
   */
  readonly keep?: boolean;
}

export interface ReleaseOptions {
  /**
   * Everyone may have the stream only so many milliseconds later, by the clock of Redis: an integer from 0 to 31622400000, which is 366 days.
   * @defaultValue 0: at once
   */
  readonly afterMs?: number;
}

/** What came of the streams that `releaseMany()` was to release. */
export interface ReleaseReport {
  /** For which the predicate held. */
  readonly matched: number;
  /** Given back to everyone, or delayed. */
  readonly released: number;
  /** Finished by their handlers meanwhile, or lost. */
  readonly ended: number;
  /** Redis refused for good to take them back, or the runtime ended first; the log says why. */
  readonly failed: number;
}

/** @param touched how often, in all */
export type TouchListener = (touched: number) => void;

/** A data stream that this process owns. Valid until `signal` aborts or the stream is done. */
export interface StreamHandle<TInfo = unknown, TCheckpoint = unknown> {
  /** Name of the data stream. */
  readonly name: string;
  /** Entry id on the load balancer stream. */
  readonly id: string;
  /** What the producer attached, null when nothing; with `infoSchema` what that made of it. */
  readonly info: TInfo;
  /** How many owners have been lost or have failed before. */
  readonly retryCount: number;
  /** How often a handler of it threw before. Owners of the Go library do not say. */
  readonly failures: number;
  /** How often an owner of it died before. Owners of the Go library do not say. */
  readonly deaths: number;
  /**
   * Grows with every change of owner of this data stream: give it to whatever you write to, and have that refuse a
   * smaller one. The entry id; order it with `compareFencingTokens`, never as text.
   */
  readonly fencingToken: string;
  /**
   * Aborts when the stream is lost, handed over, or (with `onUncertain: 'abort'`) uncertain; its reason is a StreamwardenError.
   * Not when the stream is done.
   */
  readonly signal: AbortSignal;
  /**
   * Until when, on the wall clock in epoch milliseconds, the lease holds for certain. Grows with every heartbeat that is in
   * time. Past it another process may be given the stream, and it stays past until the stream has been found to be held still.
   */
  readonly validUntil: number;
  /**
   * How often a producer has ensured the stream since this process owns it, as far as is known: within a heartbeat. Take it before you look for
   * work, and give it to `done`.
   */
  readonly touched: number;
  /** Calls back when `touched` has grown, until what is returned is called, or the stream is owned no more. */
  onTouched(listener: TouchListener): () => void;
  /**
   * What an owner of the stream saved last, as of the moment it was assigned: a text, or with `checkpointSchema` what that made of it. Undefined:
   * nothing.
   * @throws StreamwardenError `InvalidCheckpoint`: what is kept does not fit the schema
   */
  readonly checkpoint: TCheckpoint | undefined;
  /**
   * Saves how far the work on the stream has come, for whoever owns it next: `checkpoint` is that then. A text, or what `checkpointSchema` takes, of at most 4 KiB
   * as JSON. Resolves when Redis has it, or something newer that this owner saved; calls of `flushMs` go there together, the newest of each stream. Waits
   * out an outage of Redis.
   * @throws StreamwardenError `InvalidOption`, `StreamNotOwned`, `RuntimeStopped`: rejects with
   */
  save(checkpoint: TCheckpoint): Promise<void>;
  /**
   * The entries of the data stream: a Redis stream that is named as it, or another one. An iterator, for `for await`: it begins behind the entry that was
   * committed last, by whichever owner, and asking for the next entry commits the one before. Every entry comes at least once, in order. It ends at the end mark
   * (`producer.end()`), or as the options say; asking for the next entry rejects with the signal's reason once that has aborted. A handler that returns after its
   * iterator has come to an end finishes the stream only if nothing has come meanwhile; otherwise it is called again.
   * @throws StreamwardenError `InvalidOption`, `InvalidState`: they are iterated over already. Asking for the next entry rejects with `PermissionDenied` or
   *   `NotAStream` where that key cannot be read, and with `EntryInvalid` where an entry does not satisfy the schema; an outage is waited out
   */
  readonly entries: EntriesOf;
  /** The same, several entries at a time: as many as there are, and at most `count`. */
  readonly batches: BatchesOf;
  /** The same as `runtime.done(stream, options)`. */
  done(options?: DoneOptions): Promise<void>;
  /** The same as `runtime.release(stream, options)`. */
  release(options?: ReleaseOptions): Promise<void>;
  /**
   * Keeps the stream here when this process has more than its share, until what is returned is called. It is handed over all the same when the runtime
   * stops.
   */
  pin(): () => void;
}

/** What processes one data stream. Returning, or resolving, whatever with, means done; throwing spends a retry, unless the signal has aborted. */
export type StreamHandler<TInfo = unknown, TCheckpoint = unknown> = (
  stream: StreamHandle<TInfo, TCheckpoint>,
) => unknown;

export interface ProcessOptions {
  /** How many handlers run at once; the process owns no more streams than this while the processor is attached. */
  readonly concurrency?: number;
}

export type StopMode =
  /** Signals abort, handlers get `handOverGraceMs`, then every stream goes back to the others, no retry spent. */
  | 'handOver'
  /** Nothing new is read; what is owned may finish until `timeoutMs`, then as `handOver`. */
  | 'finish'
  /** Connections are closed at once and Redis is told nothing: the others recover the streams as after a crash. */
  | 'abandon';

export interface StopOptions {
  /** @defaultValue 'handOver' */
  readonly mode?: StopMode;
  /** Budget of the whole stop, in milliseconds; what is left then is abandoned. @defaultValue `handOverGraceMs` + 5 heartbeats; 'finish': 60000 more */
  readonly timeoutMs?: number;
}

export interface StopReport {
  readonly mode: StopMode;
  /** Streams given back to the others. */
  readonly handedOver: number;
  /** Streams whose handler had not returned when its grace was over: somebody else may run beside it for as long as it ignores its signal. */
  readonly stragglers: readonly string[];
  /** Streams that could not be handed over: the others recover them once presence has lapsed. */
  readonly abandoned: readonly string[];
}

export interface Health {
  /** False when only a restart of the process can help. For liveness probes. */
  readonly live: boolean;
  /** True while the runtime reads, or would if it had room. For readiness probes. */
  readonly ready: boolean;
  /** Why it is not ready or not live, or less than configured. Empty when all is well. */
  readonly reasons: readonly string[];
}

export interface Runtime<TInfo = unknown, TCheckpoint = unknown> extends AsyncDisposable {
  /** The service whose streams are shared out. */
  readonly service: string;
  /** Name in the consumer group: the consumer id, and a mark of this incarnation. */
  readonly consumer: string;
  readonly state: ConsumerState;
  /**
   * Resolves when reading has begun, or, as `stopped`, when `stop()` was called first. Rejects with a typed error, and everything closed, when it
   * cannot begin within `startTimeoutMs`.
   */
  start(): Promise<Started>;
  /** Idempotent, also during `start()`; a later call may ask for a harder mode. */
  stop(options?: StopOptions): Promise<StopReport>;
  /** Resolves when the runtime has stopped; with the error when it failed. Never rejects. */
  readonly closed: Promise<Closed>;
  /**
   * Everything the runtime tells, in order. Ends after `StreamTerminated`. Each call is a reader of its own, with a buffer of
   * `notificationBuffer`; the first one also gets what was buffered before it. A reader that falls behind stops the reading of new
   * streams, never the heartbeats.
   */
  notifications(): AsyncIterableIterator<Notification<TInfo>>;
  /** Attaches the one handler that processes every stream this process owns. */
  process(handler: StreamHandler<TInfo, TCheckpoint>, options?: ProcessOptions): void;
  /**
   * Announces that a stream is finished. Waits out an outage of Redis. Rejects with `StreamTouched`, and the stream is owned as before, where
   * `ifTouches` is exceeded.
   */
  done(stream: StreamRefLike, options?: DoneOptions): Promise<void>;
  /**
   * Gives a stream back to everyone, this process included, no retry spent. Its signal aborts; a handler that is at work on it gets
   * `handOverGraceMs` to return first, unless it is the one that asks. With `afterMs` nobody is given it before that time has passed.
   */
  release(stream: StreamRefLike, options?: ReleaseOptions): Promise<void>;
  /**
   * Releases every stream that this process owns and for which the predicate holds, all at once. What the predicate throws it rejects with, and
   * nothing is released then.
   */
  releaseMany(
    predicate: (stream: StreamHandle<TInfo, TCheckpoint>) => boolean,
    options?: ReleaseOptions,
  ): Promise<ReleaseReport>;
  /** Requeues a stream of a dead owner for everyone. `AlreadyClaimed` when there is nothing to claim, `OwnerAlive` when it is held. */
  claim(stream: Pick<StreamRef, 'id'>): Promise<void>;
  /**
   * Asks the nodes of the cluster who its masters are and sets keyspace events up on each anew; the runtime does so by itself when they
   * change. With a single server it does nothing. Rejects with `ClusterNotSettled` while the nodes disagree, with `RedisUnavailable` when none
   * answers.
   */
  resetTopology(): Promise<void>;
  /** Stops taking new streams; what is owned stays owned. */
  pause(): Promise<void>;
  resume(): void;
  /** The stream of this name, if this process owns it. */
  owned(name: string): StreamHandle<TInfo, TCheckpoint> | undefined;
  /** All streams that this process owns. */
  ownedStreams(): IterableIterator<StreamHandle<TInfo, TCheckpoint>>;
  /**
   * The processes of the service, this one included: what Redis knows of each, and what each said of itself with its last heartbeat.
   * @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`: rejects with
   */
  fleet(): Promise<FleetMember[]>;
  snapshot(): Snapshot;
  /** The recording of the option `record`; undefined without it. */
  readonly recording: ActiveRecording | undefined;
  /**
   * Begins a recording, beside any others; it begins with how everything stands. Ends with the runtime at the latest.
   * @throws StreamwardenError `InvalidOption`, `RuntimeStopped`
   */
  record(options: RecordOptions): ActiveRecording;
  /**
   * Serves a page that shows what this runtime does, now. Ends with the runtime. For several runtimes of one process: `createInspector()` of
   * `streamwarden/inspector`. docs/reference/inspector.md.
   * @throws StreamwardenError `InvalidOption`, `InspectorFailed`, `RuntimeStopped`: rejects with
   */
  inspect(options?: InspectOptions): Promise<RunningInspector>;
  health(): Health;
}

/** A handle, a notification, or anything else that carries the entry id. */
export interface StreamRefLike {
  readonly id: string;
}
