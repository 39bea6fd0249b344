/** Events that could be tried where a machine stands, and what came of one, in words. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import type { Line, StateValue } from '../../../replay/format.js';
import type { Json } from '../../../replay/json-safe.js';
import type { StateDefinition, TransitionDefinition, TrialReply } from '../../protocol.js';
import { type TransitionId, transitionId } from './chart-edges.js';
import { triggerOf } from './chart-labels.js';
import { activePaths } from './chart-state.js';

export interface TriedEvent {
  readonly type: string;
  readonly [field: string]: Json;
}

export interface Choice {
  /** Type of the event. */
  readonly event: string;
  readonly words: string;
  /** Guards that are asked; none: it is taken in any case. */
  readonly guards: readonly string[];
}

export interface Choices {
  /** What the state takes, innermost states first. */
  readonly here: readonly Choice[];
  /** What only other states take. */
  readonly elsewhere: readonly Choice[];
}

/** What an event can be tried for: not what XState raises for itself. */
function isEvent({ on }: TransitionDefinition): boolean {
  return on.kind !== 'always' && on.kind !== 'stateDone';
}

function statesWithin(state: StateDefinition): StateDefinition[] {
  return [...state.states.flatMap(statesWithin), state];
}

export function choicesOf(root: StateDefinition, value: StateValue): Choices {
  const active = activePaths(value);
  const here = new Map<string, { words: string; guards: string[] }>();
  const elsewhere = new Map<string, { words: string; guards: string[] }>();
  for (const state of statesWithin(root)) {
    const chosen = active.has(state.path) ? here : elsewhere;
    for (const transition of state.transitions.filter(isEvent)) {
      const { event, guard } = transition;
      const choice = chosen.get(event) ?? { words: triggerOf(transition), guards: [] };
      if (guard !== null && !choice.guards.includes(guard)) choice.guards.push(guard);
      chosen.set(event, choice);
    }
  }
  const listed = (choices: typeof here) => [...choices].map(([event, choice]) => ({ event, ...choice }));
  return { here: listed(here), elsewhere: listed(elsewhere).filter(({ event }) => !here.has(event)) };
}

export interface Example {
  readonly event: TriedEvent;
  readonly seq: number;
  readonly actor: string;
}

interface Wanted {
  readonly machine: string;
  readonly actor: string;
  readonly event: string;
  /** The line that is looked at. */
  readonly seq: number;
}

/** Such an event as it came: the last one before, rather to the same actor than to another of its machine, and else the first one after. */
export function exampleOf(lines: readonly Line[], { machine, actor, event, seq }: Wanted): Example | null {
  let best: { readonly example: Example; readonly rank: number } | null = null;
  for (const line of lines) {
    if (line.kind !== 'event' || line.machine !== machine || line.event.type !== event) continue;
    const isBefore = line.seq <= seq;
    const rank = (line.actor === actor ? 2 : 0) + (isBefore ? 1 : 0);
    const isBetter = best === null || rank > best.rank || (rank === best.rank && isBefore);
    if (isBetter) best = { rank, example: { event: line.event, seq: line.seq, actor: line.actor } };
  }
  return best?.example ?? null;
}

/** @throws SyntaxError, whose message says what is wrong */
export function readEvent(text: string): TriedEvent {
  const value = JSON.parse(text) as Json;
  const { type } = (typeof value === 'object' && value !== null ? value : {}) as { readonly type?: Json };
  if (typeof type !== 'string' || type === '') {
    throw new SyntaxError('expected an object with a type, such as {"type": "lost"}');
  }
  return value as TriedEvent;
}

export function writtenEvent(event: TriedEvent): string {
  return JSON.stringify(event, null, 2);
}

/** What was taken, to be lit in the statechart. */
export function takenIn({ steps }: TrialReply): ReadonlySet<TransitionId> {
  return new Set(steps.flatMap(({ taken }) => taken.map(({ state, place }) => transitionId(state, place))));
}

function transitionAt(root: StateDefinition, path: string, place: number): TransitionDefinition | undefined {
  return statesWithin(root).find((state) => state.path === path)?.transitions[place];
}

function targetsOf({ targets, actions }: TransitionDefinition): string {
  if (targets.length > 0) return `→ ${targets.join(' + ')}`;
  return actions.length > 0 ? 'stays, and does something' : 'stays';
}

export interface BranchWords {
  readonly id: TransitionId;
  readonly outcome: 'held' | 'refused' | 'notAsked';
  readonly words: string;
}

/** Each branch that was or was not asked, in order. */
export function branchWords(root: StateDefinition, { branches }: TrialReply): BranchWords[] {
  return branches.flatMap(({ state, place, outcome }) => {
    const transition = transitionAt(root, state, place);
    if (transition === undefined) return [];
    const guard = transition.guard ?? 'no guard';
    const said = {
      held: transition.guard === null ? 'taken, it has no guard' : `${guard} holds`,
      refused: `${guard} does not hold`,
      notAsked: `${guard} was not asked: one before it was taken`,
    }[outcome];
    const of = state === '' ? root.key : state;
    return [{ id: transitionId(state, place), outcome, words: `${of}: ${said}, ${targetsOf(transition)}` }];
  });
}

/** What the machine did by itself after the event, a line each. */
export function furtherSteps(root: StateDefinition, { steps }: TrialReply): string[] {
  return steps.slice(1).map(({ on, taken }) => {
    const ways = taken.flatMap(({ state, place }) => {
      const transition = transitionAt(root, state, place);
      if (transition === undefined) return [];
      const guard = transition.guard === null ? '' : ` [${transition.guard}]`;
      return [`${state === '' ? root.key : state}${guard} ${targetsOf(transition)}`];
    });
    return `${on === '' ? 'at once' : `on ${wordsOfEvent(on)}`}: ${ways.join(', ')}`;
  });
}
