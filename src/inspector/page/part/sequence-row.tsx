/** One message of a sequence diagram: an arrow from lane to lane. */
import { clockTime, plural } from '../model/format.js';
import { movedBetween } from '../model/moved.js';
import { APPLICATION, type Arrow, type Gap, isArrow, wordsOfLane } from '../model/sequence.js';
import { toneOfPath } from '../model/tone.js';
import { go } from '../state/router.js';

const FIRST_LANE = 136;
const LEAST_BETWEEN = 86;
const MOST_BETWEEN = 260;
/** For words that begin at the last lane; the application tells nobody anything. */
const LAST_ROOM = 200;
const LAST_ROOM_OF_APPLICATION = 70;
const TIP = 7;

/** Where lanes stand, in pixels from the left. */
export interface LanePlaces {
  readonly width: number;
  readonly between: number;
  readonly x: ReadonlyMap<string, number>;
}

/** As far apart as there is room, within limits. */
export function placeLanes(lanes: readonly string[], room: number): LanePlaces {
  const lastRoom = lanes.at(-1) === APPLICATION ? LAST_ROOM_OF_APPLICATION : LAST_ROOM;
  const share = (room - FIRST_LANE - lastRoom) / Math.max(1, lanes.length - 1);
  const between = Math.min(MOST_BETWEEN, Math.max(LEAST_BETWEEN, share));
  return {
    width: FIRST_LANE + between * Math.max(0, lanes.length - 1) + lastRoom,
    between,
    x: new Map(lanes.map((lane, index) => [lane, FIRST_LANE + index * between])),
  };
}

/** A row as it is read out. */
export function wordsOfRow(row: Arrow | Gap): string {
  if (!isArrow(row)) return `${plural(row.skipped, 'message')} left out here: more happened than is shown`;
  const { from, to, words, message } = row;
  const { label, before, after, threw } = message;
  const led = after !== null && after !== before ? `, now ${after}` : '';
  return `${wordsOfLane(from)} to ${wordsOfLane(to)}: ${words} ${label ?? ''}${led}${threw ? ', threw' : ''}`;
}

/** Who was told; of a notification, who told it. */
function actorOf(row: Arrow | Gap): string | null {
  return isArrow(row) ? (row.message.to ?? row.message.from) : null;
}

export function openActorOf(row: Arrow | Gap): void {
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

interface SequenceRowProps {
  readonly row: Arrow | Gap;
  readonly places: LanePlaces;
  readonly height: number;
  readonly isCurrent: boolean;
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

export function SequenceRow({ row, places: { width, x }, height, isCurrent }: SequenceRowProps) {
  const lines = [...x].map(([lane, at]) => (
    <line key={lane} class="lane-line" x1={at} x2={at} y1={0} y2={height} />
  ));
  if (!isArrow(row)) {
    return (
      <svg class={isCurrent ? 'is-current' : ''} width={width} height={height} aria-hidden="true">
        {lines}
        <text class="gap-text" x={FIRST_LANE} y={18}>
          {wordsOfRow(row)}
        </text>
      </svg>
    );
  }
  const { from, to, message } = row;
  const [a, b] = [x.get(from) ?? 0, x.get(to) ?? 0];
  const actor = actorOf(row);
  return (
    <svg
      class={`${isCurrent ? 'is-current' : ''} ${actor === null ? '' : 'is-link'}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      {actor !== null && <title>{`Open ${actor}`}</title>}
      {lines}
      <text class="lane-time" x={12} y={20}>
        {clockTime(message.at)}
      </text>
      <g class={`arrow ${message.threw ? 'has-thrown' : ''}`}>
        <Shaft from={a} to={b} y={22} />
        <Words row={row} x={a === b ? a + 28 : Math.min(a, b) + 8} y={a === b ? 20 : 15} />
      </g>
    </svg>
  );
}
