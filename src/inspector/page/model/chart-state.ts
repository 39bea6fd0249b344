/** Which boxes of a statechart are lit, and which arrows were taken. */
import type { StateValue } from '../../../replay/format.js';
import { pathsOf } from '../../../replay/state-path.js';
import type { StateDefinition, TransitionDefinition } from '../../protocol.js';
import { type TransitionId, transitionId } from './chart-edges.js';

/** Every state that it is in, the root too. */
export function activePaths(value: StateValue): ReadonlySet<string> {
  const active = new Set(['']);
  for (const path of pathsOf(value)) {
    for (let end = path.indexOf('.'); end !== -1; end = path.indexOf('.', end + 1)) {
      active.add(path.slice(0, end));
    }
    active.add(path);
  }
  return active;
}

/**
 * The transitions that an event may have led through: those on it, of states that were active, whose targets are active since; of each region the
 * innermost. Which of several guards held is not told: where more than one fits, they lead to the same place, and all are named.
 */
export function takenTransitions(
  root: StateDefinition,
  before: StateValue,
  event: string,
  after: StateValue,
): ReadonlySet<TransitionId> {
  const active = activePaths(before);
  const now = activePaths(after);
  const taken = new Set<TransitionId>();

  /** Whether something within took it. */
  const visit = (state: StateDefinition): boolean => {
    const within = state.states.filter(({ path }) => active.has(path)).map(visit);
    if (within.includes(true)) return true;
    const fitting = state.transitions.flatMap((transition, index) => {
      const isFitting = transition.event === event && leadsTo(transition, state, now);
      return isFitting ? [transitionId(state.path, index)] : [];
    });
    for (const id of fitting) taken.add(id);
    return fitting.length > 0;
  };
  visit(root);
  return taken;
}

function leadsTo(
  { targets }: TransitionDefinition,
  { path }: StateDefinition,
  now: ReadonlySet<string>,
): boolean {
  return targets.length === 0 ? now.has(path) : targets.every((target) => now.has(target));
}
