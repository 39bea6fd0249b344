/** The lanes of a sequence: who has one, how it is called, in which order they stand, and how wide each is. */
import { besides, processOf, withinProcess } from './process.js';

export const OUTSIDE = 'outside';
export const APPLICATION = 'application';

/** Streams share one lane: there may be ten thousand. */
const STREAMS = 'consumer/ownership/';
const SUBSCRIPTION = 'consumer/masterSubscription/';

/** @param alone a stream that has a lane of its own */
export function laneOf(path: string, alone: string | null): string {
  return withinProcess(path).startsWith(STREAMS) && path !== alone ? besides(path, STREAMS) : path;
}

/** The lane of the application that an actor belongs to. */
export function applicationOf(actor: string | null): string {
  return actor === null ? APPLICATION : besides(actor, APPLICATION);
}

/** Within its process. */
export function wordsOfLane(lane: string): string {
  const within = withinProcess(lane);
  if (within === STREAMS) return 'streams';
  if (within.startsWith(SUBSCRIPTION)) return `subscription ${within.slice(SUBSCRIPTION.length)}`;
  return within.startsWith('consumer/') ? within.slice('consumer/'.length) : within;
}

/** With its process, where there are several. */
export function fullWordsOfLane(lane: string): string {
  const process = processOf(lane);
  return process === '' ? wordsOfLane(lane) : `${process}: ${wordsOfLane(lane)}`;
}

const PLACES = [
  OUTSIDE,
  'supervisor',
  'consumer',
  'topologyWatcher',
  'consumer/leaseKeeper',
  'consumer/reconciler',
  'consumer/balancer',
];

function placeOf(lane: string): number {
  const within = withinProcess(lane);
  if (within === APPLICATION) return 100;
  if (within.startsWith(STREAMS)) return 90;
  const place = PLACES.indexOf(within);
  return place === -1 ? 50 : place;
}

/** What is outside first, then one process after the other. */
export function inOrder(lanes: ReadonlySet<string>): string[] {
  const order = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
  const isOutside = (lane: string) => Number(lane !== OUTSIDE);
  return [...lanes].sort(
    (a, b) =>
      isOutside(a) - isOutside(b) ||
      order(processOf(a), processOf(b)) ||
      placeOf(a) - placeOf(b) ||
      order(a, b),
  );
}

/** What stands before the first lane: the time of a row. */
export const TIME_ROOM = 84;
export const FOLDED = 30;
const LEAST = 90;
const MOST = 260;
/** For words that begin at the last lane; the application tells nobody anything, and what it is told begins at the lane before. */
const LAST_ROOM = 150;
const LAST_ROOM_OF_APPLICATION = 60;

export interface PlacedLane {
  readonly lane: string;
  /** Of its line, in pixels from the left. */
  readonly x: number;
  readonly width: number;
  readonly isFolded: boolean;
}

export interface LanePlaces {
  readonly width: number;
  readonly lanes: readonly PlacedLane[];
  readonly x: ReadonlyMap<string, number>;
}

/** As far apart as there is room, within limits. What does not fit is scrolled to. */
export function placeLanes(lanes: readonly string[], folded: ReadonlySet<string>, room: number): LanePlaces {
  const last = lanes.at(-1);
  const lastRoom =
    last === undefined || withinProcess(last) === APPLICATION ? LAST_ROOM_OF_APPLICATION : LAST_ROOM;
  const open = lanes.filter((lane) => !folded.has(lane)).length;
  const left = room - TIME_ROOM - lastRoom - (lanes.length - open) * FOLDED;
  const between = Math.min(MOST, Math.max(LEAST, Math.floor(left / Math.max(1, open))));
  const placed: PlacedLane[] = [];
  let from = TIME_ROOM;
  for (const lane of lanes) {
    const isFolded = folded.has(lane);
    const width = isFolded ? FOLDED : between;
    placed.push({ lane, x: from + width / 2, width, isFolded });
    from += width;
  }
  return {
    width: Math.max(room, from + lastRoom),
    lanes: placed,
    x: new Map(placed.map(({ lane, x }) => [lane, x])),
  };
}

/** Lanes that stand side by side and are of one process; none where there is one process only. */
export function processesAcross(lanes: readonly PlacedLane[]): readonly { process: string; width: number }[] {
  const across: { process: string; width: number }[] = [];
  for (const { lane, width } of lanes) {
    const process = processOf(lane);
    const last = across.at(-1);
    if (last?.process === process) last.width += width;
    else across.push({ process, width });
  }
  return across.some(({ process }) => process !== '') ? across : [];
}
