/** Messages as arrows between lanes. Streams share one lane: there may be ten thousand. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import type { Message } from '../../protocol.js';
import { type Heard, isMessage } from './runtime-model.js';

export const OUTSIDE = 'outside';
export const APPLICATION = 'application';

const STREAMS = 'consumer/ownership/';
const SUBSCRIPTION = 'consumer/masterSubscription/';

export interface Arrow {
  readonly seq: number;
  readonly message: Message;
  readonly from: string;
  readonly to: string;
  readonly words: string;
}

/** So many messages are missing here. */
export interface Gap {
  readonly seq: number;
  readonly skipped: number;
}

export interface SequenceFilter {
  /** Every word has to be in the event, the stream, or who sent or got it. */
  readonly words: string;
  /** Only what reaches or leaves this actor; null: all. */
  readonly actor: string | null;
  /** Leaves out what changed no state. */
  readonly onlyChanges: boolean;
}

export interface Sequence {
  /** Outside first, the application last, the others in the order in which they are met. */
  readonly lanes: readonly string[];
  readonly rows: readonly (Arrow | Gap)[];
}

export function isArrow(row: Arrow | Gap): row is Arrow {
  return 'message' in row;
}

/** @param alone a stream that has a lane of its own */
export function laneOf(path: string | null, nobody: string, alone: string | null): string {
  if (path === null) return nobody;
  return path.startsWith(STREAMS) && path !== alone ? STREAMS : path;
}

export function wordsOfLane(lane: string): string {
  if (lane === STREAMS) return 'streams';
  if (lane.startsWith(SUBSCRIPTION)) return `subscription ${lane.slice(SUBSCRIPTION.length)}`;
  return lane.startsWith('consumer/') ? lane.slice('consumer/'.length) : lane;
}

export function arrowOf(message: Message, alone: string | null): Arrow {
  const { from, to, type, seq } = message;
  const target = laneOf(to, APPLICATION, alone);
  // A timer of its own is the actor's own doing.
  const source = type.startsWith('xstate.after.') ? target : laneOf(from, OUTSIDE, alone);
  return { seq, message, from: source, to: target, words: wordsOfEvent(type) };
}

function textOf({ from, to, type, label, after }: Message): string {
  return `${from ?? OUTSIDE} ${to ?? APPLICATION} ${type} ${label ?? ''} ${after ?? ''}`.toLowerCase();
}

export function sequenceOf(heard: readonly Heard[], filter: SequenceFilter): Sequence {
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (message: Message) => {
    const { actor, onlyChanges } = filter;
    if (actor !== null && message.from !== actor && message.to !== actor) return false;
    if (onlyChanges && message.before !== null && message.before === message.after) return false;
    if (words.length === 0) return true;
    const text = textOf(message);
    return words.every((word) => text.includes(word));
  };
  const lanes = new Set<string>();
  const rows: (Arrow | Gap)[] = [];
  for (const one of heard) {
    if (!isMessage(one)) {
      rows.push(one);
    } else if (isWanted(one)) {
      const arrow = arrowOf(one, filter.actor);
      lanes.add(arrow.from).add(arrow.to);
      rows.push(arrow);
    }
  }
  return { lanes: inOrder(lanes), rows };
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
  if (lane === APPLICATION) return 100;
  if (lane.startsWith(STREAMS)) return 90;
  const place = PLACES.indexOf(lane);
  return place === -1 ? 50 : place;
}

/** Lanes keep their places when others come. */
function inOrder(lanes: ReadonlySet<string>): string[] {
  return [...lanes].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}
