/** The public face of the player: what `play()` takes, and what it gives back. */
import type { Clock } from '../core/clock.js';
import type { ErrorCode } from '../core/errors.js';
import type { Info } from '../redis/entry.js';
import type { Recording } from '../replay/recording.js';
import type { Notification } from '../runtime/notifications.js';
import type { StreamHandle, StreamHandler } from '../runtime/types.js';
import type { Duration } from '../simulation/duration.js';

/** A recording, or the path of its file. */
export type PlayableRecording = Recording | string | URL;

/** One process of the play: time and chance for the handler's code. Its members are bound: `{ sleep: stage.sleep }`. */
export interface PlayStage {
  /** Name in the consumer group of the process that was recorded. */
  readonly consumer: string;
  /** Service whose streams it shares. */
  readonly service: string;
  /** The process's clock: it shows the time of the recording, and stands still where the process did. */
  readonly clock: Clock;
  /** Resolves after so much virtual time of this process. */
  readonly sleep: (duration: Duration) => Promise<void>;
  /** For real work, such as a file or a database: virtual time stands still until it has settled. */
  readonly real: <T>(work: Promise<T> | (() => Promise<T>)) => Promise<T>;
  /**
   * Writes a step of kind `note` into the play: what the handler has done to the world outside.
   * @param text what it did
   * @param detail whatever a test wants to compare
   */
  readonly note: (text: string, detail?: unknown) => void;
}

/** A stream that the recording assigns. */
export interface Assignment {
  /** Name of the data stream. */
  readonly stream: string;
  /** Entry id, which is the fencing token. */
  readonly id: string;
  /** How many owners had been lost or had failed before. */
  readonly retryCount: number;
  /** Name in the group of the process that was given it. */
  readonly consumer: string;
  /** `seq` of the recorded event that assigned it. */
  readonly seq: number;
}

/** One entry that a test supplies. */
export interface SuppliedEntry {
  /** Entry id on the data stream. */
  readonly id: string;
  /** Fields of the entry, or what a schema would have made of them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a recording does not say of an assignment, and its handler needs. */
export interface Supplies<TInfo = unknown, TCheckpoint = unknown> {
  /** What the producer attached. @defaultValue what was recorded, else null */
  readonly info?: TInfo;
  /** What an owner had saved last. What has been saved in the play itself comes before it. @defaultValue undefined */
  readonly checkpoint?: TCheckpoint;
  /** How often a handler of the stream threw before. @defaultValue 0 */
  readonly failures?: number;
  /** How often an owner of the stream died before. @defaultValue 0 */
  readonly deaths?: number;
  /** What `stream.entries()` and `stream.batches()` give, behind what has been committed in the play. Their end is the end of the stream. */
  readonly entries?: Iterable<SuppliedEntry> | AsyncIterable<SuppliedEntry>;
}

/** Options of {@link play}. */
export interface PlayOptions<TInfo = Info | null, TCheckpoint = unknown> {
  /** The handler, called for every assignment. Either this or `prepare`. */
  readonly handler?: (stream: StreamHandle<TInfo, TCheckpoint>, stage: PlayStage) => unknown;
  /** Makes the handler of each process: for handlers that are made with a clock, or keep something between streams. */
  readonly prepare?: (stage: PlayStage) => StreamHandler<TInfo, TCheckpoint>;
  /** Called before each assignment, for what the recording does not say. @defaultValue nothing is supplied */
  readonly supply?: (assignment: Assignment, stage: PlayStage) => Supplies<TInfo, TCheckpoint> | undefined;
  /** Told what each process was told, in order. */
  readonly onNotification?: (notification: Notification<TInfo>, stage: PlayStage) => void;
  /** The runtime's option: whether signals abort when a lease is overdue. @defaultValue 'continue' */
  readonly onUncertain?: 'continue' | 'abort';
  /** Whether processes stand still where the recordings are silent although a timer was due. @defaultValue true */
  readonly standstills?: boolean;
  /** How long after its signal aborted a handler may take to return before that counts as ignored. @defaultValue '5 s' */
  readonly grace?: Duration;
  /** How much sooner or later than recorded a handler may end and still end at the `same` time: in a play, code takes no time. @defaultValue '100 ms' */
  readonly tolerance?: Duration;
  /** How long the play goes on after the last recorded event, for handlers that have not returned. @defaultValue '1 min' */
  readonly within?: Duration;
  /** Decides what `clock.random()` gives. 0 to 4,294,967,295. @defaultValue 1 */
  readonly seed?: number;
  /** How long real work may take, in milliseconds of real time. 1 to 600,000. @defaultValue 1000 */
  readonly realLimitMs?: number;
}

/** What a {@link PlayedStep} is. */
export type PlayedStepKind =
  /** The handler was called. */
  | 'begin'
  /** The handler returned. */
  | 'return'
  /** The handler threw. */
  | 'throw'
  /** `stream.done()` was called, or the runtime would have for a handler that returned. */
  | 'done'
  /** `stream.release()` was called. */
  | 'release'
  /** `stream.save()` was called. */
  | 'save'
  /** An entry was given to the handler. */
  | 'entry'
  /** An entry was committed. */
  | 'commit'
  /** `stage.note()` was called. */
  | 'note'
  /** The lease of the stream was overdue, as recorded. */
  | 'uncertain'
  /** The lease of the stream held after all, as recorded. */
  | 'confirmed'
  /** A producer touched the stream, as recorded. */
  | 'touched'
  /** The signal of the stream aborted. */
  | 'abort'
  /** The stream was lost, as recorded. */
  | 'lost'
  /** The process ended with its recording, as if killed. */
  | 'crash';

/** How a stream stood for its process at a step. */
export type PlayedLease =
  /** The lease holds for certain. */
  | 'held'
  /** `validUntil` has passed: another process may be given the stream. */
  | 'overdue'
  /** The signal has aborted. */
  | 'aborted'
  /** The process owns it no more. */
  | 'ended';

/** Something that a handler did, or that befell its stream. */
export interface PlayedStep {
  /** What it is. */
  readonly kind: PlayedStepKind;
  /** Virtual milliseconds since the play began. */
  readonly ms: number;
  /** `seq` of the latest recorded event of that process. */
  readonly seq: number;
  /** Name in the group of the process. */
  readonly consumer: string;
  /** Name of the data stream. */
  readonly stream: string;
  /** Entry id, which is the fencing token. */
  readonly id: string;
  /** In words: the text of a note, an id of an entry, a code of an error; empty where there is nothing to say. */
  readonly text: string;
  /** What was saved, noted or thrown. */
  readonly detail: unknown;
  /** How the stream stood for its process. */
  readonly lease: PlayedLease;
  /** Process that was given the stream last, as far as the recordings say. Another one than `consumer`: it was done by an owner of yesterday. */
  readonly owner: string;
}

/** How an assignment ended in the play. */
export type PlayedOutcome =
  /** The handler returned. */
  | 'returned'
  /** The handler threw. */
  | 'threw'
  /** The handler had not returned when the play was over. */
  | 'running'
  /** Its process ended with the recording, as if killed. */
  | 'crashed';

/** How an assignment ended in the recording. */
export type RecordedEnding =
  /** Its handler returned, or called `done()`. */
  | 'done'
  /** Its handler threw. */
  | 'failed'
  /** Given back: released, handed over, moved, or delayed. */
  | 'givenBack'
  /** A producer cancelled it. */
  | 'cancelled'
  /** Another process was given it, or it was gone. */
  | 'lost'
  /** It had not ended when the recording did. */
  | 'open';

/** One assignment, as it was played. */
export interface PlayedAssignment extends Assignment {
  /** Virtual milliseconds since the play began. */
  readonly ms: number;
  /** How it ended. */
  readonly outcome: PlayedOutcome;
  /** What the handler threw; undefined when nothing. */
  readonly error: unknown;
  /** Virtual milliseconds since the play began at which its handler ended for the last time; null: it did not. */
  readonly endedMs: number | null;
  /** How it ended in the recording. */
  readonly recorded: {
    readonly ending: RecordedEnding;
    /** `seq` of the event; null when it had not ended. */
    readonly seq: number | null;
    /** Milliseconds since the play began; null when it had not ended. */
    readonly ms: number | null;
  };
  /**
   * Whether the handler ended sooner or later than recorded, by more than `tolerance`. Of a stream that was lost, cancelled or given back the recording does
   * not say when its handler returned: there it is `earlier`, before that, or `same`.
   */
  readonly timing: 'same' | 'earlier' | 'later';
  /** When and why its signal aborted; null: it did not. */
  readonly abort: {
    readonly ms: number;
    readonly seq: number;
    readonly code: ErrorCode;
    /** How long the handler took to return; null: it did not. */
    readonly returnedAfterMs: number | null;
  } | null;
  /** Its signal aborted, and the handler had not returned when `grace` was over. */
  readonly ignoredAbort: boolean;
  /** Redis would have been told that the stream is finished. */
  readonly isDone: boolean;
  /** What happened, in order. */
  readonly steps: readonly PlayedStep[];
}

/** A span in which a process stood still: nothing was recorded although a timer was due. */
export interface Standstill {
  readonly consumer: string;
  /** `seq` of the last event before. */
  readonly seq: number;
  /** Milliseconds since the play began. */
  readonly ms: number;
  readonly lastedMs: number;
}

/** Lines that a recording lacks. */
export interface PlayedGap {
  readonly consumer: string;
  /** `seq` of the first event behind it. */
  readonly seq: number;
  readonly lines: number;
}

/** What came of a play. */
export interface Played {
  /** Every assignment that was given to a handler, in order. */
  readonly assignments: readonly PlayedAssignment[];
  /** Assignments that were not given: in the play the stream had been finished before, so that nobody would have been given it. */
  readonly skipped: readonly Assignment[];
  /** Everything that handlers did and that befell their streams, in order. */
  readonly steps: readonly PlayedStep[];
  readonly standstills: readonly Standstill[];
  /** What the recordings lack: what happened there is not played. */
  readonly gaps: readonly PlayedGap[];
  /** How long it took, in virtual milliseconds. */
  readonly ms: number;
  /** The assignments of one data stream, in order. */
  of(stream: string): readonly PlayedAssignment[];
  /** The steps in words, a line each: the same for the same recordings, options and handler. */
  transcript(): string[];
}
