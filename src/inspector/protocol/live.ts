/** What the server sends by itself: the greeting, runtimes that come and go, their overview and their seconds. */

import type { Counters, Overview } from '../../runtime/snapshot.js';
import type { Instant, Of, RuntimeInfo } from './common.js';

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
  /** Of this process alone. Processes that follow each other may have the same pid, as in containers. */
  readonly instance: string;
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

/**
 * A runtime is there. If it lived when this viewer last heard of it (a viewer that reconnects to the same process), everything from before is void: it is told
 * anew. If it had ended, or another process said it, this is another runtime, whatever its id.
 */
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
  /** The least that it held for within the second, looked at whenever a heartbeat is answered, before it is prolonged. */
  readonly leaseLeastMs: number | null;
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

/** Everything has been told: from here on only changes. */
export interface Ready extends Of {
  readonly kind: 'ready';
  readonly at: Instant;
}
