/**
 * Hears what is delivered to actors: each event, where it led, and under which other event it was sent. Attached to an actor by putting a listening
 * copy in the place of its logic, so an actor that nobody records runs exactly the code it ran before. (XState's `inspect` makes four to six objects
 * for each event, says nothing of what an event that throws led to, and costs half the throughput; what is needed here is one call.)
 */
import type { AnyActor, AnyActorLogic, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Clock } from '../core/clock.js';
import type { LiveActor, Seam } from '../core/seam.js';
import { beginning, beginsQuietly } from './dry-run.js';
import { type Effect, effectOf } from './effects.js';

/** Where an actor stands. Nothing in it is ever changed: machines make new ones. */
export interface Standing {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
}

/** What is kept of an actor: not the actor itself, which would live for as long as anything heard of it does. */
export interface Subject {
  readonly path: string;
  readonly machine: string;
  /** XState's name of it, which no other actor of this process has: one that is started again has another one. */
  readonly session: string;
  readonly input: unknown;
}

interface Heard {
  readonly seq: number;
  /** Wall clock, epoch milliseconds. */
  readonly at: number;
  /** The delivery under way when this happened. */
  readonly by: number | undefined;
}

export interface HeardSpawn extends Heard {
  readonly kind: 'spawn' | 'join';
  readonly subject: Subject;
  readonly standing: Standing;
  /** What its machine asked for as it began; undefined: nothing, or it was met later. */
  readonly effects: readonly Effect[] | undefined;
}

export interface HeardEvent extends Heard {
  readonly kind: 'event';
  readonly subject: Subject;
  readonly event: { readonly type: string };
  /** The very object that was `after` of the event before this one, unless that is not known. */
  readonly before: Standing;
  /** Undefined while the event is being processed, and for ever when that threw. */
  after: Standing | undefined;
  /** What the machine asked for. */
  effects: Effect[] | undefined;
  threw: { readonly error: unknown } | undefined;
}

export interface HeardNotification extends Heard {
  readonly kind: 'notification';
  readonly notification: { readonly type: string };
}

export type Entry = HeardSpawn | HeardEvent | HeardNotification;

/** Told of each entry when it begins, in the order of `seq`; the outcome of an event is filled in before control returns to the event loop. */
export type TapListener = (entry: Entry) => void;

/** An actor that is listened to. */
interface Tapped {
  readonly subject: Subject;
  readonly logic: AnyActorLogic;
  snapshot: AnyMachineSnapshot;
  standing: Standing;
  /** XState's own scope of the actor, and one that hears of what is to be done. */
  scope: ActorScope | undefined;
  listening: ActorScope | undefined;
  /** What is being processed. */
  entry: HeardEvent | undefined;
}

type ActorScope = Parameters<AnyActorLogic['transition']>[2];

function standingOf({ status, value, context }: AnyMachineSnapshot): Standing {
  return { status, value, context };
}

/** Asked of the machine once more: it was asked for before anybody could listen. */
function firstEffects({ subject, logic }: Tapped): readonly Effect[] | undefined {
  const machine = logic as AnyStateMachine;
  if (beginsQuietly(machine)) return undefined;
  const { effects } = beginning(machine, subject.input);
  return effects.length === 0 ? undefined : effects;
}

/** The same scope, but one that notes what the machine asks for before it is done. */
function listeningScope(tapped: Tapped, scope: ActorScope): ActorScope {
  if (tapped.scope === scope && tapped.listening !== undefined) return tapped.listening;
  const execute = scope.actionExecutor;
  const actionExecutor: typeof execute = (action) => {
    const effect = effectOf(action);
    if (effect !== undefined && tapped.entry !== undefined) {
      tapped.entry.effects ??= [];
      tapped.entry.effects.push(effect);
    }
    execute(action);
  };
  tapped.scope = scope;
  // A copy: an object that inherits from it would be of a shape of its own for each actor, and XState's code slow for all of them.
  tapped.listening = { ...scope, actionExecutor };
  return tapped.listening;
}

export class Tap {
  readonly #seam: Seam;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Set<TapListener>();
  readonly #tapped = new Map<LiveActor, Tapped>();
  #leaveSeam: (() => void)[] = [];
  #seq = 0;
  #current: number | undefined;

  /** @param onError gets what a listener throws: no actor is to suffer from being listened to */
  constructor(seam: Seam, clock: Clock, onError: (error: unknown) => void) {
    this.#seam = seam;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** What the next entry will be numbered. */
  get nextSeq(): number {
    return this.#seq;
  }

  /** How the actors stand that live now, numbered as the next entry. To be asked while listening. */
  standing(): HeardSpawn[] {
    const heard = { seq: this.#seq, at: this.#clock.now(), by: undefined };
    return [...this.#tapped.values()]
      .filter(({ snapshot }) => snapshot.status === 'active')
      .map(({ subject, standing }) => ({ kind: 'join', ...heard, subject, standing, effects: undefined }));
  }

  /** @returns stops listening. Actors are left alone when nobody listens any more. */
  listen(listener: TapListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#attach();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#detach();
    };
  }

  #attach(): void {
    for (const actor of this.#seam.actors) this.#tap(actor);
    this.#leaveSeam = [
      this.#seam.on('actorStarted', (actor) => {
        const tapped = this.#tap(actor);
        const { subject, standing } = tapped;
        this.#tell({ kind: 'spawn', ...this.#next(), subject, standing, effects: firstEffects(tapped) });
      }),
      this.#seam.on('actorEnded', (actor) => this.#untap(actor)),
      this.#seam.on('notification', (notification) => {
        this.#tell({ kind: 'notification', ...this.#next(), notification });
      }),
    ];
  }

  #detach(): void {
    for (const leave of this.#leaveSeam) leave();
    for (const actor of [...this.#tapped.keys()]) this.#untap(actor);
  }

  #next(): Heard {
    const seq = this.#seq;
    this.#seq += 1;
    return { seq, at: this.#clock.now(), by: this.#current };
  }

  #tell(entry: Entry): void {
    for (const listener of this.#listeners) {
      try {
        listener(entry);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #tap(live: LiveActor): Tapped {
    const actor = live.actor as AnyActor;
    const { logic } = actor;
    const { path, machine } = live;
    const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
    const tapped: Tapped = {
      subject: {
        path,
        machine,
        session: actor.sessionId,
        input: (actor.options as { readonly input?: unknown }).input,
      },
      logic,
      snapshot,
      standing: standingOf(snapshot),
      scope: undefined,
      listening: undefined,
      entry: undefined,
    };
    this.#tapped.set(live, tapped);
    const transition: AnyActorLogic['transition'] = (before, event, scope) =>
      this.#deliver(tapped, before, event, scope);
    actor.logic = Object.assign(Object.create(logic) as AnyActorLogic, { transition });
    return tapped;
  }

  #deliver(
    tapped: Tapped,
    before: AnyMachineSnapshot,
    event: { readonly type: string },
    scope: ActorScope,
  ): AnyMachineSnapshot {
    // Recording began while it was processing the event before.
    if (tapped.snapshot !== before) tapped.standing = standingOf(before);
    // Written out, since this is done for each event: spreading costs a third of it.
    const entry: HeardEvent = {
      kind: 'event',
      seq: this.#seq,
      at: this.#clock.now(),
      by: this.#current,
      subject: tapped.subject,
      event,
      before: tapped.standing,
      after: undefined,
      effects: undefined,
      threw: undefined,
    };
    this.#seq += 1;
    this.#tell(entry);
    const outer = this.#current;
    this.#current = entry.seq;
    tapped.entry = entry;
    try {
      const after = tapped.logic.transition(
        before,
        event,
        listeningScope(tapped, scope),
      ) as AnyMachineSnapshot;
      if (after !== before) tapped.standing = standingOf(after);
      tapped.snapshot = after;
      entry.after = tapped.standing;
      return after;
    } catch (error) {
      entry.threw = { error };
      throw error;
    } finally {
      this.#current = outer;
      tapped.entry = undefined;
    }
  }

  #untap(live: LiveActor): void {
    const tapped = this.#tapped.get(live);
    if (tapped === undefined) return;
    this.#tapped.delete(live);
    (live.actor as AnyActor).logic = tapped.logic;
  }
}
