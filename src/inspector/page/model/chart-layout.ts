/**
 * Where a statechart's boxes and arrows go. Each state that holds others is laid out by itself, the innermost first, and is then one box for whoever
 * holds it. Text is measured by counting: charts are set in a monospaced font.
 */
import { Graph, layout } from '@dagrejs/dagre';
import type { StateDefinition } from '../../protocol.js';
import { type ChartEdge, type ChartEdges, chartEdges, type InnerTransition } from './chart-edges.js';
import { duties, innerLabel } from './chart-labels.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedState extends Box {
  readonly state: StateDefinition;
  readonly depth: number;
  /** Lines below its name. */
  readonly duties: readonly string[];
  readonly inner: readonly InnerTransition[];
}

export interface PlacedEdge {
  readonly edge: ChartEdge;
  readonly points: readonly Point[];
  /** Top left corner of its label. */
  readonly label: Box;
}

/** Where a box is entered, or what stands for whichever of its states is active. */
export interface PlacedMark extends Box {
  readonly kind: 'initial' | 'any';
}

export interface Chart extends Pick<Box, 'width' | 'height'> {
  /** Outer ones first. */
  readonly states: readonly PlacedState[];
  readonly edges: readonly PlacedEdge[];
  readonly marks: readonly PlacedMark[];
}

/** Pixels; the style sheet sets text of these sizes. */
export const metrics = {
  nameChar: 7.8,
  nameLine: 20,
  textChar: 6.1,
  textLine: 14,
  padding: 10,
  gap: 18,
} as const;

/** What is laid out in one box: shifted to its place when that is known. */
interface Part {
  readonly width: number;
  readonly height: number;
  readonly states: PlacedState[];
  readonly edges: PlacedEdge[];
  readonly marks: PlacedMark[];
}

const ANY = '*';
const INITIAL = '+';
/** What a chart should fit into, in pixels: the layout that has to be shrunk least is taken. */
const ROOM = { width: 1_100, height: 640 };

const ATTEMPTS = [
  { rankdir: 'TB', ranker: 'network-simplex' },
  { rankdir: 'TB', ranker: 'longest-path' },
  { rankdir: 'LR', ranker: 'network-simplex' },
  { rankdir: 'LR', ranker: 'longest-path' },
] as const;

function widthOf(lines: readonly string[], char: number): number {
  return Math.max(0, ...lines.map((line) => line.length)) * char;
}

function header(state: StateDefinition, edges: ChartEdges) {
  const inner = edges.inner.get(state.path) ?? [];
  const own = duties(state);
  const lines = [...own, ...inner.map(({ transition }) => innerLabel(transition))];
  return {
    duties: own,
    inner,
    width: Math.max(
      state.key.length * metrics.nameChar + (state.type === 'final' ? 8 : 0),
      widthOf(lines, metrics.textChar),
    ),
    height: metrics.nameLine + (lines.length === 0 ? 0 : lines.length * metrics.textLine + 4),
  };
}

function shifted(part: Part, dx: number, dy: number): Part {
  const move = <T extends Point>(place: T): T => ({ ...place, x: place.x + dx, y: place.y + dy });
  return {
    ...part,
    states: part.states.map(move),
    marks: part.marks.map(move),
    edges: part.edges.map(({ edge, points, label }) => ({
      edge,
      points: points.map(move),
      label: move(label),
    })),
  };
}

function joined(parts: readonly Part[], width: number, height: number): Part {
  return {
    width,
    height,
    states: parts.flatMap(({ states }) => states),
    edges: parts.flatMap(({ edges }) => edges),
    marks: parts.flatMap(({ marks }) => marks),
  };
}

/** Regions run side by side and have no arrows between them: beside one another while that is not too wide. */
function regions(parts: readonly Part[]): Part {
  const wide = parts.reduce((sum, { width }) => sum + width + metrics.gap, -metrics.gap);
  const isRow = wide <= ROOM.width;
  let at = 0;
  const placed = parts.map((part) => {
    const moved = isRow ? shifted(part, at, 0) : shifted(part, 0, at);
    at += (isRow ? part.width : part.height) + metrics.gap;
    return moved;
  });
  const across = Math.max(...parts.map(({ width, height }) => (isRow ? height : width)));
  return isRow ? joined(placed, at - metrics.gap, across) : joined(placed, across, at - metrics.gap);
}

/** What is used of dagre's graph, whose own types say `any`. */
interface Drawing {
  setGraph(settings: object): unknown;
  graph(): { readonly width: number; readonly height: number };
  setNode(name: string, box: Box): unknown;
  hasNode(name: string): boolean;
  /** Its middle and its size. */
  node(name: string): Box;
  setEdge(from: string, to: string, label: object, name?: string): unknown;
  edges(): readonly { readonly v: string; readonly w: string; readonly name?: string }[];
  edge(edge: object): Box & { readonly points: readonly Point[] };
}

function draw(
  state: StateDefinition,
  parts: ReadonlyMap<string, Part>,
  edges: readonly ChartEdge[],
  attempt: (typeof ATTEMPTS)[number],
): Part {
  const graph: Drawing = new Graph({ multigraph: true });
  graph.setGraph({ ...attempt, nodesep: 16, ranksep: 26, edgesep: 8 });
  for (const [path, { width, height }] of parts) graph.setNode(path, { x: 0, y: 0, width, height });
  if (state.initial !== null && parts.has(state.initial)) {
    graph.setNode(INITIAL, { x: 0, y: 0, width: 10, height: 10 });
    graph.setEdge(INITIAL, state.initial, { width: 0, height: 0, weight: 4 });
  }
  if (edges.some(({ from }) => from === null)) graph.setNode(ANY, { x: 0, y: 0, width: 34, height: 18 });
  edges.forEach((edge, index) => {
    const label = {
      width:
        widthOf(
          edge.lines.map(({ text }) => text),
          metrics.textChar,
        ) + 8,
      height: edge.lines.length * metrics.textLine + 4,
      labelpos: 'c',
    };
    graph.setEdge(edge.from ?? ANY, edge.to, label, String(index));
  });
  layout(graph as InstanceType<typeof Graph>);
  return read(graph, parts, edges);
}

/** How much it may grow until it fills the room. */
function fit({ width, height }: Part): number {
  return Math.min(ROOM.width / width, ROOM.height / height);
}

const NOWHERE: Box = { x: 0, y: 0, width: 0, height: 0 };

function initialEdge(to: string): ChartEdge {
  return { container: '', from: null, to, lines: [] };
}

function corner({ x, y, width, height }: Box): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}

function read(graph: Drawing, parts: ReadonlyMap<string, Part>, edges: readonly ChartEdge[]): Part {
  const { width, height } = graph.graph();
  const inside = [...parts].map(([path, part]) => {
    const { x, y } = corner(graph.node(path));
    return shifted(part, x, y);
  });
  const marks: PlacedMark[] = [];
  if (graph.hasNode(INITIAL)) marks.push({ kind: 'initial', ...corner(graph.node(INITIAL)) });
  if (graph.hasNode(ANY)) marks.push({ kind: 'any', ...corner(graph.node(ANY)) });
  const placed = graph.edges().map((named): PlacedEdge => {
    const at = graph.edge(named);
    if (named.v === INITIAL) return { edge: initialEdge(named.w), points: at.points, label: NOWHERE };
    return { edge: edges[Number(named.name)] as ChartEdge, points: at.points, label: corner(at) };
  });
  const whole = joined(inside, width, height);
  return { ...whole, edges: [...placed, ...whole.edges], marks: [...marks, ...whole.marks] };
}

function content(state: StateDefinition, edges: ChartEdges, depth: number): Part {
  const parts = new Map(state.states.map((child) => [child.path, box(child, edges, depth + 1)]));
  if (state.type === 'parallel') return regions([...parts.values()]);
  const own = edges.edges.get(state.path) ?? [];
  return ATTEMPTS.map((attempt) => draw(state, parts, own, attempt)).reduce((best, part) =>
    fit(part) > fit(best) ? part : best,
  );
}

/** The state with all that it holds, its top left corner at 0, 0. */
function box(state: StateDefinition, edges: ChartEdges, depth: number): Part {
  const head = header(state, edges);
  const { padding } = metrics;
  if (state.states.length === 0) {
    const width = head.width + padding * 2;
    const height = head.height + padding;
    const placed = { state, depth, duties: head.duties, inner: head.inner, x: 0, y: 0, width, height };
    return { width, height, states: [placed], edges: [], marks: [] };
  }
  const inside = content(state, edges, depth);
  const top = head.height + padding;
  const width = Math.max(head.width, inside.width) + padding * 2;
  const height = top + inside.height + padding;
  const moved = shifted(inside, (width - inside.width) / 2, top);
  const placed = { state, depth, duties: head.duties, inner: head.inner, x: 0, y: 0, width, height };
  return { width, height, states: [placed, ...moved.states], edges: moved.edges, marks: moved.marks };
}

const MARGIN = 8;

export function layoutChart(root: StateDefinition): Chart {
  const edges = chartEdges(root);
  const { width, height, ...rest } = box(root, edges, 0);
  const { states, edges: placed, marks } = shifted({ width, height, ...rest }, MARGIN, MARGIN);
  return { width: width + 2 * MARGIN, height: height + 2 * MARGIN, states, edges: placed, marks };
}
