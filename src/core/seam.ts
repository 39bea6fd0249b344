/**
 * Where telemetry, recorder and inspector attach. The runtime says here what happens, in plain data; nobody who listens can
 * disturb it, and what nobody listens to costs a map look-up.
 */
import type { AnyActor } from 'xstate';

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
  /** Streams became this consumer's. */
  acquired: { readonly count: number };
  /** Streams were finished by this consumer. */
  finished: { readonly count: number };
  lost: { readonly reason: string };
  /** Locks of this consumer were prolonged; `failed` were missing or somebody else's. */
  locksExtended: { readonly count: number; readonly failed: number };
  /** Entries were moved: given back by this consumer, or taken from a dead one. */
  moved: {
    readonly why: string;
    readonly requeued: number;
    readonly deadLettered: number;
    readonly trimmed: number;
    readonly dlqLength: number;
  };
  leaseLapsed: { readonly lapses: number };
  sweepFinished: { readonly consumers: number; readonly dead: number; readonly tookMs: number };
  scanFinished: {
    readonly pending: number;
    readonly lockAlive: number;
    readonly requeued: number;
    readonly tookMs: number;
  };
  keyspaceEvent: { readonly kind: 'lock' | 'presence'; readonly dropped: boolean };
  keyspaceSetup: { readonly master: string; readonly outcome: string; readonly error: string | null };
  /** The nodes of the cluster have been asked. */
  topologyAsked: {
    readonly settled: boolean;
    readonly problems: readonly string[];
    readonly masters: readonly string[];
  };
  /** These masters are covered from now on; `anew`: a reset was asked for. */
  topologyApplied: { readonly masters: readonly string[]; readonly anew: boolean };
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
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
