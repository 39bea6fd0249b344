/** Messages as arrows between lanes, with the time in which nothing happened. */
import { wordsOfEvent } from '../../../replay/event-words.js';
import type { Message } from '../../protocol.js';
import { APPLICATION, applicationOf, inOrder, laneOf, OUTSIDE } from './lanes.js';
import { type Heard, type HeardMessage, isMessage } from './runtime-model.js';

/** What a message is: an event that one actor sends another, an answer, a failure, a timer, or what the application is told. */
export const MESSAGE_KINDS = ['events', 'answers', 'failures', 'timers', 'notifications'] as const;

export type MessageKind = (typeof MESSAGE_KINDS)[number];

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

/** Nothing is shown of this time. */
export interface Quiet {
  /** Of the message behind it. */
  readonly seq: number;
  readonly quietMs: number;
  /** Messages that the filter left out meanwhile. */
  readonly hidden: number;
}

export type Row = Arrow | Gap | Quiet;

export interface SequenceFilter {
  /** Every word has to be in the event, the stream, or who sent or got it. */
  readonly words: string;
  /** Only what reaches or leaves this actor; null: all. */
  readonly actor: string | null;
  /** Only what is about this stream; null: all. */
  readonly stream: string | null;
  /** Leaves out what changed no state. */
  readonly onlyChanges: boolean;
  /** Leaves out these. */
  readonly without: ReadonlySet<MessageKind>;
}

export interface Sequence {
  /** Outside first, the application last, the others in the order in which they are met. */
  readonly lanes: readonly string[];
  readonly rows: readonly Row[];
}

export function isArrow(row: Row): row is Arrow {
  return 'message' in row;
}

export function isQuiet(row: Row): row is Quiet {
  return 'quietMs' in row;
}

export function kindOf({ type, to, threw }: Message): MessageKind {
  if (threw || type.startsWith('xstate.error.')) return 'failures';
  if (to === null) return 'notifications';
  if (type.startsWith('xstate.after.')) return 'timers';
  return type.startsWith('xstate.done.') ? 'answers' : 'events';
}

function targetOf({ from, to, process }: HeardMessage, alone: string | null): string {
  if (to !== null) return laneOf(to, alone);
  return process === undefined ? applicationOf(from) : `${process}:${APPLICATION}`;
}

function arrowOf(message: HeardMessage, alone: string | null): Arrow {
  const { from, type, seq } = message;
  const target = targetOf(message, alone);
  // A timer of its own is the actor's own doing.
  const source = type.startsWith('xstate.after.') ? target : from === null ? OUTSIDE : laneOf(from, alone);
  return { seq, message, from: source, to: target, words: wordsOfEvent(type) };
}

function textOf({ from, to, type, label, after }: Message): string {
  return `${from ?? OUTSIDE} ${to ?? APPLICATION} ${type} ${label ?? ''} ${after ?? ''}`.toLowerCase();
}

/** How many there are of each kind. */
export function kindsOf(heard: readonly Heard[]): ReadonlyMap<MessageKind, number> {
  const counts = new Map<MessageKind, number>(MESSAGE_KINDS.map((kind) => [kind, 0]));
  for (const one of heard) {
    if (!isMessage(one)) continue;
    const kind = kindOf(one);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Streams that messages are about, the latest first. */
export function streamsOf(heard: readonly Heard[], most: number): string[] {
  const streams = new Set<string>();
  for (let at = heard.length - 1; at >= 0 && streams.size < most; at -= 1) {
    const one = heard[at] as Heard;
    if (isMessage(one) && one.label !== null) streams.add(one.label);
  }
  return [...streams];
}

/** Less is no quiet: a heartbeat comes as often. */
const QUIET_MS = 1_000;

function wanted({ words, actor, stream, onlyChanges, without }: SequenceFilter) {
  const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
  return (message: Message) => {
    if (actor !== null && message.from !== actor && message.to !== actor) return false;
    if (stream !== null && message.label !== stream) return false;
    if (onlyChanges && message.before !== null && message.before === message.after) return false;
    if (without.size > 0 && without.has(kindOf(message))) return false;
    if (parts.length === 0) return true;
    const text = textOf(message);
    return parts.every((word) => text.includes(word));
  };
}

export function sequenceOf(heard: readonly Heard[], filter: SequenceFilter): Sequence {
  const isWanted = wanted(filter);
  const lanes = new Set<string>();
  const rows: Row[] = [];
  let last: number | null = null;
  let hidden = 0;
  for (const one of heard) {
    if (!isMessage(one)) {
      rows.push(one);
      // Of that time nothing is known.
      last = null;
      hidden = 0;
      continue;
    }
    if (!isWanted(one)) {
      hidden += 1;
      continue;
    }
    const quietMs = last === null ? 0 : one.at - last;
    if (quietMs >= QUIET_MS) rows.push({ seq: one.seq, quietMs, hidden });
    last = one.at;
    hidden = 0;
    const arrow = arrowOf(one, filter.actor);
    lanes.add(arrow.from).add(arrow.to);
    rows.push(arrow);
  }
  return { lanes: inOrder(lanes), rows };
}
