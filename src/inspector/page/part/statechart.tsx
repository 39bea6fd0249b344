/** A machine's statechart: where it stands is lit, and what was just taken flashes. */
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { StateValue } from '../../../replay/format.js';
import { wordsOfState } from '../../../replay/state-path.js';
import type { MachineDefinition } from '../../protocol.js';
import type { TransitionId } from '../model/chart-edges.js';
import { innerLabel } from '../model/chart-labels.js';
import {
  type Chart,
  layoutChart,
  metrics,
  type PlacedEdge,
  type PlacedMark,
  type PlacedState,
  type Point,
} from '../model/chart-layout.js';
import { chartMermaid } from '../model/chart-mermaid.js';
import { activePaths, takenTransitions } from '../model/chart-state.js';
import type { Step } from '../model/history.js';
import { toneOfPath } from '../model/tone.js';
import { svgFile } from '../state/chart-file.js';
import { saveText } from '../state/files.js';
import { ChartFrame } from './chart-frame.js';
import { CopyButton } from './copy-button.js';

interface StatechartProps {
  readonly machine: MachineDefinition;
  readonly state: StateValue;
  /** What led there. */
  readonly step: Step | undefined;
  /** What was taken, where that is told; else it follows from the step. */
  readonly taken?: ReadonlySet<TransitionId> | undefined;
}

const CORNER = 14;

function towards(from: Point, to: Point, by: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}

/** Straight from point to point, with its corners rounded: it stays with its label. */
function way(points: readonly Point[]): string {
  const parts = points.map((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined) return `M${point.x},${point.y}`;
    if (after === undefined) return `L${point.x},${point.y}`;
    const half = (other: Point) => Math.hypot(other.x - point.x, other.y - point.y) / 2;
    const [start, end] = [before, after].map((other) => towards(point, other, Math.min(CORNER, half(other))));
    return `L${start?.x},${start?.y}Q${point.x},${point.y} ${end?.x},${end?.y}`;
  });
  return parts.join('');
}

function tip(points: readonly Point[]): string {
  const end = points.at(-1) as Point;
  const before = points.at(-2) as Point;
  const angle = Math.atan2(end.y - before.y, end.x - before.x);
  const corner = (turn: number) =>
    `${end.x - 7 * Math.cos(angle + turn)},${end.y - 7 * Math.sin(angle + turn)}`;
  return `M${end.x},${end.y}L${corner(0.42)}L${corner(-0.42)}Z`;
}

function Edge({ placed, taken }: { readonly placed: PlacedEdge; readonly taken: ReadonlySet<string> }) {
  const { edge, points, label } = placed;
  const isTaken = edge.lines.some(({ id }) => taken.has(id));
  return (
    <g class={`edge ${isTaken ? 'is-taken is-flash' : ''}`}>
      <path d={way(points)} />
      <path class="tip" d={tip(points)} />
      {edge.lines.length > 0 && (
        <rect class="label-ground" x={label.x} y={label.y} width={label.width} height={label.height} rx="3" />
      )}
      {edge.lines.map(({ id, text, transition }, index) => (
        <text
          key={id}
          class={taken.has(id) ? 'is-taken' : undefined}
          x={label.x + 4}
          y={label.y + 11 + index * metrics.textLine}
        >
          {text}
          {transition.actions.length > 0 && <title>{`does ${transition.actions.join(', ')}`}</title>}
        </text>
      ))}
    </g>
  );
}

interface StateProps {
  readonly placed: PlacedState;
  readonly isActive: boolean;
  readonly isRegion: boolean;
  readonly taken: ReadonlySet<string>;
}

function State({ placed, isActive, isRegion, taken }: StateProps) {
  const { state, x, y, width, height, duties, inner, depth } = placed;
  const isCompound = state.states.length > 0;
  const lines = [
    ...duties.map((text) => ({ text, id: '' })),
    ...inner.map(({ id, transition }) => ({ text: innerLabel(transition), id })),
  ];
  const classes = [
    'state',
    `tone-${depth === 0 ? 'quiet' : toneOfPath(state.path)}`,
    isCompound && 'is-compound',
    isRegion && 'is-region',
    isActive && 'is-active',
  ];
  return (
    <g class={classes.filter(Boolean).join(' ')} data-state={state.path} data-active={isActive}>
      <rect x={x} y={y} width={width} height={height} rx="6" />
      {state.type === 'final' && <rect x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx="4" />}
      <text class="name" x={x + metrics.padding} y={y + 19}>
        {state.key}
      </text>
      {lines.map(({ text, id }, index) => (
        <text
          key={`${id}${text}`}
          class={`duty ${taken.has(id) ? 'is-taken' : ''}`}
          x={x + metrics.padding}
          y={y + metrics.nameLine + 14 + index * metrics.textLine}
        >
          {text}
        </text>
      ))}
    </g>
  );
}

function Mark({ mark: { kind, x, y, width, height } }: { readonly mark: PlacedMark }) {
  if (kind === 'initial') return <circle class="mark" cx={x + width / 2} cy={y + height / 2} r="4.5" />;
  return (
    <g class="mark-any">
      <title>from whichever of these states is active</title>
      <rect class="mark-ground" x={x} y={y} width={width} height={height} rx="9" />
      <text x={x + 8} y={y + 12}>
        any
      </text>
    </g>
  );
}

/** A high chart is shrunk as far as it is read with ease; a wide one as far as it can be read. From there on one scrolls. */
const EASY = 0.78;
const SMALLEST = 0.66;
const COMFORTABLE_HEIGHT = 840;

function sizeOf({ width, height }: Chart, zoom: number | null) {
  if (zoom !== null) return { width: `${width * zoom}px`, height: `${height * zoom}px` };
  const scale = Math.min(1, Math.max(EASY, COMFORTABLE_HEIGHT / height));
  return { width: `${width * scale}px`, minWidth: `${width * SMALLEST}px`, maxWidth: '100%', height: 'auto' };
}

/** A chart that is wider than its panel is moved sideways until the first lit state is in sight. */
function showActive(element: Element): void {
  const lit = element.querySelector('.is-active:not(.is-compound)');
  if (lit === null || element.scrollWidth <= element.clientWidth) return;
  const frame = element.getBoundingClientRect();
  const { left, right } = lit.getBoundingClientRect();
  if (left < frame.left) element.scrollLeft -= frame.left - left + 40;
  else if (right > frame.right) element.scrollLeft += right - frame.right + 40;
}

export function Statechart({ machine, state, step, taken: told }: StatechartProps) {
  const chart = useMemo(() => layoutChart(machine.root), [machine]);
  const active = useMemo(() => activePaths(state), [state]);
  const taken = useMemo<ReadonlySet<string>>(() => {
    if (told !== undefined) return told;
    if (step === undefined || step.event === null || step.from === null) return new Set();
    return takenTransitions(machine.root, step.from, step.event.type, step.state);
  }, [machine, step, told]);
  const parallel = useMemo(
    () => new Set(chart.states.flatMap(({ state: { type, states } }) => (type === 'parallel' ? states : []))),
    [chart],
  );
  const drawing = useRef<SVGSVGElement>(null);
  useLayoutEffect(() => {
    const frame = drawing.current?.parentElement;
    if (frame) showActive(frame);
  }, [active]);
  const save = () => {
    if (drawing.current !== null) saveText(`${machine.id}.svg`, svgFile(drawing.current), 'image/svg+xml');
  };
  const tools = (
    <>
      <button type="button" class="button is-small" onClick={save}>
        Save SVG
      </button>
      <CopyButton label="Copy Mermaid" textOf={() => chartMermaid(machine.root, active)} />
    </>
  );
  const label = `Statechart of ${machine.id}, in ${wordsOfState(state)}`;
  const draw = (zoom: number | null) => (
    <svg
      class="statechart"
      ref={drawing}
      style={sizeOf(chart, zoom)}
      viewBox={`0 0 ${chart.width} ${chart.height}`}
      role="img"
      aria-label={label}
    >
      {chart.states.map((placed) => (
        <State
          key={placed.state.path}
          placed={placed}
          isActive={active.has(placed.state.path)}
          isRegion={parallel.has(placed.state)}
          taken={taken}
        />
      ))}
      {chart.marks.map((mark) => (
        <Mark key={`${mark.kind} ${mark.x} ${mark.y}`} mark={mark} />
      ))}
      {chart.edges.map((placed, index) => {
        const isTaken = placed.edge.lines.some(({ id }) => taken.has(id));
        // Made anew for each step, so that it flashes again.
        return <Edge key={isTaken ? `${index} ${step?.seq}` : index} placed={placed} taken={taken} />;
      })}
    </svg>
  );
  return (
    <ChartFrame width={chart.width} height={chart.height} label={`Drawing of ${machine.id}`} tools={tools}>
      {draw}
    </ChartFrame>
  );
}
