/** What was heard, as lines. One writer per file: it knows what the file says already of each actor. */
import { type Effect, wordsOfEffects } from './effects.js';
import { FORMAT_VERSION } from './format.js';
import type { Header, JoinLine, Line, NotificationLine, SpawnLine, StateValue } from './format.js';
import { toJson } from './json-safe.js';
import { diff } from './patch.js';
import type { RecordedInfo } from './record-options.js';
import type { Entry, HeardEvent, HeardNotification, HeardSpawn, Standing, Subject } from './tap.js';

const ENDED: ReadonlySet<string> = new Set(['done', 'error', 'stopped']);

/** What the file says of an actor so far. */
interface Known {
  standing: Standing;
  /** The part of a line that says which actor it is. */
  readonly who: string;
}

/** An actor whose first state could not be computed has none. */
function stateOf({ value }: Standing): StateValue {
  return (value ?? {}) as StateValue;
}

function statusOf({ status }: Standing): Pick<SpawnLine, 'status'> {
  return ENDED.has(status) ? { status: status as NonNullable<SpawnLine['status']> } : {};
}

function wordsOf(effects: readonly Effect[], { context }: Standing): readonly string[] {
  return wordsOfEffects(effects, context, FORMAT_VERSION);
}

function byOf(by: number | undefined): { by?: number } {
  return by === undefined ? {} : { by };
}

function text(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

export class LineWriter {
  readonly #info: RecordedInfo;
  /** Those that live. */
  readonly #known = new Map<Subject, Known>();

  constructor(info: RecordedInfo) {
    this.#info = info;
  }

  header(header: Header): string {
    return `${JSON.stringify(header)}\n`;
  }

  /** The lines of one entry: one, or two where an actor has to be introduced first. */
  linesOf(entry: Entry): string {
    switch (entry.kind) {
      case 'event':
        return this.#event(entry);
      case 'notification':
        return text(this.#notification(entry));
      case 'join':
        return text(this.#join(entry));
      default:
        return text(this.#spawn(entry));
    }
  }

  /** So many lines are missing before this one. */
  lost(seq: number, at: number, lines: number): string {
    return text({ kind: 'lost', seq, at, lines });
  }

  end(seq: number, at: number, why: string, events: number, lost: number): string {
    return text({ kind: 'end', seq, at, why, events, lost });
  }

  #spawn({ seq, at, by, subject, standing, effects }: HeardSpawn): SpawnLine {
    const { path, machine, input } = subject;
    this.#introduce(subject, standing);
    return {
      kind: 'spawn',
      seq,
      at,
      ...byOf(by),
      actor: path,
      machine,
      ...(input === undefined ? {} : { input: toJson(input) }),
      state: stateOf(standing),
      context: toJson(standing.context ?? null),
      ...(effects === undefined ? {} : { effects: [...wordsOf(effects, standing)] }),
      ...statusOf(standing),
    };
  }

  #join({ seq, at, subject, standing }: Pick<HeardSpawn, 'seq' | 'at' | 'subject' | 'standing'>): JoinLine {
    this.#introduce(subject, standing);
    return {
      kind: 'join',
      seq,
      at,
      actor: subject.path,
      machine: subject.machine,
      state: stateOf(standing),
      context: toJson(standing.context ?? null),
    };
  }

  #event(entry: HeardEvent): string {
    const { seq, at, subject, before } = entry;
    const known = this.#known.get(subject);
    if (known?.standing === before) return this.#eventOf(entry, known);
    // Something is missing since the last line about it: recording began later, or lines were lost.
    const introduction = text(this.#join({ seq, at, subject, standing: before }));
    return introduction + this.#eventOf(entry, this.#introduce(subject, before));
  }

  /** A line of `EventLine`, put together by hand: there are so many of them that making the object first would be half of the work. */
  #eventOf({ seq, at, by, subject, event, before, after, effects, threw }: HeardEvent, known: Known): string {
    const reached = after ?? before;
    let line = `{"kind":"event","seq":${seq},"at":${at}`;
    if (by !== undefined) line += `,"by":${by}`;
    line += `${known.who},"event":${JSON.stringify(toJson(event))},"state":${JSON.stringify(stateOf(reached))}`;
    // Machines make a new context where anything changes.
    if (before.context !== reached.context) {
      const patch = diff(toJson(before.context), toJson(reached.context));
      if (patch.length > 0) line += `,"patch":${JSON.stringify(patch)}`;
    }
    if (effects !== undefined) line += `,"effects":${JSON.stringify(wordsOf(effects, reached))}`;
    const hasEnded = ENDED.has(reached.status);
    if (hasEnded) line += `,"status":"${reached.status}"`;
    if (threw !== undefined) line += `,"threw":${JSON.stringify(toJson(threw.error))}`;
    if (hasEnded || threw !== undefined) this.#known.delete(subject);
    else known.standing = reached;
    return `${line}}\n`;
  }

  #notification({ seq, at, by, notification }: HeardNotification): NotificationLine {
    const { info, ...rest } = notification as { type: string; info?: unknown };
    const told = info === undefined || info === null ? { info } : this.#infoOf(info);
    return {
      kind: 'notification',
      seq,
      at,
      ...byOf(by),
      notification: toJson({ ...rest, ...told }) as NotificationLine['notification'],
    };
  }

  #infoOf(info: unknown): { info?: unknown } {
    if (this.#info === 'omit') return {};
    if (this.#info === 'keep') return { info };
    try {
      return { info: this.#info(info) };
    } catch {
      return {};
    }
  }

  #introduce(subject: Subject, standing: Standing): Known {
    const { path, machine } = subject;
    const known = {
      standing,
      who: `,"actor":${JSON.stringify(path)},"machine":${JSON.stringify(machine)}`,
    };
    if (ENDED.has(standing.status)) this.#known.delete(subject);
    else this.#known.set(subject, known);
    return known;
  }
}
