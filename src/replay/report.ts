/** What a replay found. Plain data without times or chance of its own: the same recording and machines give the same report, byte for byte. */
import type { EndStatus, Header, StateValue } from './format.js';
import type { Json } from './json-safe.js';
import type { Cut } from './parser.js';

/** One place where contexts differ. */
export interface ContextDifference {
  /** JSON Pointer into the context. */
  readonly path: string;
  /** As recorded; absent where there was nothing. */
  readonly recorded?: Json;
  /** As the machine has it now; absent where there is nothing. */
  readonly replayed?: Json;
}

export type DivergenceReason =
  /** It led to another state, or ended where it did not, or did not where it ended. */
  | 'state'
  /** The same state, but other data. */
  | 'context'
  /** The same state and data, but something else is to be done: an action, a timer, an actor. */
  | 'effects'
  /** The present machine throws. */
  | 'threw'
  /** The present machine has no such state to go on from. */
  | 'unknownState'
  /** There is no machine of that name. */
  | 'unknownMachine'
  /** The recording contradicts itself: an actor that was never introduced, or a change of what is not there. */
  | 'inconsistent';

export interface Standing {
  readonly state: StateValue;
  readonly status: 'active' | EndStatus;
}

/** Where an actor first did something else than was recorded. */
export interface Divergence {
  readonly actor: string;
  readonly machine: string;
  readonly reason: DivergenceReason;
  /** Which of this actor's events it was; 0: how it began. */
  readonly step: number;
  readonly seq: number;
  /** When that was recorded, epoch milliseconds. */
  readonly at: number;
  /** Null: how it began. */
  readonly event: Json;
  /** Where it stood before. */
  readonly from: StateValue | null;
  readonly recorded: Standing;
  /** Null when it could not get that far. */
  readonly replayed: Standing | null;
  readonly context: readonly ContextDifference[];
  /** What is to be done, as recorded and as the machine has it now; null when they are the same or not compared. */
  readonly effects: { readonly recorded: readonly string[]; readonly replayed: readonly string[] } | null;
  /** Whether the machine's definition is another one than when this was recorded; null when that is not known. */
  readonly definitionChanged: boolean | null;
  /** What there is to say beyond all that. */
  readonly detail: string | null;
}

export interface ActorReport {
  readonly actor: string;
  readonly machine: string;
  /** How often it began, or was met; one that is restarted begins again under its path. */
  readonly lives: number;
  readonly events: number;
  /** Where it stood last, as recorded. */
  readonly last: Standing;
  /** Events after a divergence are counted and not checked. */
  readonly verdict: 'agrees' | 'diverges';
  readonly divergence: Divergence | null;
}

export interface MachineReport {
  readonly machine: string;
  readonly definition: 'same' | 'changed' | 'unknown';
  readonly actors: number;
  readonly events: number;
  readonly diverged: number;
}

export interface ReplayReport {
  readonly header: Header;
  /** Whether the recording was ended as it should be. False: its process died, or it is a part. */
  readonly complete: boolean;
  readonly cut: Cut | null;
  /** Lines that could not be written at the time. */
  readonly lost: number;
  /** Lines that were taken out since: their numbers are missing. */
  readonly missing: number;
  readonly events: number;
  /** Lives: one that is restarted counts again. */
  readonly actorCount: number;
  readonly diverged: number;
  /** Nothing diverges and nothing is missing. */
  readonly agrees: boolean;
  readonly machines: readonly MachineReport[];
  /** In the order they were met. Those that agree are listed up to a limit, so that memory is bounded. */
  readonly actors: readonly ActorReport[];
  /** Actors that are counted above and not listed. */
  readonly unlisted: number;
}

const MOST_DIFFERENCES = 20;

function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null;
}

function walk(
  path: string,
  recorded: Json | undefined,
  replayed: Json | undefined,
  out: ContextDifference[],
): void {
  if (out.length >= MOST_DIFFERENCES || recorded === replayed) return;
  if (isObject(recorded) && isObject(replayed) && Array.isArray(recorded) === Array.isArray(replayed)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])].sort();
    for (const key of keys) walk(`${path}/${key}`, own(recorded, key), own(replayed, key), out);
    return;
  }
  out.push({
    path,
    ...(recorded === undefined ? {} : { recorded }),
    ...(replayed === undefined ? {} : { replayed }),
  });
}

function own(value: Readonly<Record<string, Json>>, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Every place where two contexts differ, up to a limit. */
export function differences(recorded: Json, replayed: Json): ContextDifference[] {
  const found: ContextDifference[] = [];
  walk('', recorded, replayed, found);
  return found;
}
