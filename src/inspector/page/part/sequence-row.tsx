/** One row of a sequence diagram: an arrow from lane to lane, or the time between two. */
import { clockTime } from '../model/format.js';
import { type LanePlaces, TIME_ROOM } from '../model/lanes.js';
import { movedBetween } from '../model/moved.js';
import { type Arrow, isArrow, isQuiet, type Row } from '../model/sequence.js';
import { wordsOfRow } from '../model/sequence-words.js';
import { toneOfPath } from '../model/tone.js';
import { go } from '../state/router.js';

const TIP = 7;

/** Who was told; of a notification, who told it. */
function actorOf(row: Row): string | null {
  return isArrow(row) ? (row.message.to ?? row.message.from) : null;
}

export function openActorOf(row: Row): void {
  const actor = actorOf(row);
  if (actor !== null) go({ view: 'actor', actor });
}

function Shaft({ from, to, y }: { readonly from: number; readonly to: number; readonly y: number }) {
  if (from === to) {
    const tip = `M${from},${y + 2}l${TIP},-4l0,7z`;
    return (
      <>
        <path d={`M${from},${y - 7}h22v9h-16`} />
        <path class="tip" d={tip} />
      </>
    );
  }
  const back = from < to ? -TIP : TIP;
  return (
    <>
      <line x1={from} x2={to + back / 2} y1={y} y2={y} />
      <path class="tip" d={`M${to},${y}l${back},-4l0,8z`} />
    </>
  );
}

function Words({ row, x, y }: { readonly row: Arrow; readonly x: number; readonly y: number }) {
  const { message, words } = row;
  const { label, before, after } = message;
  const { entered } = movedBetween(before?.split(' + ') ?? [], after?.split(' + ') ?? []);
  return (
    <text x={x} y={y}>
      {words}
      {label !== null && <tspan class="note"> {label}</tspan>}
      {entered !== '' && (
        <>
          <tspan class="note"> → </tspan>
          <tspan class={`to-state tone-${toneOfPath(entered)}`}>{entered}</tspan>
        </>
      )}
      {message.threw && <tspan class="to-state tone-bad"> threw</tspan>}
    </text>
  );
}

/** About as wide as the shortest words are. */
const LEAST_WORDS = 60;

/** Where an arrow's words begin: at its left end, or where that is out of sight to the left, at the edge of what is seen. */
export function wordsAt(a: number, b: number, scrolled: number): number {
  if (a === b) return a + 28;
  const start = Math.min(a, b) + 8;
  const edge = scrolled + TIME_ROOM + 8;
  return edge > start && edge < Math.max(a, b) - LEAST_WORDS ? edge : start;
}

interface SequenceRowProps {
  readonly row: Row;
  readonly places: LanePlaces;
  readonly height: number;
  readonly isCurrent: boolean;
  /** How far it is scrolled sideways, in pixels. */
  readonly scrolled: number;
}

function Drawn({ row, places: { x }, scrolled }: SequenceRowProps) {
  if (!isArrow(row)) {
    return (
      <text class={isQuiet(row) ? 'quiet-text' : 'gap-text'} x={scrolled + TIME_ROOM + 8} y={19}>
        {wordsOfRow(row)}
      </text>
    );
  }
  const [a, b] = [x.get(row.from) ?? 0, x.get(row.to) ?? 0];
  return (
    <g class={`arrow ${row.message.threw ? 'has-thrown' : ''}`}>
      <Shaft from={a} to={b} y={22} />
      <Words row={row} x={wordsAt(a, b, scrolled)} y={a === b ? 20 : 15} />
    </g>
  );
}

export function SequenceRow(props: SequenceRowProps) {
  const { row, places, height, isCurrent, scrolled } = props;
  const actor = actorOf(row);
  const isStill = isQuiet(row);
  const classes = [isCurrent && 'is-current', actor !== null && 'is-link', isStill && 'is-quiet'];
  return (
    <svg class={classes.filter(Boolean).join(' ')} width={places.width} height={height} aria-hidden="true">
      {actor !== null && <title>{`Open ${actor}`}</title>}
      {isStill && <rect class="quiet-ground" width={places.width} height={height} />}
      {places.lanes.map(({ lane, x }) => (
        <line key={lane} class="lane-line" x1={x} x2={x} y1={0} y2={height} />
      ))}
      <Drawn {...props} />
      <rect class="time-ground" x={scrolled} width={TIME_ROOM - 6} height={height} />
      {isArrow(row) && (
        <text class="lane-time" x={scrolled + 8} y={20}>
          {clockTime(row.message.at).slice(3)}
          <title>{clockTime(row.message.at)}</title>
        </text>
      )}
    </svg>
  );
}
