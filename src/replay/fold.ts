/**
 * One actor, lived through again: its events folded through the pure machine. Assignments are made, guards are asked, and what the machine raises for
 * itself is processed, as in life; actions, timers and invoked actors are not. What came of those is among the recorded events.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, createMachine } from 'xstate';
import { effectOf, type RequestedAction } from './effects.js';
import type { StateValue } from './format.js';
import { fromJson, type Json, toJson } from './json-safe.js';

const nothing = () => {};

/** What the machine asked for in the step under way. */
let asked: string[] = [];

/** What XState's `transition()` makes anew for each call, and what six sevenths of its time go to. Holds no state: what would be carried out is not. */
const world = createActor(createMachine({}));
const scope = {
  self: world,
  id: '',
  sessionId: '',
  logger: nothing,
  system: world.system,
  defer: nothing,
  emit: nothing,
  stopChild: nothing,
  actionExecutor: (action: RequestedAction) => {
    const effect = effectOf(action);
    if (effect !== undefined) asked.push(effect);
  },
} as unknown as Parameters<AnyStateMachine['transition']>[2];

export class Fold {
  readonly #machine: AnyStateMachine;
  #snapshot: AnyMachineSnapshot;
  #context: Json;
  /** What the machine asked for in the last step. */
  effects: readonly string[] = [];

  private constructor(machine: AnyStateMachine, snapshot: AnyMachineSnapshot) {
    this.#machine = machine;
    this.#snapshot = snapshot;
    this.#context = toJson(snapshot.context);
  }

  static spawn(machine: AnyStateMachine, input: Json | undefined): Fold {
    const given = input === undefined ? undefined : fromJson(input);
    return new Fold(machine, machine.getInitialSnapshot(scope, given as never) as AnyMachineSnapshot);
  }

  /** Goes on from where an actor stood. Throws when the machine has no such state. */
  static join(machine: AnyStateMachine, state: StateValue, context: Json): Fold {
    const snapshot = machine.resolveState({ value: state as never, context: fromJson(context) });
    return new Fold(machine, snapshot as AnyMachineSnapshot);
  }

  get state(): StateValue {
    return this.#snapshot.value as StateValue;
  }

  get context(): Json {
    return this.#context;
  }

  get status(): string {
    return this.#snapshot.status;
  }

  /** The states it is in, from the root down. */
  get nodes(): AnyMachineSnapshot['_nodes'] {
    return this.#snapshot._nodes;
  }

  deliver(event: Json): void {
    const before = this.#snapshot.context;
    asked = [];
    const next = this.#machine.transition(this.#snapshot, fromJson(event) as never, scope);
    this.#snapshot = next as AnyMachineSnapshot;
    this.effects = asked;
    if (this.#snapshot.context !== before) this.#context = toJson(this.#snapshot.context);
  }
}
