/** A recording as a play: which streams were assigned when, what befell them, and what came of what their handlers asked for. */
import type { StreamwardenError } from '../core/errors.js';
import type { EventLine, JoinLine, Line, NotificationLine, SpawnLine } from '../replay/format.js';
import { isActorLine } from '../replay/format.js';
import { fromJson, type Json } from '../replay/json-safe.js';
import type { Recording } from '../replay/recording.js';
import { SilenceFinder } from '../replay/standstills.js';
import type { Notification } from '../runtime/notifications.js';
import { errorOn, unplayable } from './reasons.js';
import type { PlayedGap, RecordedEnding } from './types.js';

/** What was answered to a call of done(), and after how long. */
export interface Answer {
  readonly afterMs: number;
  readonly outcome: 'ok' | 'touched' | 'unknown' | 'lost';
}

/** One stream in the hands of the process that was recorded. */
export interface Part {
  readonly id: string;
  readonly name: string;
  readonly retryCount: number;
  info: unknown;
  /** The event with which the application was given it; undefined: it never was. */
  assigned: Moment | undefined;
  ending: { readonly kind: RecordedEnding; readonly at: Moment } | undefined;
  /** Answers to done(), in the order of the calls. */
  readonly answers: Answer[];
  /** What became of doubts about the lease, in order. */
  readonly verdicts: { readonly seq: number; readonly is: 'confirmed' | 'lost' }[];
  /** Nobody goes on with it: it was finished or dead-lettered. */
  isFinished: boolean;
  touched: number;
}

export interface Moment {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What happens at one moment. */
export type Cue =
  | { readonly kind: 'assign'; readonly part: Part }
  /** Its handler is called. */
  | { readonly kind: 'begin'; readonly part: Part }
  | { readonly kind: 'uncertain'; readonly part: Part }
  | { readonly kind: 'confirmed'; readonly part: Part }
  | { readonly kind: 'touched'; readonly part: Part; readonly touched: number }
  /** @param isConsequence of what the recorded handler did */
  | {
      readonly kind: 'abort';
      readonly part: Part;
      readonly error: StreamwardenError;
      readonly isConsequence: boolean;
    }
  | { readonly kind: 'lost'; readonly part: Part; readonly error: StreamwardenError }
  /** The recorded handler ended here. */
  | { readonly kind: 'ended'; readonly part: Part }
  | { readonly kind: 'told'; readonly notification: Notification }
  | { readonly kind: 'lease'; readonly until: number }
  | { readonly kind: 'standstill'; readonly ms: number }
  /** The process ends all that it owns. */
  | { readonly kind: 'stop' }
  /** @param isKilled it left off in the middle */
  | { readonly kind: 'over'; readonly isKilled: boolean };

export interface ScriptLine extends Moment {
  readonly cues: readonly Cue[];
}

export interface Script {
  readonly consumer: string;
  readonly service: string;
  readonly lines: readonly ScriptLine[];
  readonly parts: readonly Part[];
  readonly gaps: readonly PlayedGap[];
}

/** States in which the application works on a stream. */
const HANDED: ReadonlySet<unknown> = new Set(['extending', 'uncertain', 'backingOff']);

/** Notifications that tell of what the recorded handler did: of no use where another one is played. */
const CONSEQUENCES: ReadonlySet<string> = new Set(['StreamFailed', 'EntryFailed']);

class ScriptWriter {
  readonly #consumer: string;
  readonly #parts = new Map<string, Part>();
  readonly #all: Part[] = [];
  readonly #lines: { seq: number; at: number; cues: Cue[] }[] = [];
  readonly #gaps: PlayedGap[] = [];
  readonly #silences = new SilenceFinder();
  readonly #asked = new Map<string, Moment>();
  /** Assigned, and the application has not been told yet. */
  readonly #untold = new Map<Part, Cue[]>();
  #cues: Cue[] = [];
  #at = 0;

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  take(line: Line): void {
    // The wall clock of the machine may have been set back; what happened later happened later.
    this.#at = Math.max(this.#at, line.at);
    const moment = { seq: line.seq, at: this.#at };
    const silence = this.#silences.take(line);
    if (silence !== undefined) this.#standStill(silence.to - silence.from);
    this.#cues = [];
    if (isActorLine(line)) this.#actorLine(line, moment);
    else if (line.kind === 'notification') this.#told(line);
    else if (line.kind === 'lost')
      this.#gaps.push({ consumer: this.#consumer, seq: line.seq, lines: line.lines });
    this.#lines.push({ ...moment, cues: this.#cues });
  }

  end(service: string, isKilled: boolean): Script {
    for (const [part, cues] of this.#untold) cues.push({ kind: 'begin', part });
    const last = this.#lines.at(-1);
    last?.cues.push({ kind: 'over', isKilled });
    const parts = this.#all.filter(({ assigned }) => assigned !== undefined);
    return { consumer: this.#consumer, service, lines: this.#lines, parts, gaps: this.#gaps };
  }

  /** It begins with what was recorded last. */
  #standStill(ms: number): void {
    this.#lines.at(-1)?.cues.push({ kind: 'standstill', ms });
  }

  #actorLine(line: SpawnLine | JoinLine | EventLine, moment: Moment): void {
    if (line.machine === 'ownership') {
      if (line.kind === 'event') this.#ownershipEvent(line, moment);
      else this.#ownershipBegins(line, moment);
    } else if (line.kind === 'event' && line.machine === 'leaseDeadline') {
      this.#lease(line);
    } else if (line.kind === 'event' && line.machine === 'consumer') {
      this.#consumerEvent(line);
    }
  }

  #lease({ at, event }: EventLine): void {
    const { remainingMs } = event;
    if (event.type === 'lease.proven' && typeof remainingMs === 'number')
      this.#cues.push({ kind: 'lease', until: at + remainingMs });
  }

  #consumerEvent({ event, state }: EventLine): void {
    const isEnding = event.type === 'stop.requested' && event.mode !== 'finish';
    if (isEnding || (event.type === 'reading.gaveUp' && state === 'draining'))
      this.#cues.push({ kind: 'stop' });
  }

  #ownershipBegins(line: SpawnLine | JoinLine, moment: Moment): void {
    const { id, name, retryCount } = (line.kind === 'spawn' ? line.input : line.context) as {
      readonly id?: Json;
      readonly name?: Json;
      readonly retryCount?: Json;
    };
    if (typeof id !== 'string' || typeof name !== 'string' || typeof retryCount !== 'number') {
      throw unplayable(
        `expected ${line.actor} (seq ${line.seq}) to say id, name and retryCount of its stream, got: ${JSON.stringify(line.kind === 'spawn' ? line.input : line.context)}`,
        { why: 'unknownStream', seq: line.seq },
      );
    }
    // Lines were lost, and it goes on.
    if (line.kind === 'join' && this.#parts.has(id)) return;
    const part: Part = {
      id,
      name,
      retryCount,
      info: undefined,
      assigned: undefined,
      ending: undefined,
      answers: [],
      verdicts: [],
      isFinished: false,
      touched: 0,
    };
    this.#parts.set(id, part);
    this.#all.push(part);
    if (line.kind !== 'join' || !HANDED.has(line.state)) return;
    this.#assign(part, moment);
    if (line.state === 'uncertain') this.#cues.push({ kind: 'uncertain', part });
  }

  #assign(part: Part, moment: Moment): void {
    part.assigned = moment;
    this.#cues.push({ kind: 'assign', part });
    this.#untold.set(part, this.#cues);
  }

  #ownershipEvent(line: EventLine, moment: Moment): void {
    const part = this.#parts.get(line.actor.slice(line.actor.lastIndexOf('/') + 1));
    if (part === undefined) return;
    this.#befalls(part, line, moment);
    if (line.status === undefined && line.threw === undefined) return;
    part.isFinished = line.state === 'released' || line.state === 'unknown' || line.state === 'deadLettered';
    this.#parts.delete(part.id);
    this.#asked.delete(part.id);
  }

  #befalls(part: Part, { event, state }: EventLine, moment: Moment): void {
    const { type } = event;
    switch (type) {
      case 'handed':
        this.#assign(part, moment);
        break;
      case 'lease.missed':
        if (state === 'uncertain') this.#cues.push({ kind: 'uncertain', part });
        break;
      case 'lease.confirmed':
        part.verdicts.push({ seq: moment.seq, is: 'confirmed' });
        this.#cues.push({ kind: 'confirmed', part });
        break;
      case 'handler.failed':
        this.#ends(part, 'failed', moment);
        break;
      case 'done.requested':
        this.#asked.set(part.id, moment);
        this.#ends(part, 'done', moment);
        break;
      case 'acked':
        this.#answered(part, 'ok', moment);
        break;
      case 'ack.unknown':
        this.#answered(part, 'unknown', moment);
        break;
      case 'ack.refused':
        this.#answered(part, 'touched', moment);
        // It goes on being worked on.
        part.ending = undefined;
        break;
      case 'lost':
        this.#lost(part, String(event.reason), moment);
        break;
      case 'giveBack.requested':
        this.#givenBack(part, String(event.reason), moment);
        break;
      default:
    }
  }

  #ends(part: Part, kind: RecordedEnding, at: Moment): void {
    if (part.assigned === undefined) return;
    part.ending ??= { kind, at };
    this.#cues.push({ kind: 'ended', part });
  }

  #answered(part: Part, outcome: Answer['outcome'], { at }: Moment): void {
    const asked = this.#asked.get(part.id);
    this.#asked.delete(part.id);
    if (asked !== undefined) part.answers.push({ afterMs: at - asked.at, outcome });
  }

  #lost(part: Part, reason: string, moment: Moment): void {
    this.#answered(part, 'lost', moment);
    part.verdicts.push({ seq: moment.seq, is: 'lost' });
    const error = errorOn(part, 'StreamNotOwned', `is not owned by this consumer any more: ${reason}`);
    this.#cues.push({ kind: 'lost', part, error });
    if (part.ending === undefined) this.#ends(part, 'lost', moment);
  }

  #givenBack(part: Part, reason: string, moment: Moment): void {
    // After a failure of the recorded handler, or its done(): the handler that is played may do otherwise.
    const isConsequence = reason === 'failed' || reason === 'rejected';
    const code = reason === 'handOver' ? 'RuntimeStopped' : 'StreamReleased';
    const error = errorOn(part, code, `is given back: ${reason}`);
    this.#cues.push({ kind: 'abort', part, error, isConsequence });
    if (part.ending === undefined) this.#ends(part, 'givenBack', moment);
  }

  #told({ notification, seq }: NotificationLine): void {
    const told = fromJson(notification as Json) as Notification & {
      readonly id?: string;
      readonly info?: unknown;
    };
    const part = told.id === undefined ? undefined : this.#parts.get(told.id);
    if (!CONSEQUENCES.has(told.type)) this.#cues.push({ kind: 'told', notification: told });
    if (part === undefined) return;
    if (told.type === 'StreamAdded') {
      part.info = told.info;
      if (this.#untold.delete(part)) this.#cues.push({ kind: 'begin', part });
    } else if (told.type === 'StreamTouched') {
      part.touched = told.touched;
      this.#cues.push({ kind: 'touched', part, touched: told.touched });
    } else if (told.type === 'StreamCancelled') {
      const error = errorOn(part, 'StreamCancelled', 'was cancelled by a producer');
      this.#cues.push({ kind: 'abort', part, error, isConsequence: false });
      this.#ends(part, 'cancelled', { seq, at: this.#at });
    } else if (told.type === 'StreamMoving') {
      const error = errorOn(
        part,
        'StreamReleased',
        'is handed over: this process has more streams than its share',
      );
      this.#cues.push({ kind: 'abort', part, error, isConsequence: false });
    }
  }
}

/** @throws StreamwardenError `RecordingUnplayable` */
export function scriptOf({ header, lines, cut, file }: Recording): Script {
  const name = file ?? `the recording of ${header.consumer}`;
  const writer = new ScriptWriter(header.consumer);
  let hasEnd = false;
  for (const line of lines) {
    writer.take(line);
    hasEnd ||= line.kind === 'end';
  }
  const script = writer.end(header.service, cut !== null || !hasEnd);
  if (script.parts.length > 0) return script;
  const only = header.only === undefined ? '' : `; it tells of ${header.only} only`;
  throw unplayable(`expected ${name} to assign a stream, got: none in ${lines.length} lines${only}`, {
    why: 'nothingAssigned',
    recording: name,
  });
}
