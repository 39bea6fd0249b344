/**
 * Which arrows a statechart has, and in whose box each is drawn: an arrow between states that are nested in different ones runs between the two
 * outermost boxes that hold one and not the other, and its label says which state within is meant.
 */
import type { StateDefinition, TransitionDefinition } from '../../protocol.js';
import { arrowLabel } from './chart-labels.js';

/** Names a transition within its machine: the state it leaves and its place among that state's. */
export type TransitionId = string;

export function transitionId(state: string, index: number): TransitionId {
  return `${state}#${index}`;
}

export interface EdgeLabelLine {
  readonly id: TransitionId;
  readonly text: string;
  readonly transition: TransitionDefinition;
}

export interface ChartEdge {
  /** Path of the state in whose box it runs. */
  readonly container: string;
  /** Path of the box it leaves; null: whatever state of the container is active. */
  readonly from: string | null;
  /** Path of the box it leads to. */
  readonly to: string;
  readonly lines: readonly EdgeLabelLine[];
}

export interface InnerTransition {
  readonly id: TransitionId;
  readonly transition: TransitionDefinition;
}

export interface ChartEdges {
  /** By container. */
  readonly edges: ReadonlyMap<string, readonly ChartEdge[]>;
  /** By state: what does not lead out of its box. */
  readonly inner: ReadonlyMap<string, readonly InnerTransition[]>;
}

export function isBelow(path: string, above: string): boolean {
  return above === '' ? path !== '' : path.startsWith(`${above}.`);
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
}

/** The child of `container` that holds `path`, or is it. */
function boxIn(container: string, path: string): string {
  const start = container === '' ? 0 : container.length + 1;
  const end = path.indexOf('.', start);
  return end === -1 ? path : path.slice(0, end);
}

function commonContainer(a: string, b: string): string {
  let container = parentOf(a);
  while (container !== '' && !isBelow(b, container)) container = parentOf(container);
  return container;
}

/** What is left of a path below a box, as a label's beginning: `resting: `. */
function within(box: string, path: string): string {
  return path === box ? '' : `${path.slice(box.length + 1)}: `;
}

export function chartEdges(root: StateDefinition): ChartEdges {
  const edges = new Map<string, Map<string, ChartEdge & { lines: EdgeLabelLine[] }>>();
  const inner = new Map<string, InnerTransition[]>();

  const draw = (container: string, from: string | null, to: string, line: EdgeLabelLine) => {
    let inside = edges.get(container);
    if (inside === undefined) {
      inside = new Map();
      edges.set(container, inside);
    }
    const key = `${from ?? '*'}→${to}`;
    const edge = inside.get(key);
    if (edge === undefined) inside.set(key, { container, from, to, lines: [line] });
    else edge.lines.push(line);
  };

  const visit = (state: StateDefinition) => {
    state.transitions.forEach((transition, index) => {
      const id = transitionId(state.path, index);
      const leading = transition.targets.filter((target) => target !== state.path);
      if (leading.length === 0 || state.type === 'final') {
        const lines = inner.get(state.path) ?? [];
        lines.push({ id, transition });
        inner.set(state.path, lines);
      }
      for (const target of leading) {
        const text = arrowLabel(transition);
        if (isBelow(target, state.path)) {
          const to = boxIn(state.path, target);
          draw(state.path, null, to, { id, text: text + arriving(to, target), transition });
          continue;
        }
        if (isBelow(state.path, target)) {
          const lines = inner.get(state.path) ?? [];
          lines.push({ id, transition });
          inner.set(state.path, lines);
          continue;
        }
        const container = commonContainer(state.path, target);
        const from = boxIn(container, state.path);
        const to = boxIn(container, target);
        draw(container, from, to, {
          id,
          text: within(from, state.path) + text + arriving(to, target),
          transition,
        });
      }
    });
    state.states.forEach(visit);
  };
  visit(root);
  return { edges: new Map([...edges].map(([path, inside]) => [path, [...inside.values()]])), inner };
}

function arriving(box: string, target: string): string {
  return target === box ? '' : ` → ${target.slice(box.length + 1)}`;
}
