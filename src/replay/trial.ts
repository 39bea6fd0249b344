/**
 * What if this event came here? One step of a machine from where it stood, with an event that it was not told: where it would lead, what would be asked for, and
 * which guard decides. Nothing is carried out.
 */
import { distance } from 'fastest-levenshtein';
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import { evaluateGuard } from 'xstate/guards';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { stepInParts } from './dry-run.js';
import type { Effect } from './effects.js';
import type { RecordedEvent, StateValue } from './format.js';
import { fromJson, type Json, toJson } from './json-safe.js';
import { type Machines, presentMachines } from './machines.js';
import { watchedReads } from './missing-members.js';
import { diff, type Patch } from './patch.js';
import { stateMachine } from './state-machine.js';
import { wordsOfState } from './state-path.js';

export interface Trial {
  /** Id of the machine. */
  readonly machine: string;
  /** Where it stands, as in a line of a recording. */
  readonly state: StateValue;
  readonly context: Json;
  readonly event: RecordedEvent;
}

/**
 * taken: it leads somewhere, or the machine does something · refused: no guard lets it through · elsewhere: other states take it · unknown: no state does ·
 * ended: the machine takes nothing any more · threw: a guard, an assignment or a parameter cannot be computed from this event.
 */
export type TrialOutcome = 'taken' | 'refused' | 'elsewhere' | 'unknown' | 'ended' | 'threw';

/** One transition of a state, named by the state's path and its place among the state's transitions. */
export interface TransitionPlace {
  readonly state: string;
  readonly place: number;
}

export interface TrialBranch extends TransitionPlace {
  /** Of several branches the first whose guard holds is taken; those behind it are not asked. */
  readonly outcome: 'held' | 'refused' | 'notAsked';
}

export interface TrialStep {
  /** What it is taken on: the event, '' for nothing, or what the machine raises for itself. */
  readonly on: string;
  readonly taken: readonly TransitionPlace[];
  readonly state: StateValue;
}

export interface TrialEffect {
  /** As in recordings: `report`, `invoke raise`, `after retryDelay 25`. */
  readonly what: string;
  /** Its parameters or input; null: none. */
  readonly data: Json;
}

export interface TrialResult {
  readonly outcome: TrialOutcome;
  /** Why nothing was taken; null: something was. */
  readonly why: string | null;
  readonly state: StateValue;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly context: Json;
  /** What it changes in the context. */
  readonly patch: Patch;
  /** In the order in which they are asked for. */
  readonly effects: readonly TrialEffect[];
  /** What could take the event where the machine stands, innermost states first. */
  readonly branches: readonly TrialBranch[];
  readonly steps: readonly TrialStep[];
  /** Members that the machine looked for in the event and that are not there, such as `reason` or `output.outcome`. */
  readonly missing: readonly string[];
}

type Transition = AnyStateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

/** In the order in which definitions list them. */
function transitionsOf(node: AnyStateNode): Transition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

export function placeOf(transition: Transition): TransitionPlace {
  const { source } = transition;
  return { state: source.path.join('.'), place: transitionsOf(source).indexOf(transition) };
}

/** Who is asked, and what each guard says: the innermost states first, and an outer one only where nothing within takes it. */
function branchesOf(before: AnyMachineSnapshot, event: { readonly type: string }): TrialBranch[] {
  const active = new Set(before._nodes);
  const branches: TrialBranch[] = [];
  const visit = (node: AnyStateNode): boolean => {
    const within = Object.values(node.states).filter((child) => active.has(child));
    let isTaken = within.map(visit).includes(true);
    for (const one of node.transitions.get(event.type) ?? []) {
      const { guard } = one;
      const holds = !isTaken && (guard === undefined || evaluateGuard(guard, before.context, event, before));
      branches.push({ ...placeOf(one), outcome: isTaken ? 'notAsked' : holds ? 'held' : 'refused' });
      isTaken ||= holds;
    }
    return isTaken;
  };
  visit(before.machine.root);
  return branches;
}

function* nodesOf(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values(node.states)) yield* nodesOf(child);
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  return String((guard as { readonly type?: unknown } | undefined)?.type ?? 'its guard');
}

/** Where nothing takes it. */
function whyNot(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  type: string,
  branches: readonly TrialBranch[],
): Pick<TrialResult, 'outcome' | 'why'> {
  const nodes = [...nodesOf(machine.root)];
  if (branches.length > 0) {
    const guards = nodes.flatMap((node) =>
      branches
        .filter(({ state }) => state === node.path.join('.'))
        .map(({ place }) => guardName(transitionsOf(node)[place]?.guard)),
    );
    return { outcome: 'refused', why: `nothing takes ${type} here: ${guards.join(', ')} did not hold` };
  }
  const here = wordsOfState(before.value as StateValue);
  const taking = nodes.filter((node) => node.transitions.has(type)).map(({ path }) => path.join('.'));
  if (taking.length > 0) {
    return {
      outcome: 'elsewhere',
      why: `${machine.id} takes ${type} in ${taking.join(', ')}, not in ${here}`,
    };
  }
  const known = new Set(nodes.flatMap((node) => [...node.transitions.keys()]));
  const [nearest] = [...known].sort((a, b) => distance(a, type) - distance(b, type));
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return { outcome: 'unknown', why: `no state of ${machine.id} takes ${type}${hint}` };
}

function effectIn({ what, data }: Effect): TrialEffect {
  return { what, data: data === undefined ? null : toJson(data) };
}

/** @throws StreamwardenError `InvalidState`: there is no such machine, or it has no such state */
function standingOf({ machine: id, state, context }: Trial, machines: Machines): AnyMachineSnapshot {
  const machine = machines.get(id);
  if (machine === undefined) {
    const known = [...machines.keys()].join(', ');
    throw new StreamwardenError('InvalidState', `expected the machine to be one of ${known}, got: ${id}`);
  }
  try {
    const standing = stateMachine(machine).resolveState({
      value: state as never,
      context: fromJson(context),
    });
    return standing as AnyMachineSnapshot;
  } catch (error) {
    const message = `expected a state of ${id}, got: ${wordsOfState(state)} (${messageOf(error)})`;
    throw new StreamwardenError('InvalidState', message, { cause: error });
  }
}

/** @throws StreamwardenError `InvalidState`: there is no such machine, or it has no such state */
export function tryEvent(trial: Trial, machines = presentMachines): TrialResult {
  const before = standingOf(trial, machines);
  const machine = before.machine as AnyStateMachine;
  const { type } = trial.event;
  const unchanged = {
    state: before.value as StateValue,
    status: before.status,
    context: trial.context,
    patch: [],
    effects: [],
    steps: [],
  };
  if (before.status !== 'active') {
    const why = `it has ended in ${wordsOfState(unchanged.state)}, and takes nothing any more`;
    return { ...unchanged, outcome: 'ended', why, branches: [], missing: [] };
  }
  const reads = watchedReads(fromJson(trial.event) as { readonly type: string });
  let branches: readonly TrialBranch[] = [];
  let step: ReturnType<typeof stepInParts>;
  try {
    branches = branchesOf(before, reads.value);
    step = stepInParts(machine, before, reads.value);
  } catch (error) {
    const missing = reads.end();
    return { ...unchanged, outcome: 'threw', why: messageOf(error), branches, missing };
  }
  const missing = reads.end();
  const { snapshot, effects, microsteps } = step;
  const isTaken = microsteps.some(({ transitions }) => transitions.length > 0);
  if (!isTaken && snapshot.status === before.status) {
    return { ...unchanged, ...whyNot(machine, before, type, branches), branches, missing };
  }
  const context = toJson(snapshot.context);
  return {
    outcome: 'taken',
    why: null,
    state: snapshot.value as StateValue,
    status: snapshot.status,
    context,
    patch: diff(trial.context, context),
    effects: effects.map(effectIn),
    branches,
    steps: microsteps.map(({ event, transitions, state }) => ({
      // What is taken without an event goes on from the one before.
      on: transitions.some(({ eventType }) => eventType === '') ? '' : event,
      taken: transitions.map(placeOf),
      state,
    })),
    missing,
  };
}
