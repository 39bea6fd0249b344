/** What one actor lived through, from the lines of a recording of it: each step with the context before and after. */
import type { Line, StateValue } from '../../../replay/format.js';
import type { Json } from '../../../replay/json-safe.js';
import { applyPatch, type Patch } from '../../../replay/patch.js';
import { Ring } from './ring.js';

const MOST_STEPS = 1_000;

export interface Step {
  readonly kind: 'spawn' | 'join' | 'event';
  readonly seq: number;
  readonly at: number;
  /** The seq of what led to it; null: nothing that is known. */
  readonly by: number | null;
  readonly machine: string;
  /** Null for how it began. */
  readonly event: { readonly type: string; readonly [field: string]: Json } | null;
  readonly from: StateValue | null;
  readonly state: StateValue;
  readonly context: Json;
  /** What that step changed in the context. */
  readonly patch: Patch;
  readonly effects: readonly string[];
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** What processing it threw; null: nothing. */
  readonly threw: Json;
  /** The transitions that the event led through, by their ids in the statechart; null: nobody told. */
  readonly taken: readonly string[] | null;
  /** So many lines about it are missing before this one. */
  readonly skipped: number;
}

type ActorLine = Extract<Line, { kind: 'spawn' | 'join' | 'event' }>;

function isAboutActor(line: Line): line is ActorLine {
  return line.kind === 'spawn' || line.kind === 'join' || line.kind === 'event';
}

export class ActorHistory {
  readonly #steps = new Ring<Step>(MOST_STEPS);
  #skipped = 0;

  get steps(): readonly Step[] {
    return this.#steps.items;
  }

  get last(): Step | undefined {
    return this.#steps.items.at(-1);
  }

  /** So many lines are missing before the next one. */
  skip(lines: number): void {
    this.#skipped += lines;
  }

  clear(): void {
    this.#steps.clear();
    this.#skipped = 0;
  }

  /** @param taken the transitions that it led through, where that is told */
  feed(line: Line, taken: readonly string[] | null = null): void {
    if (!isAboutActor(line)) return;
    const step = line.kind === 'event' ? this.#event(line, taken) : this.#beginning(line);
    if (step === undefined) return;
    this.#steps.push(step);
    this.#skipped = 0;
  }

  #beginning(line: Extract<ActorLine, { kind: 'spawn' | 'join' }>): Step {
    return {
      kind: line.kind,
      seq: line.seq,
      at: line.at,
      by: line.kind === 'spawn' ? (line.by ?? null) : null,
      machine: line.machine,
      event: null,
      from: null,
      state: line.state,
      context: line.context,
      patch: [],
      effects: (line.kind === 'spawn' ? line.effects : undefined) ?? [],
      status: (line.kind === 'spawn' ? line.status : undefined) ?? 'active',
      threw: null,
      taken: null,
      skipped: this.#skipped,
    };
  }

  #event(line: Extract<ActorLine, { kind: 'event' }>, taken: readonly string[] | null): Step | undefined {
    const before = this.last;
    // Without knowing how it stood there is nothing to apply a change to; a join will come.
    if (before === undefined) return undefined;
    const patch = line.patch ?? [];
    return {
      kind: 'event',
      seq: line.seq,
      at: line.at,
      by: line.by ?? null,
      machine: line.machine,
      event: line.event,
      from: before.state,
      state: line.state,
      context: patched(before.context, patch),
      patch,
      effects: line.effects ?? [],
      status: line.status ?? 'active',
      threw: line.threw ?? null,
      taken,
      skipped: this.#skipped,
    };
  }
}

/** What does not fit leaves the context as it was: a recording that was cut is still worth reading. */
function patched(context: Json, patch: Patch): Json {
  try {
    return applyPatch(context, patch);
  } catch {
    return context;
  }
}
