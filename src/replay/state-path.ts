/** States in words: `lost`, or where regions run side by side `lease.present.pulse.resting + certainty.certain`. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { StateValue } from './format.js';

/** The innermost states, each as a path of names from the root. */
export function pathsOf(value: StateValue): string[] {
  if (typeof value === 'string') return [value];
  return Object.entries(value).flatMap(([region, inner]) => {
    const below = pathsOf(inner);
    return below.length === 0 ? [region] : below.map((path) => `${region}.${path}`);
  });
}

export function wordsOfState(value: StateValue): string {
  return pathsOf(value).join(' + ') || '(none)';
}

/** Whether a state, `lease.present` say, is one of those that the value is in. */
export function isIn(value: StateValue, state: string): boolean {
  return pathsOf(value).some((path) => path === state || path.startsWith(`${state}.`));
}

/** Every state of a machine, as {@link isIn} takes it. */
export function statesOf(machine: AnyStateMachine): string[] {
  const below = (node: AnyStateNode): string[] =>
    Object.values(node.states).flatMap((child) => [child.path.join('.'), ...below(child)]);
  return below(machine.root);
}
