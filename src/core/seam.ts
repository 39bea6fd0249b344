/**
 * Where telemetry, recorder and inspector attach. The runtime says here what happens, in plain data; nobody who listens can
 * disturb it, and what nobody listens to costs a map look-up.
 */
import type { AnyActor } from 'xstate';
import { callOut } from './errors.js';

export interface LiveActor {
  /** Stable: the same in every run of the same life. */
  readonly path: string;
  /** Id of its machine. */
  readonly machine: string;
  readonly actor: AnyActor;
}

export interface SeamEvents {
  /** An actor has been made and is about to start. */
  actorStarted: LiveActor;
  actorEnded: LiveActor;
  /** A child failed; what its supervisor does about it. */
  childFailed: {
    readonly child: string;
    readonly code: string;
    readonly message: string;
    readonly restartInMs: number | null;
  };
  childEscalated: { readonly child: string; readonly why: string };
  childHealed: { readonly child: string };
  /** Reading has begun, or never will: then with the code of the error. */
  started: { readonly tookMs: number; readonly error: string | null };
  /** A read of the load balancer stream failed and is tried again. */
  readFailed: { readonly error: string };
  /** Entries that were read have been verified. What is none of `count`, `contended`, `lockHeld` is somebody else's by now. */
  acquired: {
    /** Entries that became this consumer's. */
    readonly count: number;
    /** The same entries. */
    readonly entries: readonly { readonly id: string; readonly retryCount: number }[];
    /** Their name is taken: they wait. */
    readonly contended: number;
    /** Somebody else holds their lock: they wait. */
    readonly lockHeld: number;
    readonly refused: number;
    readonly tookMs: number;
  };
  /** Redis failed while entries were being verified; they are read again. */
  acquireFailed: { readonly count: number; readonly error: string; readonly tookMs: number };
  /** The application claimed an entry; or could not, and then with the code of the error. */
  claimAsked: { readonly id: string; readonly tookMs: number; readonly error: string | null };
  /** Streams were finished by this consumer. */
  finished: { readonly count: number; readonly tookMs: number };
  /** Checkpoints of this consumer's streams were written together; `refused` were not, as their streams are not its any more. */
  saved: { readonly count: number; readonly refused: number; readonly tookMs: number };
  /** What has become of entries of data streams, once a second: looks at a stream, entries that came and their bytes, what handlers are done with, and what they never will be; wakes that were heard. */
  entries: {
    readonly looks: number;
    readonly read: number;
    readonly bytes: number;
    readonly handled: number;
    readonly skipped: number;
    readonly deadLettered: number;
    readonly lost: number;
    readonly wakes: number;
  };
  /** A stream that the application had heard of is not this consumer's any more. */
  lost: { readonly reason: string; readonly name: string; readonly id: string };
  /** Locks of this consumer were prolonged; `failed` were missing or somebody else's, `foreign` the latter. */
  locksExtended: {
    readonly count: number;
    readonly failed: number;
    readonly foreign: number;
    /** Redis did not answer: none was prolonged for certain. */
    readonly error: string | null;
  };
  /** Locks were released, or left to expire. */
  locksReleased: { readonly count: number; readonly error: string | null };
  /** Entries were moved: given back by this consumer, or taken from a dead one. */
  moved: {
    readonly why: string;
    readonly requeued: number;
    readonly deadLettered: number;
    readonly trimmed: number;
    readonly dlqLength: number;
  };
  /** Entries of which a requeue found that they are somebody else's. */
  moveRefused: { readonly why: string; readonly count: number };
  /** An owner has heard that its stream was ensured so often since it heard last. */
  touched: { readonly count: number };
  /** An owner has heard that producers cancelled so many of its streams. */
  cancelled: { readonly count: number };
  /** An owner has given so many streams back that everyone may have only later. */
  delayed: { readonly count: number };
  /** What was delayed has been given to everyone; for how many milliseconds the first of it had been due. */
  delaysEnded: { readonly count: number; readonly lateMs: number };
  /** Entries that were read wait for their names, out of everybody's way; others were finished, as one of their name waits. */
  parked: { readonly count: number; readonly coalesced: number };
  /** Names were parked and free: the next entry of each went back on the stream. */
  unparked: { readonly count: number };
  /** This process has ended a round of balancing. */
  roundEnded: {
    readonly number: number;
    readonly members: number;
    readonly imbalance: number;
    readonly ordered: number;
    readonly waits: string | null;
  };
  /** So many streams of this process have been handed over so that others have their share. */
  balanced: { readonly moved: number };
  /** Payloads of entries were gone from the stream before those were finished. */
  vanished: { readonly count: number };
  /** Presence was refreshed: `alive`, `lapsed`, `stale`; or not, and then with the code of the error. */
  heartbeat: { readonly outcome: string | null; readonly error: string | null; readonly tookMs: number };
  leaseLapsed: { readonly lapses: number };
  /** The event loop was blocked for longer than the lease lasts, and the heartbeat thread has kept it: so long after the loop's last heartbeat. */
  leaseKept: { readonly silentMs: number };
  /** The lease's deadline passed unconfirmed while so many streams were owned. */
  leaseMissed: { readonly owned: number; readonly overdueMs: number };
  sweepFinished: { readonly consumers: number; readonly dead: number; readonly tookMs: number };
  /** Streams of a dead consumer have been put back for everyone, so long after its presence ran out. */
  tookOver: { readonly requeued: number; readonly deadLettered: number; readonly afterMs: number };
  /** A slice of a scan: a long pending list is walked in several. */
  scanFinished: {
    readonly pending: number;
    readonly lockAlive: number;
    readonly requeued: number;
    readonly deadLettered: number;
    readonly tookMs: number;
    /** Of the first scan of this consumer's life. */
    readonly isFirst: boolean;
    /** The end of the pending list was reached. */
    readonly isWhole: boolean;
  };
  scanFailed: { readonly error: string; readonly isFirst: boolean; readonly tookMs: number };
  keyspaceEvent: { readonly kind: 'lock' | 'presence'; readonly dropped: boolean };
  keyspaceSetup: {
    readonly master: string;
    readonly outcome: string;
    /** What went wrong, in words. */
    readonly error: string | null;
    readonly code: string | null;
    readonly tookMs: number;
  };
  /** The nodes of the cluster have been asked. */
  topologyAsked: {
    readonly settled: boolean;
    readonly problems: readonly string[];
    readonly masters: readonly string[];
  };
  /** These masters are covered from now on; `anew`: a reset was asked for. */
  topologyApplied: { readonly masters: readonly string[]; readonly anew: boolean };
  /** The application asked for the topology to be reset. */
  topologyReset: { readonly tookMs: number; readonly error: string | null };
  /** The consumer group was missing and has been created anew. */
  groupRecreated: { readonly group: string };
  /** What the application is told: the notification itself. */
  notification: { readonly type: string };
}

export type SeamListener<K extends keyof SeamEvents> = (event: SeamEvents[K]) => void;

export class Seam {
  /** The actors that live, oldest first: for those who attach late. */
  readonly actors = new Set<LiveActor>();
  readonly #listeners = new Map<keyof SeamEvents, Set<SeamListener<never>>>();
  readonly #onError: (error: unknown) => void;

  /** @param onError gets what a listener throws */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  on<K extends keyof SeamEvents>(type: K, listener: SeamListener<K>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener as SeamListener<never>);
    return () => {
      listeners.delete(listener as SeamListener<never>);
      if (listeners.size === 0) this.#listeners.delete(type);
    };
  }

  actorStarted(actor: LiveActor): void {
    this.actors.add(actor);
    this.emit('actorStarted', actor);
  }

  actorEnded(actor: LiveActor): void {
    this.actors.delete(actor);
    this.emit('actorEnded', actor);
  }

  emit<K extends keyof SeamEvents>(type: K, event: SeamEvents[K]): void {
    const listeners = this.#listeners.get(type);
    if (listeners === undefined) return;
    for (const listener of [...listeners] as SeamListener<K>[]) {
      callOut(() => listener(event), this.#onError);
    }
  }
}
