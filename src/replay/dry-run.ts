/**
 * Steps of machines without an actor: assignments are made, guards are asked, what the machine raises for itself is processed, and what it asks for is kept
 * instead of being carried out.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  createMachine,
} from 'xstate';
import { type Effect, effectOf, type RequestedAction } from './effects.js';
import type { StateValue } from './format.js';

const nothing = () => {};

/** What the machine asked for in the step under way. */
let asked: Effect[] = [];

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

export interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly effects: readonly Effect[];
}

function stepOf(work: () => unknown): Step {
  asked = [];
  const snapshot = work() as AnyMachineSnapshot;
  return { snapshot, effects: asked };
}

/** How it begins. */
export function beginning(machine: AnyStateMachine, input: unknown): Step {
  return stepOf(() => machine.getInitialSnapshot(scope, input as never));
}

export function stepAfter(machine: AnyStateMachine, before: AnyMachineSnapshot, event: unknown): Step {
  return stepOf(() => machine.transition(before, event as never, scope));
}

type Transition = AnyStateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

/** One of the transitions that a step is made of: the first is taken on the event itself, others follow without one, or on what the machine raises. */
export interface Microstep {
  /** What it was taken on. */
  readonly event: string;
  readonly transitions: readonly Transition[];
  /** Where it led. */
  readonly state: StateValue;
}

interface Inspected {
  readonly type: string;
  readonly event: { readonly type: string };
  readonly snapshot: AnyMachineSnapshot;
  readonly _transitions: readonly Transition[];
}

/** As {@link stepAfter}, and which transitions were taken in it, as XState tells those who inspect actors. */
export function stepInParts(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: unknown,
): Step & { readonly microsteps: readonly Microstep[] } {
  const microsteps: Microstep[] = [];
  const _sendInspectionEvent = ({ type, event: on, snapshot, _transitions }: Inspected) => {
    if (type !== '@xstate.microstep') return;
    microsteps.push({ event: on.type, transitions: _transitions, state: snapshot.value as StateValue });
  };
  const system = Object.assign(Object.create(world.system) as object, { _sendInspectionEvent });
  const watched = { ...scope, system } as unknown as typeof scope;
  const step = stepOf(() => machine.transition(before, event as never, watched));
  return { ...step, microsteps };
}

function isQuietNode(node: AnyStateNode): boolean {
  const { entry, invoke, always, initial } = node;
  const asks = entry.length + invoke.length + (always?.length ?? 0) + (initial?.actions.length ?? 0);
  return asks === 0 && Object.values(node.states).every(isQuietNode);
}

const quiet = new WeakMap<object, boolean>();

/** Whether its beginning cannot ask for anything: so it is with the machine of which there are tens of thousands of actors. */
export function beginsQuietly(machine: AnyStateMachine): boolean {
  const { root } = machine;
  let isQuiet = quiet.get(root);
  if (isQuiet === undefined) {
    isQuiet = isQuietNode(root);
    quiet.set(root, isQuiet);
  }
  return isQuiet;
}
