/** One entry in this process's hands: its facts, its actor, and the signal that tells the application to stop. */
import { setMaxListeners } from 'node:events';
import type { Actor } from 'xstate';
import type { TraceFields } from '../core/trace-fields.js';
import type { OwnershipEvent, ownershipMachine } from '../machines/ownership.machine.js';
import type { OwnershipState } from '../machines/standing.js';
import type { Follower } from './data/lag.js';
import type { Progress } from './data/progress.js';

export interface OwnershipFacts {
  readonly id: string;
  readonly name: string;
  readonly info: unknown;
  readonly retryCount: number;
  /** How often a handler of it threw, under its earlier ids. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  /** Where the producer announced it from; undefined where it was not traced. */
  readonly trace?: TraceFields | undefined;
}

/** States in which the entry is the application's to work on. */
const WORKED_ON: ReadonlySet<OwnershipState> = new Set(['acquired', 'extending', 'uncertain', 'backingOff']);

/** States in which nothing of ours is on its way: whether the entry is still pending for us is for the verifier to say. */
const AT_REST: ReadonlySet<OwnershipState> = new Set([...WORKED_ON, 'contended']);

export class Ownership implements OwnershipFacts {
  readonly id: string;
  readonly name: string;
  readonly info: unknown;
  readonly retryCount: number;
  readonly failures: number;
  readonly deaths: number;
  readonly trace: TraceFields | undefined;
  /** Made once: it is written to Redis every half heartbeat. */
  readonly lockKey: string;
  /** It has left our hands, one way or another. */
  hasEnded = false;
  /** It has failed inside, and others are about to be given it: what is unsaved of it is saved first. */
  isGivenUp = false;
  /** A producer has cancelled it: it is given to nobody after us. */
  isCancelled = false;
  /** How often its stream was ensured since it is ours, as far as is known. */
  touches = 0;
  /** When it was verified as ours, epoch milliseconds. */
  since: number | null = null;
  /** The same on the monotonic clock. */
  heldFrom = Number.POSITIVE_INFINITY;
  /** It is marked as proven, or is just being marked. */
  isProven = false;
  /** It was begun as one of a few, to find out whether owners die of it. */
  isSuspect = false;
  /** What its handler threw, as a dead letter is to hold it; undefined: nothing. */
  failure: string | undefined;
  /** What was kept of its stream when it was assigned, as Redis has it; undefined: nothing. */
  checkpoint: string | undefined;
  /** Something may be kept of its stream. */
  hasCheckpoint = false;
  /** How far it has come; undefined while nobody has asked. */
  progress: Progress | undefined;
  /** Whoever reads its entries. Hears when it is not to be worked on any more. */
  walks: { readonly followers: readonly Follower[]; over(): void } | undefined;
  /** The application's view of it; the runtime's business. */
  view: unknown = undefined;
  actor: Actor<typeof ownershipMachine> | undefined;
  #controller: AbortController | undefined;
  #makeReason: (() => unknown) | undefined;
  #isAborted = false;

  constructor(facts: OwnershipFacts, lockKey: string) {
    this.id = facts.id;
    this.name = facts.name;
    this.info = facts.info;
    this.retryCount = facts.retryCount;
    this.failures = facts.failures;
    this.deaths = facts.deaths;
    this.trace = facts.trace;
    this.lockKey = lockKey;
  }

  /** It has something to its account that its next owner would hear of. */
  get hasCounts(): boolean {
    return this.retryCount + this.failures + this.deaths > 0;
  }

  /** What is noted of it beside its pending entry. */
  get mark(): 'proven' | 'suspect' | null {
    if (this.isProven) return 'proven';
    return this.isSuspect ? 'suspect' : null;
  }

  get state(): OwnershipState {
    return (this.actor?.getSnapshot().value ?? 'acquiring') as OwnershipState;
  }

  get isWorkedOn(): boolean {
    return WORKED_ON.has(this.state);
  }

  get isAtRest(): boolean {
    return AT_REST.has(this.state);
  }

  send(event: OwnershipEvent): void {
    // One that has ended hears nothing any more, and XState's development build would say so on stderr.
    if (!this.hasEnded) this.actor?.send(event);
  }

  /** Made when first asked for: an AbortSignal costs 0.8 KB, and most applications never look at most of them. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // As many may listen as the handler calls: each that passes it on, to a request say, is one more.
      setMaxListeners(0, this.#controller.signal);
      if (this.#isAborted) this.#controller.abort(this.#makeReason?.());
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** @param makeReason called only if somebody looks at the signal: an Error with its stack costs more than all the rest */
  abort(makeReason: () => unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#makeReason = makeReason;
    this.#controller?.abort(makeReason());
    this.walks?.over();
  }
}
