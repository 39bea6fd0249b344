/** The entries in this process's hands. Each is an actor of its own; this is where they are found. */
import { Bell } from '../core/bell.js';
import { messageOf } from '../core/errors.js';
import { beginContext, ownershipMachine } from '../machines/ownership.machine.js';
import { ActorSystem } from './actor-system.js';
import { withTemplate } from './host.js';
import type { Kernel } from './kernel.js';
import { Ownership, type OwnershipFacts } from './ownership.js';

export class Ownerships implements Iterable<Ownership> {
  /** Rings whenever an entry leaves, or begins to wait: there may be room now. */
  readonly changed = new Bell();
  /** How many have begun, and how many have ended. */
  begun = 0;
  ended = 0;
  readonly #kernel: Kernel;
  readonly #byId = new Map<string, Ownership>();
  /** Verified ones only: never two of one name. */
  readonly #byName = new Map<string, Ownership>();
  readonly #waiting = new Set<Ownership>();
  /** Ours, with something to their account, in the order in which they became ours. */
  readonly #toProve = new Set<Ownership>();
  readonly #onFailure: (ownership: Ownership, error: unknown) => void;
  readonly #actors;

  /** @param onFailure an ownership's own code threw: its stream has to be handed over */
  constructor(kernel: Kernel, onFailure: (ownership: Ownership, error: unknown) => void) {
    this.#kernel = kernel;
    this.#onFailure = onFailure;
    kernel.ended.addEventListener('abort', () => this.changed.ring());
    const find = (id: string, tell: (ownership: Ownership) => void) => {
      const ownership = this.#byId.get(id);
      if (ownership) tell(ownership);
    };
    const { application } = kernel;
    const machine = ownershipMachine.provide({
      actions: {
        disown: ({ context }) =>
          find(context.id, (o) => application.disowned(o, context.reason ?? 'takenOver')),
        tellUncertain: ({ context }) => find(context.id, (o) => application.uncertain(o)),
        tellConfirmed: ({ context }) => find(context.id, (o) => application.confirmed(o)),
      },
    });
    const template = withTemplate(machine, { id: '0-0', name: '', retryCount: 0 }, beginContext);
    this.#actors = new ActorSystem<typeof ownershipMachine, Ownership>(kernel, template, {
      done: (ownership) => this.#remove(ownership),
      failed: (ownership, error) => this.#failed(ownership, error),
    });
  }

  /** Streams that are ours, or are being verified as ours. */
  get owned(): number {
    return this.#byId.size - this.#waiting.size;
  }

  /** Entries that wait for their name. */
  get waiting(): ReadonlySet<Ownership> {
    return this.#waiting;
  }

  /** Streams of ours that have something to their account and are not proven, the first to have become ours first. */
  get toProve(): ReadonlySet<Ownership> {
    return this.#toProve;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Ownership | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** How many of the `count` that began first have nothing of ours on its way. */
  atRest(count: number): number {
    let left = count;
    let atRest = 0;
    for (const ownership of this.#byId.values()) {
      if (left <= 0) break;
      left -= 1;
      if (ownership.isAtRest) atRest += 1;
    }
    return atRest;
  }

  named(name: string): Ownership | undefined {
    return this.#byName.get(name);
  }

  [Symbol.iterator](): IterableIterator<Ownership> {
    return this.#byId.values();
  }

  /** Begins with an entry that has just been read: state `acquiring`. */
  begin(facts: OwnershipFacts): Ownership {
    this.begun += 1;
    const ownership = new Ownership(facts, this.#kernel.names.lock(facts.name, facts.id));
    this.#byId.set(facts.id, ownership);
    const { id, name, retryCount } = facts;
    ownership.actor = this.#actors.start(`consumer/ownership/${id}`, { id, name, retryCount }, ownership);
    return ownership;
  }

  /** It is ours: found by its name from now on. */
  verified(ownership: Ownership): void {
    const { clock } = this.#kernel;
    ownership.since = clock.now();
    ownership.heldFrom = clock.monotonic();
    this.#byName.set(ownership.name, ownership);
    if (ownership.hasCounts) this.#toProve.add(ownership);
  }

  /** Redis has it marked as proven. */
  proven(ownership: Ownership): void {
    this.#toProve.delete(ownership);
  }

  /** Redis has lost that mark. */
  unproven(ownership: Ownership): void {
    ownership.isProven = false;
    // As if it had just become ours, so that the order holds.
    ownership.heldFrom = this.#kernel.clock.monotonic();
    if (!ownership.hasEnded) this.#toProve.add(ownership);
  }

  contended(ownership: Ownership): void {
    this.#waiting.add(ownership);
    ownership.send({ type: 'contended' });
    this.changed.ring();
  }

  /** The end of the incarnation. */
  stop(): void {
    this.#actors.stop();
  }

  #failed(ownership: Ownership, error: unknown): void {
    this.#kernel.logger.error(
      { stream: ownership.name, id: ownership.id, error: messageOf(error) },
      'an ownership failed; its stream is handed over',
    );
    // Out of the registry first, so that whatever comes of the hand-over is not sent to a stopped actor.
    this.#remove(ownership);
    this.#onFailure(ownership, error);
  }

  #remove(ownership: Ownership): void {
    ownership.hasEnded = true;
    if (this.#byId.get(ownership.id) === ownership) {
      this.#byId.delete(ownership.id);
      this.ended += 1;
    }
    if (this.#byName.get(ownership.name) === ownership) this.#byName.delete(ownership.name);
    this.#waiting.delete(ownership);
    this.#toProve.delete(ownership);
    this.#kernel.application.ended(ownership);
    this.changed.ring();
  }
}
