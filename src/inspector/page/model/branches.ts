/** Which arrows of a statechart a step took, and whether that is known for certain. */
import type { MachineDefinition } from '../../protocol.js';
import type { TransitionId } from './chart-edges.js';
import { takenTransitions } from './chart-state.js';
import type { Step } from './history.js';

export interface Branches {
  readonly taken: ReadonlySet<TransitionId>;
  /** So many fit, of which one was taken; null: it is known which. */
  readonly oneOf: number | null;
}

const NONE: Branches = { taken: new Set(), oneOf: null };

/** The state that a transition leaves. */
function stateOf(id: TransitionId): string {
  return id.slice(0, id.lastIndexOf('#'));
}

/** @param told what the server says of a step that does not say it itself; null: nothing (yet) */
export function branchesOf(
  { root }: MachineDefinition,
  step: Step | undefined,
  told: ReadonlySet<TransitionId> | null,
): Branches {
  if (step === undefined || step.event === null || step.from === null) return NONE;
  if (step.taken !== null) return { taken: new Set(step.taken), oneOf: null };
  if (told !== null) return { taken: told, oneOf: null };
  const taken = takenTransitions(root, step.from, step.event.type, step.state);
  const states = new Set([...taken].map(stateOf));
  return { taken, oneOf: states.size < taken.size ? taken.size : null };
}
