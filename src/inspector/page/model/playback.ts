/**
 * A recording, to be gone through forwards and backwards. Stepping back is going forth from an earlier copy, so copies are kept every so many lines.
 */
import type { Header, Line } from '../../../replay/format.js';
import { wordsOfState } from '../../../replay/state-path.js';
import type { Message } from '../../protocol.js';
import { ActorHistory } from './history.js';
import type { RecordingLines } from './recording-lines.js';
import type { Heard } from './runtime-model.js';
import { Scene } from './scene.js';

const LINES_BETWEEN_COPIES = 2_000;
const MOST_COPIES = 100;

type ActorLine = Extract<Line, { kind: 'spawn' | 'join' | 'event' }>;

function actorOf(line: Line): string | null {
  return line.kind === 'spawn' || line.kind === 'join' || line.kind === 'event' ? line.actor : null;
}

export class Playback {
  readonly header: Header;
  readonly lines: readonly Line[];
  readonly isCut: boolean;
  /** Of all lines, oldest first. */
  readonly messages: readonly Heard[];
  /** By actor: places of its lines. */
  readonly #places = new Map<string, number[]>();
  /** After so many lines each. */
  readonly #copies = new Map<number, Scene>([[0, new Scene()]]);
  readonly #between: number;
  /** seq → who was told something by that line. */
  readonly #told = new Map<number, string>();
  #scene = new Scene();
  #at = 0;

  constructor({ header, lines, isCut }: RecordingLines) {
    this.header = header;
    this.lines = lines;
    this.isCut = isCut;
    this.#between = Math.max(LINES_BETWEEN_COPIES, Math.ceil(lines.length / MOST_COPIES));
    for (const [place, line] of lines.entries()) this.#index(line, place);
    this.messages = this.#allMessages();
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
    const target = Math.min(Math.max(0, Math.round(position)), this.lines.length);
    const copyAt = this.#copyBefore(target);
    if (target < this.#at || copyAt > this.#at) {
      this.#scene = (this.#copies.get(copyAt) as Scene).copy();
      this.#at = copyAt;
    }
    while (this.#at < target) {
      this.#scene.apply(this.lines[this.#at] as Line);
      this.#at += 1;
      if (this.#at % this.#between === 0 && !this.#copies.has(this.#at)) {
        this.#copies.set(this.#at, this.#scene.copy());
      }
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

  #allMessages(): Heard[] {
    const scene = new Map<string, ActorLine>();
    const labels = new Scene();
    return this.lines.flatMap((line): Heard[] => {
      labels.apply(line);
      if (line.kind === 'lost') return [{ seq: line.seq, skipped: line.lines }];
      if (line.kind === 'notification') return [this.#notification(line)];
      if (line.kind !== 'event') {
        if (line.kind === 'spawn' || line.kind === 'join') scene.set(line.actor, line);
        return [];
      }
      const before = scene.get(line.actor);
      scene.set(line.actor, line);
      return [this.#event(line, before, labels.actors.find(line.actor)?.label ?? null)];
    });
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

  #notification({ seq, at, by, notification }: Extract<Line, { kind: 'notification' }>): Message {
    const { stream } = notification;
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
    };
  }
}
