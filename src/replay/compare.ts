/** Two recordings of the same scene: what each kind of actor went through in one and not in the other. Times, ids and numbers of processes differ always. */
import { isActorLine, type Line } from './format.js';
import type { Recording } from './recording.js';
import { wordsOfState } from './state-path.js';

/** Where two ways part. */
export interface Parting {
  /** As both name it: a stream by its name, and the how many-th owner of it in that process. */
  readonly actor: string;
  /** How many steps are the same before. */
  readonly same: number;
  /** What comes then, in each; null: nothing. */
  readonly first: PartingStep | null;
  readonly second: PartingStep | null;
}

export interface PartingStep {
  readonly seq: number;
  /** What was delivered, and where it led. */
  readonly words: string;
}

export interface Comparison {
  /** Actors of which both tell the same. */
  readonly same: number;
  readonly partings: readonly Parting[];
}

/** The steps of each actor, in the order of their first lines. */
function waysOf({ lines }: Recording): Map<string, PartingStep[]> {
  const ways = new Map<string, PartingStep[]>();
  const labels = new Map<string, string>();
  const owners = new Map<string, number>();
  for (const line of lines) {
    if (!isActorLine(line)) continue;
    if (line.kind !== 'event' && !labels.has(line.actor)) labels.set(line.actor, labelOf(line, owners));
    const label = labels.get(line.actor) ?? line.actor;
    const way = ways.get(label) ?? [];
    ways.set(label, way);
    way.push({ seq: line.seq, words: wordsOf(line) });
  }
  return ways;
}

/** Entry ids are of one scene only. */
function labelOf(line: Extract<Line, { context: unknown }>, owners: Map<string, number>): string {
  if (line.machine !== 'ownership') return line.actor;
  const { name } = line.context as { readonly name?: unknown };
  const count = (owners.get(String(name)) ?? 0) + 1;
  owners.set(String(name), count);
  return `ownership of ${String(name)}, ${count}`;
}

function wordsOf(line: Extract<Line, { actor: string }>): string {
  const deed = line.kind === 'event' ? line.event.type : line.kind;
  const effects = line.kind === 'event' ? namesOf(line.effects ?? []) : [];
  const asks = effects.length === 0 ? '' : `, asks for ${effects.join(', ')}`;
  return `${deed} → ${wordsOfState(line.state)}${asks}`;
}

/** Inputs, delays and what was remembered have times and ids in them. */
function namesOf(effects: readonly string[]): string[] {
  return effects.map((effect) => /^(?:invoke |after )?[^\s]+/.exec(effect)?.[0] ?? effect);
}

/** Beats and the like come as often as time goes by: a step that repeats the one before it says nothing. */
function withoutRepeats(way: readonly PartingStep[]): PartingStep[] {
  const kept: PartingStep[] = [];
  for (const step of way) {
    const isSeen = kept.slice(-3).some(({ words }) => words === step.words);
    if (!isSeen) kept.push(step);
  }
  return kept;
}

export function compare(first: Recording, second: Recording): Comparison {
  const [a, b] = [waysOf(first), waysOf(second)];
  const partings: Parting[] = [];
  let same = 0;
  for (const actor of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [withoutRepeats(a.get(actor) ?? []), withoutRepeats(b.get(actor) ?? [])];
    const at = one.findIndex(({ words }, index) => words !== other[index]?.words);
    const parts = at === -1 ? (one.length === other.length ? -1 : one.length) : at;
    if (parts === -1) same += 1;
    else partings.push({ actor, same: parts, first: one[parts] ?? null, second: other[parts] ?? null });
  }
  return { same, partings };
}
