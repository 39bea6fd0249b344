/** A small world: what is in it, what may befall it, and how often. */
import { RULES, type Rule } from './rules.js';

/** What may befall a world. Each strikes when it likes, and as often as a configuration says. */
export const FAULT_KINDS = [
  { kind: 'cut', what: 'a command connection breaks: what was under way is not executed, or its answers are lost' },
  { kind: 'late', what: 'a command connection is given up, and what was under way may be executed later' },
  { kind: 'lostRead', what: 'the reading connection breaks, and with it the answer to a read' },
  { kind: 'halfOpenReader', what: 'the reading connection breaks on the side of the consumer only: Redis may answer the old read' },
  { kind: 'lapse', what: 'a heartbeat passes without an answered renewal, and presence may run out' },
  { kind: 'beat', what: 'a renewal is under way already when the lease is over' },
  { kind: 'crash', what: 'a process ends with all that it knows' },
  { kind: 'stop', what: 'the application stops its runtime' },
  { kind: 'throw', what: 'a handler throws' },
  { kind: 'release', what: 'the application releases a stream' },
  { kind: 'claim', what: 'an operator claims an entry of a consumer without presence' },
  { kind: 'force', what: 'an operator claims an entry, whether or not its owner is alive' },
] as const; // biome-ignore format: a table

export type FaultKind = (typeof FAULT_KINDS)[number]['kind'];

export interface Configuration {
  readonly name: string;
  /** What it is there for, in one line. */
  readonly about: string;
  /** Incarnations, all alike. */
  readonly consumers: 1 | 2 | 3;
  /** Data stream names of the entries, in the order in which they are announced. */
  readonly entries: readonly string[];
  /** So many of them are on the stream when it begins; the others come at any time. */
  readonly announced: number;
  /** Streams that a consumer owns at most, and entries of a read. */
  readonly capacity: number;
  readonly maxRetries: number;
  /** How often each kind strikes at most; absent: never. */
  readonly faults: Partial<Readonly<Record<FaultKind, number>>>;
  /** Only the first so many consumers are struck, where that is enough to show what there is to show. @defaultValue all */
  readonly struck?: number;
  /** Rules of the runtime that its clients do not keep here: for mutants. @defaultValue none */
  readonly without?: readonly Rule[];
}

/** Throws where a configuration makes no sense. */
export function checkConfiguration({
  name,
  entries,
  announced,
  capacity,
  struck,
  consumers,
  without,
}: Configuration): void {
  const fail = (what: string, got: unknown) => {
    throw new RangeError(`expected ${what} in ${name}, got: ${String(got)}`);
  };
  if (entries.length === 0) fail('entries to have one member at least', 'none');
  if (announced > entries.length) fail(`announced to be at most ${entries.length}`, announced);
  if (capacity < 1) fail('capacity to be at least 1', capacity);
  if (struck !== undefined && struck > consumers) fail(`struck to be at most ${consumers}`, struck);
  for (const rule of without ?? [])
    if (!(rule in RULES)) fail(`without to name rules (${Object.keys(RULES).join(', ')})`, rule);
}
