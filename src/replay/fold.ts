/**
 * One actor, lived through again: its events folded through the pure machine. Assignments are made, guards are asked, and what the machine raises for
 * itself is processed, as in life; actions, timers and invoked actors are not. What came of those is among the recorded events.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { beginning, type Step, stepAfter } from './dry-run.js';
import { type Effect, wordsOfEffects } from './effects.js';
import { FORMAT_VERSION, type FormatVersion, type StateValue } from './format.js';
import { fromJson, type Json, toJson } from './json-safe.js';

export class Fold {
  readonly #machine: AnyStateMachine;
  #snapshot: AnyMachineSnapshot;
  #context: Json;
  #effects: readonly Effect[];

  private constructor(machine: AnyStateMachine, { snapshot, effects }: Step) {
    this.#machine = machine;
    this.#snapshot = snapshot;
    this.#context = toJson(snapshot.context);
    this.#effects = effects;
  }

  static spawn(machine: AnyStateMachine, input: Json | undefined): Fold {
    return new Fold(machine, beginning(machine, input === undefined ? undefined : fromJson(input)));
  }

  /** Goes on from where an actor stood. Throws when the machine has no such state. */
  static join(machine: AnyStateMachine, state: StateValue, context: Json): Fold {
    const snapshot = machine.resolveState({ value: state as never, context: fromJson(context) });
    return new Fold(machine, { snapshot: snapshot as AnyMachineSnapshot, effects: [] });
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

  /** What the machine asked for in the last step, in words as recordings of that version have them. */
  effects(version: FormatVersion = FORMAT_VERSION): readonly string[] {
    return this.#effects.length === 0 ? [] : wordsOfEffects(this.#effects, this.#snapshot.context, version);
  }

  deliver(event: Json): void {
    const before = this.#snapshot.context;
    const { snapshot, effects } = stepAfter(this.#machine, this.#snapshot, fromJson(event));
    this.#snapshot = snapshot;
    this.#effects = effects;
    if (snapshot.context !== before) this.#context = toJson(snapshot.context);
  }
}
