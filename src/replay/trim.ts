/** Cuts a part out of a recording that is a recording itself: every actor in it is introduced. */
import {
  type ActorLine,
  type EventLine,
  type Header,
  isActorLine,
  type JoinLine,
  type Line,
} from './format.js';
import type { Json } from './json-safe.js';
import { applyPatch, PatchMisfit } from './patch.js';

export interface TrimRange {
  /** First and last `seq` that are kept. */
  readonly from: number;
  readonly to: number;
  /** Keeps the lines of this actor only. @defaultValue those of every one */
  readonly actor?: string;
}

/** As recorded, which need not be what the machine says now. */
interface Standing {
  readonly line: ActorLine;
  readonly context: Json;
}

function hasEnded(line: ActorLine): boolean {
  return (
    line.kind !== 'join' && (line.status !== undefined || (line.kind === 'event' && line.threw !== undefined))
  );
}

function joinOf({ line: { actor, machine, state }, context }: Standing, { seq, at }: EventLine): JoinLine {
  return { kind: 'join', seq, at, actor, machine, state, context };
}

/** Takes lines in order and gives back those of the part. Holds one state for each actor that lives. */
export class Trim {
  readonly #range: TrimRange;
  readonly #standing = new Map<string, Standing>();
  readonly #introduced = new Set<string>();
  #events = 0;
  #lastSeq: number;
  #lastAt = 0;

  constructor(range: TrimRange) {
    this.#range = range;
    this.#lastSeq = range.from;
  }

  header(header: Header): Header {
    const { actor } = this.#range;
    return { ...header, why: 'trim', ...(actor === undefined ? {} : { only: actor }) };
  }

  take(line: Line): Line[] {
    const { from, to, actor } = this.#range;
    const isKept = line.seq >= from && line.seq <= to;
    if (isActorLine(line)) {
      if (actor !== undefined && line.actor !== actor) return [];
      return this.#actorLine(line, isKept);
    }
    if (!isKept || line.kind === 'end' || (actor !== undefined && line.kind === 'notification')) return [];
    return this.#keep([line]);
  }

  /** The line that ends the part. */
  end(): Line {
    return {
      kind: 'end',
      seq: this.#lastSeq + 1,
      at: this.#lastAt,
      why: 'trim',
      events: this.#events,
      lost: 0,
    };
  }

  #actorLine(line: ActorLine, isKept: boolean): Line[] {
    const before = this.#standing.get(line.actor);
    const kept: Line[] = [];
    if (isKept) {
      if (line.kind === 'event' && before !== undefined && !this.#introduced.has(line.actor)) {
        kept.push(joinOf(before, line));
      }
      kept.push(line);
      this.#introduced.add(line.actor);
    }
    const context = hasEnded(line) ? undefined : contextAfter(line, before);
    if (context === undefined) {
      this.#standing.delete(line.actor);
      this.#introduced.delete(line.actor);
    } else {
      this.#standing.set(line.actor, { line, context });
    }
    return this.#keep(kept);
  }

  #keep(lines: Line[]): Line[] {
    for (const { kind, seq, at } of lines) {
      if (kind === 'event') this.#events += 1;
      this.#lastSeq = seq;
      this.#lastAt = at;
    }
    return lines;
  }
}

/** Undefined where what changed does not fit what was there: of how the actor stands nothing is known any more, and it cannot be introduced. */
function contextAfter(line: ActorLine, before: Standing | undefined): Json | undefined {
  if (line.kind !== 'event') return line.context;
  const context = before?.context ?? null;
  if (line.patch === undefined) return context;
  try {
    return applyPatch(context, line.patch);
  } catch (error) {
    if (error instanceof PatchMisfit) return undefined;
    throw error;
  }
}
