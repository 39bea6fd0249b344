/**
 * What the inspector's server and its page say to each other, version 1. Types and addresses only: the page imports this file too.
 *
 * The server tells. `GET api/live` is a stream of server-sent events without names; the data of each is one {@link ServerMessage} as JSON.
 *
 *   hello                        who is looked at, what is allowed, and why the viewer was dropped, if it was
 *   machines are fetched once    `GET api/machines`: every statechart, to be drawn
 *   for each runtime             runtime → overview (every section) → ticks (15 minutes) → news (the latest) → recordings → ended → actors, a chunk at a
 *                                time → ready
 *   from then on                 delta (at most every 100 ms), overview (the sections that changed), tick (once a second), recordings,
 *                                and runtime / runtimeEnded as runtimes come and go
 *
 * Deltas may come between the chunks of actors. That does no harm: a row is always the whole of how an actor stands, made when it is sent, so whoever
 * puts each row in the place of the one before has the present state. Nothing has to be asked for again after `ready`, and nothing in a delta
 * depends on an earlier one. What is left out under load is counted (`skipped`), never rows.
 *
 * What is costly is sent only of what a viewer watches: `PUT api/viewers/{viewer}/watch` names actors, and `detail` messages bring their
 * context and events, as lines of a recording (src/replay/format.ts): first what is remembered of each actor, beginning with a spawn or a join,
 * then each event as it happens with the patch of the context it made (applyPatch in src/replay/patch.ts). A join or a spawn always means: begin
 * anew from here.
 *
 * A viewer that does not read is dropped and not waited for: its connection ends. The browser's EventSource connects anew by itself, shows the id
 * of its last message (the viewer's), and is told why in `hello`, and then everything from the beginning.
 *
 * Recordings are lived through in the page. A recording says of each event what it led to, so scrubbing needs no machine: the page reads the
 * lines, applies state and patch to a model of the same {@link ActorRow}s, keeps a copy of the model every some thousand lines, and steps back by
 * going forth from the copy before. Where the present machines do otherwise is asked of the server: `POST api/replay` takes the file and replies
 * with the report of src/replay, whose divergences name actor and `seq`. The server keeps nothing of it. `streamwarden inspect FILE` is the same
 * with a file that the server has: `hello.file`, `GET api/file`, `GET api/file/report`.
 *
 * `streamwarden inspect --service NAME` shows no runtime: `hello.service` names the service, and only `api/fleets/…` answers for it.
 *
 * What changes something (dead letters, recordings) is refused unless `hello.actions`. Every refusal is an {@link ErrorReply}.
 *
 * The page is served from dist/inspector/page. Its content security policy lets it load scripts, styles, fonts and images from this server only (images
 * also as `data:`), and run or style nothing inline. Every request goes to this server; a token, where one is asked for, is in a cookie by then.
 */

import type { FoundStream, StreamsPage } from '../admin/fleet-access.js';
import type { Move } from '../admin/status/moves.js';
import type { BalanceStatus } from '../admin/status/service-status.js';
import type { DueStream } from '../redis/delaying.js';
import type { MemberRecord } from '../redis/fleet.js';
import type { OwnerChange } from '../redis/history-tail.js';
import type { Ownership } from '../redis/owner-survey.js';
import type { PendingRow } from '../redis/pending-survey.js';
import type { Line, StateValue } from '../replay/format.js';
import type { Json } from '../replay/json-safe.js';
import type { ReplayReport } from '../replay/report.js';
import type { FleetMember } from '../runtime/fleet.js';
import type { NotedStreams } from '../runtime/noted-streams.js';
import type { Counters, Overview } from '../runtime/snapshot.js';

export const PROTOCOL_VERSION = 1;

/** Where everything is, relative to the page. */
export const addresses = {
  live: 'api/live',
  machines: 'api/machines',
  /** PUT {@link WatchRequest}: replaces what the viewer watches, as soon as there is a hello; runtimes that come later count. 204. */
  watch: (viewer: string) => `api/viewers/${encodeURIComponent(viewer)}/watch`,
  /** GET {@link GroupReply}. */
  group: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/group`,
  /** GET {@link FleetReply}. @param source id of a runtime, or of {@link Hello.service} */
  fleet: (source: string) => `api/fleets/${encodeURIComponent(source)}`,
  /** GET {@link FleetStreamsReply}; query: `consumer` (name in the group), `after` (an entry id: further pages). */
  fleetStreams: (source: string) => `api/fleets/${encodeURIComponent(source)}/streams`,
  /** GET {@link FleetStreamReply}; query: `name` of a data stream. */
  fleetStream: (source: string) => `api/fleets/${encodeURIComponent(source)}/stream`,
  /** GET {@link DeadLettersReply}; query: `after` (an entry id: further pages, newest first), `count` (1 to 100, 50), `find` (a text that name, reason, owner or error has). */
  deadLetters: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters`,
  /** POST {@link DeadLettersRequest}, replies with {@link DeadLettersOutcome}. An action. */
  redrive: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/redrive`,
  /** POST {@link DeadLettersRequest}, replies with {@link DeadLettersOutcome}. An action. */
  deleteLetters: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/dead-letters/delete`,
  /** POST {}, replies with {@link RecordingInfo}: begins one. An action. */
  recordings: (runtime: string) => `api/runtimes/${encodeURIComponent(runtime)}/recordings`,
  /** POST {}, replies with {@link RecordingInfo}: ends it. An action. */
  stopRecording: (runtime: string, id: string) =>
    `api/runtimes/${encodeURIComponent(runtime)}/recordings/${encodeURIComponent(id)}/stop`,
  /** GET: the file, once it has ended. */
  recording: (runtime: string, id: string) =>
    `api/runtimes/${encodeURIComponent(runtime)}/recordings/${encodeURIComponent(id)}`,
  /** POST the text of a recording (content type `application/x-ndjson`; at most {@link Limits.replayBytes}), replies with {@link ReplayReport}. */
  replay: 'api/replay',
  /** GET: the recording that the server was started with. */
  file: 'api/file',
  /** GET {@link ReplayReport}. */
  fileReport: 'api/file/report',
} as const;

/** Epoch milliseconds, by the server's clock. */
export type Instant = number;

// ---------------------------------------------------------------- what the server tells

export type ServerMessage =
  | Hello
  | RuntimeCame
  | RuntimeEnded
  | OverviewChanged
  | TicksTold
  | NewsTold
  | RecordingsChanged
  | EndedTold
  | ActorsTold
  | Ready
  | Delta
  | Tick
  | Detail;

/** The first message. */
export interface Hello {
  readonly kind: 'hello';
  /** {@link PROTOCOL_VERSION} of the server. A page of another version says so and shows nothing. */
  readonly protocol: number;
  /** Version of the package. */
  readonly package: string;
  /** Names this viewer in requests. Also the id of the event, which EventSource shows when it connects anew. */
  readonly viewer: string;
  readonly at: Instant;
  readonly pid: number;
  /** Whether what changes something is allowed. */
  readonly actions: boolean;
  /** Why the connection before this one was ended by the server; null: it was not, or that is not known any more. */
  readonly dropped: Dropped | null;
  /** Runtimes that live now. Each is introduced by messages of its own. */
  readonly runtimes: readonly RuntimeInfo[];
  /** The recording that the server was started with; null: it shows live runtimes. */
  readonly file: FileInfo | null;
  /** The service that the server was started for, without any runtime in its process: only its fleet is shown. Null: it shows runtimes, or a recording. */
  readonly service: ServiceInfo | null;
  readonly limits: Limits;
}

export interface Dropped {
  /** `stalled`: it did not read what it was sent, within limits of bytes and time. */
  readonly why: 'stalled';
  readonly at: Instant;
  /** Bytes that waited for it. */
  readonly waiting: number;
}

export interface FileInfo {
  /** Its name without the folder. */
  readonly name: string;
  readonly bytes: number;
}

export interface ServiceInfo {
  /** Names it in requests for its fleet. */
  readonly id: string;
  /** Name of the service. */
  readonly name: string;
}

export interface Limits {
  /** Actors that a viewer may watch at once. */
  readonly watched: number;
  /** Longest recording that `api/replay` takes, in bytes. */
  readonly replayBytes: number;
  /** Ids in one request about dead letters. */
  readonly letters: number;
}

export interface RuntimeInfo {
  /** Name in the consumer group. It names the runtime in every message and request. */
  readonly id: string;
  readonly service: string;
  /** Names in Redis. */
  readonly names: { readonly stream: string; readonly group: string; readonly dlq: string };
  readonly heartbeatMs: number;
  readonly reconcileEveryMs: number;
  readonly maxRetries: number;
  /** About how many dead letters are kept; 0: all. */
  readonly dlqMaxLen: number;
  /** Since when the inspector knows it. */
  readonly since: Instant;
}

interface Of {
  /** {@link RuntimeInfo.id}. */
  readonly runtime: string;
}

/** A runtime is there. Everything about it that was known from before (a viewer that reconnects) is void. */
export interface RuntimeCame {
  readonly kind: 'runtime';
  readonly runtime: RuntimeInfo;
}

/** A runtime has stopped. Nothing further is told of it. */
export interface RuntimeEnded extends Of {
  readonly kind: 'runtimeEnded';
  readonly at: Instant;
  /** Why it failed; null: it was stopped. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** `runtime.snapshot()` without its streams, which are among the actors, and without its time. */
export type { Overview };

/** The sections (members of {@link Overview}) that changed; at first all of them. Looked at once a second. */
export interface OverviewChanged extends Of {
  readonly kind: 'overview';
  readonly at: Instant;
  readonly sections: Partial<Overview>;
}

/** One second, for charts. */
export interface TickFacts {
  readonly at: Instant;
  readonly state: Overview['state'];
  readonly owned: number;
  readonly waiting: number;
  readonly capacity: number;
  /** Counted since start(): what happened within a second is the difference of two ticks. */
  readonly counters: Readonly<Counters>;
  readonly certain: boolean;
  /** How long the lease still held, in milliseconds; negative: overdue; null: not held. */
  readonly leaseLeftMs: number | null;
  /** Delay of this process's event loop within the second, in milliseconds: the longest, and the median. */
  readonly loopDelay: { readonly max: number; readonly p50: number };
  /** Memory of this process, in bytes. */
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

export interface Tick extends Of, TickFacts {
  readonly kind: 'tick';
}

/** The last 15 minutes, oldest first; kept also while nobody watches. */
export interface TicksTold extends Of {
  readonly kind: 'ticks';
  readonly ticks: readonly TickFacts[];
}

/** Something rare that a person wants to know of: the seam's events of these types. */
export type NewsItem = { readonly at: Instant } & (
  | {
      readonly type: 'childFailed';
      readonly child: string;
      readonly code: string;
      readonly message: string;
      readonly restartInMs: number | null;
    }
  | { readonly type: 'childEscalated'; readonly child: string; readonly why: string }
  | { readonly type: 'childHealed'; readonly child: string }
  /** So many streams within a moment. */
  | { readonly type: 'lost'; readonly reason: string; readonly count: number }
  | {
      readonly type: 'moved';
      readonly why: string;
      readonly requeued: number;
      readonly deadLettered: number;
      readonly trimmed: number;
      readonly dlqLength: number;
    }
  | { readonly type: 'leaseLapsed'; readonly lapses: number }
  | {
      readonly type: 'scanFinished';
      readonly pending: number;
      readonly lockAlive: number;
      readonly requeued: number;
      readonly tookMs: number;
    }
  | {
      readonly type: 'keyspaceSetup';
      readonly master: string;
      readonly outcome: string;
      readonly error: string | null;
    }
  /** Only when what came of it differs from the time before. */
  | {
      readonly type: 'topologyAsked';
      readonly settled: boolean;
      readonly problems: readonly string[];
      readonly masters: readonly string[];
    }
  | { readonly type: 'topologyApplied'; readonly masters: readonly string[]; readonly anew: boolean }
  | { readonly type: 'groupRecreated'; readonly group: string }
);

/** The latest news, oldest first; kept also while nobody watches, up to 500. */
export interface NewsTold extends Of {
  readonly kind: 'news';
  readonly news: readonly NewsItem[];
}

/** How an actor stands: always the whole of it. */
export interface ActorRow {
  /** Names it. One that is started again, or comes again, has the same. */
  readonly path: string;
  /** Path of who stands above it; null at the top. Derived, so that the tree is the one of the documentation. */
  readonly parent: string | null;
  /**
   * Id of its machine. Null: a supervised child that has none (`consumer/toucher`), or none at the moment, since it is to be started again. Its state is
   * then that of its supervision: `running`, `restarting` or `ended`.
   */
  readonly machine: string | null;
  /** The data stream's name, of an ownership; the master's address, of a subscription; else null. */
  readonly label: string | null;
  /** How the lock of an ownership's stream stands: `held`, `missing`, `foreign`, `being taken`, `waited for`, `being released`; null: it has none. */
  readonly lock: string | null;
  readonly state: StateValue;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** How often its supervisor has started it again; null: nobody would. */
  readonly restarts: number | null;
  /** Since when it lives, where that was seen. */
  readonly since: Instant | null;
  /** Events delivered to it while somebody watched the runtime. */
  readonly events: number;
  /** The last of them. */
  readonly last: { readonly seq: number; readonly at: Instant; readonly type: string } | null;
  /** How it ended; null: it lives, or that is not known. */
  readonly ended: Ended | null;
}

export interface Ended {
  readonly at: Instant;
  /** Why, where there is more to say than its last state, as in its context. */
  readonly reason: string | null;
  /** What the handler of an ownership threw last, with its stack, secrets left out; null: nothing. */
  readonly thrown: string | null;
}

/** The latest actors that had ended before the viewer came, oldest first; kept also while nobody watches, up to 1000. */
export interface EndedTold extends Of {
  readonly kind: 'ended';
  readonly rows: readonly ActorRow[];
}

/** A part of the actors that live. */
export interface ActorsTold extends Of {
  readonly kind: 'actors';
  readonly rows: readonly ActorRow[];
}

/** Everything has been told: from here on only changes. */
export interface Ready extends Of {
  readonly kind: 'ready';
  readonly at: Instant;
}

/** Up to 100 ms of what happened. To be applied in this order: what ended, then what began or changed (a path may be in both). */
export interface Delta extends Of {
  readonly kind: 'delta';
  readonly at: Instant;
  /** Actors that have ended, as they stood last. They are no longer among those that live. */
  readonly ended: readonly ActorRow[];
  /** Actors that began or changed. */
  readonly actors: readonly ActorRow[];
  /** Oldest first. Under load the oldest of the batch are left out. */
  readonly messages: readonly Message[];
  /** So many messages are left out before the first one. */
  readonly skipped: number;
  readonly news: readonly NewsItem[];
}

/** Somebody told somebody something: one arrow of the sequence diagram. */
export interface Message {
  /** Numbers what is heard of this runtime. Gaps where something was skipped, or nobody watched. */
  readonly seq: number;
  readonly at: Instant;
  /** Path of the actor that was processing something when it sent this; null: from outside, that is Redis, a timer, or the application. */
  readonly from: string | null;
  /** Path of the actor; null: the application was told a notification. */
  readonly to: string | null;
  /** Type of the event or of the notification. */
  readonly type: string;
  /** The stream that it is about, where it is about one. */
  readonly label: string | null;
  /** The state before and the state it led to, in words (`present.confirmed`); null for notifications. Equal when it stayed. */
  readonly before: string | null;
  readonly after: string | null;
  /** Processing it threw. */
  readonly threw: boolean;
}

/** Lines about one watched actor, in order. The first ones after a watch are its history, as far as it is remembered, and may be none. */
export interface Detail extends Of {
  readonly kind: 'detail';
  readonly actor: string;
  readonly lines: readonly Line[];
  /** So many lines are left out before these, which begin with a join then. */
  readonly skipped: number;
  /** This is the history: forget any lines from before. */
  readonly isHistory: boolean;
}

export interface RecordingInfo {
  readonly id: string;
  /** What a download is called. */
  readonly name: string;
  readonly startedAt: Instant;
  readonly active: boolean;
  readonly events: number;
  /** Events that could not be written. */
  readonly lost: number;
  readonly bytes: number;
  /** What ended it before its time. */
  readonly error: string | null;
}

/** All recordings that were begun here. The oldest are deleted when there are too many, and all when the inspector closes. */
export interface RecordingsChanged extends Of {
  readonly kind: 'recordings';
  readonly recordings: readonly RecordingInfo[];
}

// ---------------------------------------------------------------- what the page asks

export interface WatchRequest {
  /** At most {@link Limits.watched}. */
  readonly actors: readonly { readonly runtime: string; readonly actor: string }[];
}

export interface MachinesReply {
  readonly machines: readonly MachineDefinition[];
}

export interface MachineDefinition {
  readonly id: string;
  /** As in the header of a recording: another one means that the recording was made with another statechart. */
  readonly fingerprint: string;
  readonly root: StateDefinition;
}

export interface StateDefinition {
  /** Names from the root down, joined by dots; '' is the root. What `target` and `initial` point to. */
  readonly path: string;
  /** The last of them; the machine's id for the root. */
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Path of the child that is entered first; null where there is none. */
  readonly initial: string | null;
  /** Names of actions. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Actors that run while it is active. */
  readonly invokes: readonly { readonly id: string; readonly src: string }[];
  /** In the order in which they are tried. */
  readonly transitions: readonly TransitionDefinition[];
  readonly states: readonly StateDefinition[];
}

export interface TransitionDefinition {
  /** What it is taken on. `always`: as soon as its guard lets it. */
  readonly on:
    | { readonly kind: 'event'; readonly event: string }
    | { readonly kind: 'after'; readonly delay: string }
    | { readonly kind: 'invokeDone' | 'invokeError'; readonly invoke: string }
    | { readonly kind: 'stateDone' }
    | { readonly kind: 'always' };
  /** The type of the event as it is delivered, such as `xstate.done.actor.ask`; '' for always. Equals {@link Message.type} when it is taken. */
  readonly event: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** Paths; empty: it stays where it is. */
  readonly targets: readonly string[];
  /** It leaves and enters its own state. */
  readonly reenter: boolean;
}

/** All consumers of the group, from Redis, at most one second old. */
export interface GroupReply {
  readonly at: Instant;
  readonly consumers: readonly GroupMember[];
  /** Where the entries of the load balancer stream are. Null: there is no group, or the user may not ask (`XINFO GROUPS`). */
  readonly entries: GroupEntries | null;
  /** What is to be given out only later. Null: it could not be asked for. */
  readonly delayed: DelayedStreams | null;
  /** Of those that this runtime owns. */
  readonly noted: NotedStreams;
  /** What is wrong with the ids of the load balancer stream, in words, as `health().reasons` has it; null: nothing. */
  readonly ids: string | null;
}

export interface DelayedStreams {
  readonly count: number;
  /** In how many milliseconds the first one is due; below 0: for so long it has been. Null: nothing is delayed. */
  readonly nextMs: number | null;
  /** Those that are due first, at most ten. */
  readonly first: readonly DueStream[];
}

export type { NotedStreams };

export interface GroupEntries {
  readonly pending: number;
  /** Entries on the stream that nobody has been given yet; where `stranded` is null it may include those. */
  readonly undelivered: number;
  /** Entries that were given out and are pending for nobody; null: nobody knows. */
  readonly stranded: number | null;
  /** Pending entries whose payload is gone: at least so many. */
  readonly vanished: number;
}

export interface GroupMember {
  /** Name in the group. */
  readonly name: string;
  /** This very runtime. */
  readonly self: boolean;
  /** Whether it is one of ours, which keep a presence, or another client's. */
  readonly keepsPresence: boolean;
  /** No process: entries are pending for it that wait for a dead-letter stream in another slot. */
  readonly due: boolean;
  /** How long its presence still stands, in milliseconds; null: it has none. Of one that keeps a presence: it is dead. */
  readonly presenceMs: number | null;
  readonly pending: number;
  /** Since its last command on the group, in milliseconds. No sign of life. */
  readonly idleMs: number;
}

/** All processes of the service, from Redis, at most one second old. */
export interface FleetReply {
  readonly at: Instant;
  /** In the order of their names. */
  readonly members: readonly FleetRow[];
  /** What the last round of balancing found. Null: there was none, or the user may not look. */
  readonly balance: BalanceStatus | null;
  /** Between which looks who gained and lost streams, newest first, at most 100. Looks are taken while somebody asks for them. */
  readonly moves: readonly FleetMoves[];
}

export interface FleetRow {
  /** Name in the group. */
  readonly name: string;
  readonly consumerId: string;
  readonly kind: FleetMember['kind'];
  /** The runtime that was asked. */
  readonly self: boolean;
  readonly isAlive: boolean | null;
  /** How long its presence still stands, in milliseconds; null: it has none. */
  readonly presenceMs: number | null;
  readonly pending: number;
  readonly owned: number | null;
  /** Streams that it is to hand over, by the last round; below 0: so many are to come to it. */
  readonly handOver: number;
  /** Streams that it would have if all had their share, by the last round; null: nobody knows. */
  readonly share: number | null;
  /** What it said of itself with its last heartbeat. */
  readonly process: MemberRecord | null;
}

/** Who had more, and who fewer streams than at the look before. */
export interface FleetMoves {
  /** Counts up. */
  readonly number: number;
  readonly at: Instant;
  /** The largest change first, at most 20. */
  readonly moves: readonly Move[];
  /** Further processes. */
  readonly more: number;
}

/** A page of what is pending for one consumer. */
export type FleetStreamsReply = StreamsPage;

export type FleetStreamReply = FoundStream;

export type { BalanceStatus, Move, OwnerChange, Ownership, PendingRow };

export interface DeadLettersReply {
  /** How many there are. */
  readonly length: number;
  /** Newest first. */
  readonly letters: readonly DeadLetterRow[];
  /** What to ask for the next page with; null: this was the last. With `find` there may be few letters, or none, as one request looks through so many as 20 pages have. */
  readonly after: string | null;
}

export interface DeadLetterRow {
  /** On the dead-letter stream. */
  readonly id: string;
  /** When it was dead-lettered. */
  readonly at: Instant;
  /** `max_retries_exceeded`, `delivery_limit`, `rejected`, `unparseable`, `tooLarge`, or what another client wrote; null: nothing. */
  readonly reason: string | null;
  readonly retryCount: number;
  /** How often a handler of it threw. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  /** Name in the group of who had it last; null: the letter does not say. */
  readonly owner: string | null;
  /** What its handler threw at last; null: nothing, or the letter does not say. */
  readonly error: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | null;
  } | null;
  /** The data stream's name; null: it cannot be parsed. */
  readonly stream: string | null;
  /** Why it cannot be parsed; null when it can. */
  readonly problem: string | null;
  readonly info: Json;
  /** Field and value, in order. Cut where a value is too long to be shown. */
  readonly fields: readonly { readonly name: string; readonly value: string; readonly cut: boolean }[];
}

export interface DeadLettersRequest {
  readonly ids: readonly string[];
}

/** By id: what became of each. `gone`: it was not there any more. */
export interface DeadLettersOutcome {
  readonly outcomes: Readonly<Record<string, 'redriven' | 'deleted' | 'gone' | { readonly error: string }>>;
}

/** Every reply with a status from 400 up. */
export interface ErrorReply {
  readonly error: {
    /** As StreamwardenError, or one of: `Unauthorized`, `Forbidden`, `ActionsNotAllowed`, `NotFound`, `MethodNotAllowed`, `TooLarge`, `Malformed`, `Busy`, `InternalError`. */
    readonly code: string;
    readonly message: string;
  };
}

export type { ReplayReport };
