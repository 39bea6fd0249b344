/** Which boxes of a statechart are lit, and which arrows were taken. */
import type { StateValue } from '../../../replay/format.js';
import { pathsOf } from '../../../replay/state-path.js';
import type { StateDefinition } from '../../protocol.js';
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

function isWithin(active: ReadonlySet<string>, targets: readonly string[]): boolean {
  return targets.every((target) => active.has(target));
}

/**
 * The transitions that an event may have led through: those on it, of states that were active, whose targets are active since. Which of several
 * guards held is not told, so the first that fits in the order in which they are tried is taken, of each region and the innermost first.
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
    const hasStayed = now.has(state.path);
    const index = state.transitions.findIndex(
      (transition) =>
        transition.event === event &&
        (transition.targets.length === 0 ? hasStayed : isWithin(now, transition.targets)),
    );
    if (index === -1) return false;
    taken.add(transitionId(state.path, index));
    return true;
  };
  visit(root);
  return taken;
}
