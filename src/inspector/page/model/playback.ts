/**
 * A recording, to be gone through forwards and backwards. Stepping back is going forth from an earlier copy, so copies are kept every so many lines.
 */
import type { Header, Line } from '../../../replay/format.js';
import { wordsOfState } from '../../../replay/state-path.js';
import type { Message } from '../../protocol.js';
import { Axis } from './axis.js';
import { ActorHistory } from './history.js';
import { type Mark, marksOf } from './marks.js';
import type { RecordingLines } from './recording-lines.js';
import type { Heard, HeardMessage } from './runtime-model.js';
import { Scene } from './scene.js';
import { atOnce } from './slices.js';

const LINES_BETWEEN_COPIES = 2_000;
const MOST_COPIES = 100;
/** In all copies together: a recording of many actors that all live is copied less often. */
const MOST_COPIED_ROWS = 1_000_000;

type ActorLine = Extract<Line, { kind: 'spawn' | 'join' | 'event' }>;

function actorOf(line: Line): string | null {
  return line.kind === 'spawn' || line.kind === 'join' || line.kind === 'event' ? line.actor : null;
}

export class Playback {
  readonly header: Header;
  readonly lines: readonly Line[];
  readonly isCut: boolean;
  readonly axis: Axis;
  /** Where something happened, oldest first. */
  marks: readonly Mark[] = [];
  /** Of all lines, oldest first. */
  messages: readonly Heard[] = [];
  /** By actor: places of its lines. */
  readonly #places = new Map<string, number[]>();
  /** After so many lines each. */
  readonly #copies = new Map<number, Scene>([[0, new Scene()]]);
  readonly #between: number;
  /** seq → who was told something by that line. */
  readonly #told = new Map<number, string>();
  #scene = new Scene();
  #at = 0;
  #copiedRows = 0;

  private constructor({ header, lines, isCut }: RecordingLines) {
    this.header = header;
    this.lines = lines;
    this.isCut = isCut;
    this.axis = new Axis(lines);
    this.#between = Math.max(LINES_BETWEEN_COPIES, Math.ceil(lines.length / MOST_COPIES));
  }

  /** Ready to be gone through. */
  static *prepared(recording: RecordingLines): Generator<void, Playback> {
    const playback = new Playback(recording);
    for (const [place, line] of recording.lines.entries()) {
      playback.#index(line, place);
      yield;
    }
    playback.messages = yield* playback.#allMessages();
    const isOfOneActor = recording.header.only !== undefined;
    playback.marks = yield* marksOf({ lines: recording.lines, isOfOneActor, lasts: playback.axis.lasts });
    return playback;
  }

  static of(recording: RecordingLines): Playback {
    return atOnce(Playback.prepared(recording));
  }

  get length(): number {
    return this.lines.length;
  }

  /** How many lines have been gone through. */
  get at(): number {
    return this.#at;
  }

  get scene(): Scene {
    return this.#scene;
  }

  /** The line that led to what is shown; undefined at the beginning. */
  get line(): Line | undefined {
    return this.lines[this.#at - 1];
  }

  /** Goes to where so many lines have been gone through. */
  seek(position: number): void {
    atOnce(this.seeking(position));
  }

  *seeking(position: number): Generator<void, void> {
    const target = Math.min(Math.max(0, Math.round(position)), this.lines.length);
    const copyAt = this.#copyBefore(target);
    if (target < this.#at || copyAt > this.#at) {
      this.#scene = (this.#copies.get(copyAt) as Scene).copy();
      this.#at = copyAt;
    }
    while (this.#at < target) {
      this.#scene.apply(this.lines[this.#at] as Line);
      this.#at += 1;
      if (this.#at % this.#between === 0 && !this.#copies.has(this.#at)) this.#copy();
      yield;
    }
  }

  /** How many lines have been gone through at the one with this seq, itself included. */
  positionOf(seq: number): number {
    const place = this.lines.findIndex((line) => line.seq >= seq);
    return place === -1 ? this.lines.length : place + 1;
  }

  /** What an actor has lived through so far. */
  historyOf(actor: string): ActorHistory {
    const history = new ActorHistory();
    for (const place of this.#places.get(actor) ?? []) {
      if (place >= this.#at) break;
      history.feed(this.lines[place] as Line);
    }
    return history;
  }

  /** Position of the line about an actor after or before the one that it shows now; undefined: there is none. */
  nextOf(actor: string, direction: 1 | -1): number | undefined {
    const positions = (this.#places.get(actor) ?? []).map((place) => place + 1);
    if (direction === 1) return positions.find((position) => position > this.#at);
    return positions.filter((position) => position <= this.#at).at(-2);
  }

  /** Up to the line that is shown. */
  messagesSoFar(): readonly Heard[] {
    const seq = this.line?.seq ?? -1;
    const end = this.messages.findIndex((message) => message.seq > seq);
    return end === -1 ? this.messages : this.messages.slice(0, end);
  }

  #copy(): void {
    const rows = this.#scene.actors.size + this.#scene.actors.ended.length;
    if (this.#copiedRows + rows > MOST_COPIED_ROWS) return;
    this.#copiedRows += rows;
    this.#copies.set(this.#at, this.#scene.copy());
  }

  #copyBefore(position: number): number {
    let before = 0;
    for (const at of this.#copies.keys()) if (at <= position && at > before) before = at;
    return before;
  }

  #index(line: Line, place: number): void {
    const actor = actorOf(line);
    if (actor === null) return;
    this.#told.set(line.seq, actor);
    const places = this.#places.get(actor);
    if (places === undefined) this.#places.set(actor, [place]);
    else places.push(place);
  }

  *#allMessages(): Generator<void, readonly Heard[]> {
    const scene = new Map<string, ActorLine>();
    const labels = new Scene();
    const messages: Heard[] = [];
    for (const line of this.lines) {
      labels.apply(line);
      const message = this.#message(line, scene, labels);
      if (message !== undefined) messages.push(message);
      yield;
    }
    return messages;
  }

  #message(line: Line, scene: Map<string, ActorLine>, labels: Scene): Heard | undefined {
    if (line.kind === 'lost') return { seq: line.seq, skipped: line.lines };
    if (line.kind === 'notification') return this.#notification(line);
    if (line.kind !== 'event') {
      if (line.kind === 'spawn' || line.kind === 'join') scene.set(line.actor, line);
      return undefined;
    }
    const before = scene.get(line.actor);
    scene.set(line.actor, line);
    return this.#event(line, before, labels.actors.find(line.actor)?.label ?? null);
  }

  #sender(by: number | undefined): string | null {
    return by === undefined ? null : (this.#told.get(by) ?? null);
  }

  #event(
    line: Extract<Line, { kind: 'event' }>,
    before: ActorLine | undefined,
    label: string | null,
  ): Message {
    return {
      seq: line.seq,
      at: line.at,
      from: this.#sender(line.by),
      to: line.actor,
      type: line.event.type,
      label,
      before: wordsOfState((before ?? line).state),
      after: wordsOfState(line.state),
      threw: line.threw !== undefined,
    };
  }

  #notification({ seq, at, by, notification }: Extract<Line, { kind: 'notification' }>): HeardMessage {
    const { stream, consumer } = notification;
    return {
      seq,
      at,
      from: this.#sender(by),
      to: null,
      type: notification.type,
      label: typeof stream === 'string' ? stream : null,
      before: null,
      after: null,
      threw: false,
      ...(this.header.why === 'merged' && typeof consumer === 'string' ? { process: consumer } : {}),
    };
  }
}
