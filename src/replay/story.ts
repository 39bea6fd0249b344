/** What a recording tells, in sums: which streams came and went, for how long its process was silent, what was started again. Bounded, however long it is. */
import { type ActorLine, isActorLine, type Line, type NotificationLine } from './format.js';
import { SilenceFinder } from './standstills.js';

/** So many streams, silences and actors are named; further ones are counted. */
const MOST_NAMED = 20;

/** A stream that was lost. */
export interface LostStream {
  readonly stream: string;
  readonly id: string;
  readonly seq: number;
  readonly reason: string;
}

/** A span in which nothing was recorded although a timer was due. */
export interface SilentSpan {
  /** `seq` of the last event before. */
  readonly seq: number;
  readonly lastedMs: number;
}

/** Lines that are missing. */
export interface Gap {
  /** `seq` of the first line behind it. */
  readonly seq: number;
  readonly lines: number;
}

export interface Story {
  /** From the first line to the last one. */
  readonly lastedMs: number;
  /** Streams that the application was given. */
  readonly assigned: number;
  readonly finished: number;
  readonly givenBack: number;
  readonly deadLettered: number;
  /** Times that a handler threw. */
  readonly failures: number;
  /** Streams that were lost, and the first of them. */
  readonly lost: number;
  readonly lostStreams: readonly LostStream[];
  /** Times that a stream was overdue. */
  readonly uncertain: number;
  /** Spans of silence, how long the process was silent in all, and the first of them. */
  readonly silences: number;
  readonly silentMs: number;
  readonly silentSpans: readonly SilentSpan[];
  /** Actors other than streams that began again, and how often. */
  readonly restarts: Readonly<Record<string, number>>;
  /** Lines that could not be written, and the first places. */
  readonly gaps: readonly Gap[];
  /** Of `StreamTerminated`: null when the application was not told that. */
  readonly terminated: string | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes the lines of one recording in order. */
export class StoryTeller {
  readonly #silences = new SilenceFinder();
  readonly #lives = new Map<string, number>();
  readonly #lostStreams: LostStream[] = [];
  readonly #spans: SilentSpan[] = [];
  readonly #gaps: Gap[] = [];
  readonly #sums = {
    assigned: 0,
    finished: 0,
    givenBack: 0,
    deadLettered: 0,
    failures: 0,
    lost: 0,
    uncertain: 0,
    silences: 0,
    silentMs: 0,
  } satisfies Partial<Mutable<Story>>;
  #terminated: string | null = null;
  #first: number | undefined;
  #last = 0;

  /** @returns for how long there was silence before this line, in milliseconds; 0: there was none */
  take(line: Line): number {
    this.#first ??= line.at;
    this.#last = Math.max(this.#last, line.at);
    const silence = this.#silences.take(line);
    const silentMs = silence === undefined ? 0 : silence.to - silence.from;
    if (silence !== undefined) {
      this.#sums.silences += 1;
      this.#sums.silentMs += silentMs;
      named(this.#spans, { seq: silence.seq, lastedMs: silentMs });
    }
    if (isActorLine(line)) this.#actorLine(line);
    else if (line.kind === 'notification') this.#told(line);
    else if (line.kind === 'lost') named(this.#gaps, { seq: line.seq, lines: line.lines });
    return silentMs;
  }

  get story(): Story {
    const again = [...this.#lives].filter(([, lives]) => lives > 1).slice(0, MOST_NAMED);
    return {
      lastedMs: this.#last - (this.#first ?? this.#last),
      ...this.#sums,
      lostStreams: this.#lostStreams,
      silentSpans: this.#spans,
      restarts: Object.fromEntries(again.map(([actor, lives]) => [actor, lives - 1])),
      gaps: this.#gaps,
      terminated: this.#terminated,
    };
  }

  #actorLine(line: ActorLine): void {
    if (line.machine !== 'ownership') {
      if (line.kind === 'spawn') this.#lives.set(line.actor, (this.#lives.get(line.actor) ?? 0) + 1);
      return;
    }
    if (line.kind !== 'event') return;
    const sums = this.#sums;
    if (line.event.type === 'handler.failed') sums.failures += 1;
    if (line.event.type === 'lease.missed' && line.state === 'uncertain') sums.uncertain += 1;
    if (line.status === undefined) return;
    if (line.state === 'released' || line.state === 'unknown') sums.finished += 1;
    if (line.state === 'handedOver') sums.givenBack += 1;
    if (line.state === 'deadLettered') sums.deadLettered += 1;
  }

  #told({ seq, notification }: NotificationLine): void {
    const { type, stream, id, reason } = notification;
    if (type === 'StreamAdded') this.#sums.assigned += 1;
    if (type === 'StreamTerminated') this.#terminated = String(reason);
    if (type !== 'StreamDisowned') return;
    this.#sums.lost += 1;
    named(this.#lostStreams, { stream: String(stream), id: String(id), seq, reason: String(reason) });
  }
}

function named<T>(list: T[], item: T): void {
  if (list.length < MOST_NAMED) list.push(item);
}
