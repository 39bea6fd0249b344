/** Where something happened in a recording that a person looks for: losses, failures, restarts, an uncertain lease, a process that stood still. */
import type { Line } from '../../../replay/format.js';
import { SilenceFinder } from '../../../replay/standstills.js';
import { duration, plural } from './format.js';
import { processOf, withinProcess } from './process.js';
import type { Tone } from './tone.js';

export type MarkKind = 'diverges' | 'lost' | 'failed' | 'uncertain' | 'silent' | 'restarted' | 'missing';

export const MARK_TONES: Readonly<Record<MarkKind, Tone>> = {
  diverges: 'bad',
  lost: 'bad',
  failed: 'bad',
  uncertain: 'warn',
  silent: 'warn',
  restarted: 'busy',
  missing: 'quiet',
};

export interface Mark {
  readonly kind: MarkKind;
  /** How many lines have been gone through where it happened. */
  readonly position: number;
  /** Why one looks there, in words. */
  readonly words: string;
}

interface Found {
  readonly kind: MarkKind;
  readonly position: number;
  readonly at: number;
  /** A stream, or a part of the runtime. */
  readonly who: string;
  /** Why. */
  readonly why: string;
}

/** What follows within such a part of the whole is told as one, and what follows within so many milliseconds. */
const SHARE_OF_ONE = 1 / 100;
const LEAST_MS = 100;
const MOST_NAMED = 3;
/** Of an error. */
const MOST_CHARACTERS = 100;
/** More can neither be told apart on a line nor gone through. */
const MOST_MARKS = 300;

type ActorLine = Extract<Line, { kind: 'spawn' | 'join' | 'event' }>;

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function messageOf(error: unknown): string {
  const { message, $error } = (error ?? {}) as { readonly message?: unknown; readonly $error?: unknown };
  if (typeof message === 'string') {
    return message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message;
  }
  return $error === undefined ? '' : messageOf($error);
}

/** Takes the lines in order. */
class Finder {
  readonly found: Found[] = [];
  readonly #silences = new SilenceFinder();
  /** Actor → the stream's name. */
  readonly #names = new Map<string, string>();
  readonly #only: boolean;
  readonly #met = new Set<string>();
  /** Lease deadlines that are uncertain. */
  readonly #overdue = new Set<string>();

  constructor(isOfOneActor: boolean) {
    this.#only = isOfOneActor;
  }

  take(line: Line, position: number): void {
    const add = (kind: MarkKind, who: string, why: string) => {
      this.found.push({ kind, position, at: line.at, who, why });
    };
    const silence = this.#silences.take(line);
    if (silence !== undefined && 'actor' in line) {
      const of = processOf(line.actor);
      add('silent', of === '' ? 'the process' : of, duration(silence.to - silence.from));
    }
    if (line.kind === 'lost') add('missing', '', String(line.lines));
    else if (line.kind === 'spawn' || line.kind === 'join' || line.kind === 'event') this.#actor(line, add);
  }

  #actor(line: ActorLine, add: (kind: MarkKind, who: string, why: string) => void): void {
    const { actor, machine } = line;
    if (line.kind !== 'event') {
      const { name } = (line.context ?? {}) as { readonly name?: unknown };
      if (machine === 'ownership' && typeof name === 'string') this.#names.set(actor, name);
      // Whoever starts it again is recorded with all others only.
      if (this.#only && this.#met.has(actor)) add('restarted', this.#who(actor), '');
      this.#met.add(actor);
      return;
    }
    const { event, state } = line;
    const { type } = event;
    if (machine === 'ownership') this.#stream(line, add);
    else if (machine === 'supervisor' && type === 'child.failed') {
      add('failed', this.#child(actor, event.child), messageOf(event.error));
    } else if (machine === 'supervisor' && type === 'child.restarted') {
      add('restarted', this.#child(actor, event.child), '');
    } else if (machine === 'leaseDeadline') {
      if (state === 'uncertain' && !this.#overdue.has(actor))
        add('uncertain', this.#process(actor, 'the lease'), '');
      if (state === 'uncertain') this.#overdue.add(actor);
      else this.#overdue.delete(actor);
    } else if (type.startsWith('xstate.error.actor.') && (this.#only || line.threw === undefined)) {
      const asked = type.slice('xstate.error.actor.'.length);
      add('failed', `${this.#who(actor)}, ${asked}`, messageOf(event.error));
    }
  }

  #stream(
    { actor, event, state, status }: Extract<ActorLine, { kind: 'event' }>,
    add: (kind: MarkKind, who: string, why: string) => void,
  ): void {
    if (state === 'lost' && status !== undefined) add('lost', this.#who(actor), textOf(event.reason));
    else if (state === 'deadLettered') add('failed', this.#who(actor), 'dead-lettered');
    else if (event.type === 'handler.failed') add('failed', this.#who(actor), messageOf(event.error));
    else if (event.type === 'lease.missed' && this.#only) add('uncertain', this.#who(actor), '');
  }

  #process(actor: string, who: string): string {
    const of = processOf(actor);
    return of === '' ? who : `${who} of ${of}`;
  }

  #child(supervisor: string, child: unknown): string {
    return this.#process(supervisor, textOf(child));
  }

  #who(actor: string): string {
    const path = withinProcess(actor);
    const name =
      this.#names.get(actor) ?? (path.startsWith('consumer/') ? path.slice('consumer/'.length) : path);
    return this.#process(actor, name);
  }
}

function listed(names: readonly string[]): string {
  const all = [...new Set(names)];
  const shown = all.slice(0, MOST_NAMED).join(', ');
  return all.length > MOST_NAMED ? `${shown} and ${all.length - MOST_NAMED} more` : shown;
}

function wordsOf(group: readonly Found[]): string {
  const [first] = group as readonly [Found];
  const { length } = group;
  const who = listed(group.map((one) => one.who));
  const why = listed(group.map((one) => one.why).filter((text) => text !== ''));
  const because = why === '' ? '' : `: ${why}`;
  switch (first.kind) {
    case 'lost':
      return length === 1
        ? `${who} was lost${because}`
        : `${plural(length, 'stream')} were lost, ${who}${because}`;
    case 'failed':
      return length === 1 ? `${who} failed${because}` : `${plural(length, 'failure')}, ${who}${because}`;
    case 'restarted':
      return `${who} started again${length === 1 ? '' : `, ${length} times`}`;
    case 'uncertain':
      return `${who} became uncertain`;
    case 'silent':
      return `${who} stood still for ${why}`;
    case 'missing':
      return `${why} lines are missing`;
    case 'diverges':
      return `${who} diverges`;
  }
}

/** What is told as one: of one kind, and close to each other. */
function* grouped(found: readonly Found[], withinMs: number): Generator<readonly Found[]> {
  const open = new Map<MarkKind, Found[]>();
  for (const one of found) {
    const group = open.get(one.kind);
    const last = group?.at(-1);
    if (group !== undefined && last !== undefined && one.at - last.at <= withinMs) {
      group.push(one);
      continue;
    }
    if (group !== undefined) yield group;
    open.set(one.kind, [one]);
  }
  yield* open.values();
}

export interface MarkedRecording {
  readonly lines: readonly Line[];
  /** It tells of one actor. */
  readonly isOfOneActor: boolean;
  /** How long it lasts, in milliseconds. */
  readonly lasts: number;
}

/** In the order in which they happened. */
export function* marksOf({ lines, isOfOneActor, lasts }: MarkedRecording): Generator<void, readonly Mark[]> {
  const finder = new Finder(isOfOneActor);
  for (const [place, line] of lines.entries()) {
    finder.take(line, place + 1);
    yield;
  }
  const groups = [...grouped(finder.found, Math.max(LEAST_MS, lasts * SHARE_OF_ONE))];
  return groups
    .map((group) => {
      const [{ kind, position }] = group as readonly [Found];
      return { kind, position, words: wordsOf(group) };
    })
    .sort((a, b) => a.position - b.position)
    .slice(0, MOST_MARKS);
}

/** The next one behind a position, or the last one before it. */
export function nextMark(marks: readonly Mark[], position: number, direction: 1 | -1): Mark | undefined {
  if (direction === 1) return marks.find((mark) => mark.position > position);
  return marks.findLast((mark) => mark.position < position);
}
