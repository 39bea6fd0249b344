/** A statechart as Mermaid draws it, with the states that an actor is in. */
import type { StateDefinition, TransitionDefinition } from '../../protocol.js';
import { arrowLabel } from './chart-labels.js';
import { plain } from './mermaid.js';

/** What an outer state takes wherever it is within. */
const ANY = 'any';

function idOf(path: string): string {
  return path.replace(/\W/g, '_');
}

function pseudo(state: StateDefinition): string {
  return state.path === '' ? ANY : `${idOf(state.path)}_${ANY}`;
}

/** Those that lead into a state from wherever in it the machine is. */
function inwards(state: StateDefinition): readonly TransitionDefinition[] {
  const isWithin = (target: string) =>
    target !== state.path && (state.path === '' || target.startsWith(`${state.path}.`));
  return state.transitions.filter(({ targets }) => targets.some(isWithin));
}

function drawn(state: StateDefinition, indent: string): string[] {
  const lines: string[] = [];
  if (state.initial !== null) lines.push(`${indent}[*] --> ${idOf(state.initial)}`);
  state.states.forEach((child, index) => {
    if (state.type === 'parallel' && index > 0) lines.push(`${indent}--`);
    const head = `${indent}state "${plain(child.key)}" as ${idOf(child.path)}`;
    if (child.states.length === 0) lines.push(head);
    else lines.push(`${head} {`, ...drawn(child, `${indent}  `), `${indent}}`);
    if (child.type === 'final') lines.push(`${indent}${idOf(child.path)} --> [*]`);
  });
  // In a region of its own it would be one that runs beside the others.
  if (state.type !== 'parallel' && inwards(state).length > 0) {
    lines.push(`${indent}state "any of these" as ${pseudo(state)}`);
  }
  return lines;
}

/** Of several from one state to another each has its line, in the order in which they are tried. */
function arrows(state: StateDefinition): string[] {
  const within = new Set(inwards(state));
  const own = state.transitions.flatMap((transition) =>
    transition.targets
      .filter((target) => target !== state.path)
      .flatMap((target) => {
        const from = within.has(transition) ? pseudo(state) : idOf(state.path);
        if (within.has(transition) && state.type === 'parallel') return [];
        return [`  ${from} --> ${idOf(target)} : ${plain(arrowLabel(transition))}`];
      }),
  );
  return [...own, ...state.states.flatMap(arrows)];
}

/** What a parallel machine takes for its regions: Mermaid has no place for it but a note. */
function notes(state: StateDefinition): string[] {
  const own =
    state.type === 'parallel' && state.states[0] !== undefined
      ? inwards(state).map((transition) => `${arrowLabel(transition)} → ${transition.targets.join(', ')}`)
      : [];
  const first = state.states[0];
  const note =
    own.length === 0 || first === undefined
      ? []
      : [`  note right of ${idOf(first.path)} : in any state, ${plain(own.join(', '))}`];
  return [...note, ...state.states.flatMap(notes)];
}

/** @param active paths of the states that it is in */
export function chartMermaid(root: StateDefinition, active: ReadonlySet<string>): string {
  const leaves = (state: StateDefinition): StateDefinition[] =>
    state.states.length === 0 ? [state] : state.states.flatMap(leaves);
  const lit = leaves(root).filter(({ path }) => active.has(path));
  const lines = ['stateDiagram-v2', ...drawn(root, '  '), ...arrows(root), ...notes(root)];
  if (lit.length > 0) {
    lines.push(
      '  classDef active stroke-width:3px',
      `  class ${lit.map(({ path }) => idOf(path)).join(',')} active`,
    );
  }
  return `${lines.join('\n')}\n`;
}
