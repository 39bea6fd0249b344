/** Which actors the list shows, in which order and how far in. */
import { pathsOf, wordsOfState } from '../../../replay/state-path.js';
import type { ActorRow } from '../../protocol.js';
import type { Actors } from './actors.js';
import { type Sorting, type SortKeys, sorted } from './sorting.js';

export interface ActorFilter {
  /** Every word has to be in the path, the label, the machine, the state or the last event. */
  readonly words: string;
  /** Id of a machine, or `(none)`; null: all. */
  readonly machine: string | null;
  /** The end of a path of states; null: all. */
  readonly state: string | null;
  /** Shows those that ended. */
  readonly ended: boolean;
}

export const NO_FILTER: ActorFilter = { words: '', machine: null, state: null, ended: false };

export interface TreeRow {
  readonly row: ActorRow;
  /** 0: at the top. */
  readonly depth: number;
  /** How many stand directly below it. */
  readonly below: number;
  readonly isOpen: boolean;
  /** It lives no more. */
  readonly hasEnded: boolean;
}

export function isFiltered({ words, machine, state, ended }: ActorFilter): boolean {
  return words.trim() !== '' || machine !== null || state !== null || ended;
}

export function machineOf({ machine }: ActorRow): string {
  return machine ?? '(none)';
}

function matches(row: ActorRow, words: readonly string[], { machine, state }: ActorFilter): boolean {
  if (machine !== null && machineOf(row) !== machine) return false;
  if (state !== null && !pathsOf(row.state).includes(state)) return false;
  if (words.length === 0) return true;
  const text =
    `${row.path} ${row.label ?? ''} ${row.machine ?? ''} ${wordsOfState(row.state)} ${row.last?.type ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function flat(rows: Iterable<ActorRow>, filter: ActorFilter, hasEnded = false): TreeRow[] {
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const found: TreeRow[] = [];
  for (const row of rows) {
    if (matches(row, words, filter)) found.push({ row, depth: 0, below: 0, isOpen: false, hasEnded });
  }
  return found;
}

/** Ownerships come and go by the thousand: what they stand beside is kept in sight above them. */
function inOrder(rows: readonly ActorRow[]): readonly ActorRow[] {
  const isStream = ({ machine }: ActorRow) => machine === 'ownership';
  return [...rows.filter((row) => !isStream(row)), ...rows.filter(isStream)];
}

const KEYS: SortKeys<TreeRow> = {
  name: ({ row: { label, path } }) => label ?? path,
  state: ({ row: { state } }) => wordsOfState(state),
  restarts: ({ row: { restarts } }) => restarts,
  events: ({ row: { events } }) => events,
  last: ({ row: { last } }) => last?.type ?? null,
  when: ({ row: { last } }) => last?.at ?? null,
};

/**
 * A tree, or, where something is looked for or it is sorted, a list: who is looked for by words may have ended.
 * @param closed paths whose children are hidden
 */
export function treeRows(
  actors: Actors,
  filter: ActorFilter,
  closed: ReadonlySet<string>,
  sorting: Sorting | null = null,
): readonly TreeRow[] {
  if (sorting !== null) return sorted(listed(actors, filter), sorting, KEYS);
  return isFiltered(filter) ? listed(actors, filter) : tree(actors, closed);
}

function listed(actors: Actors, filter: ActorFilter): TreeRow[] {
  const ended = () => flat(actors.ended.toReversed(), filter, true);
  if (filter.ended) return ended();
  const living = flat(actors.rows(), filter);
  return filter.words.trim() === '' ? living : [...living, ...ended()];
}

function tree(actors: Actors, closed: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (row: ActorRow, depth: number) => {
    const below = actors.countBelow(row.path);
    const isOpen = below > 0 && !closed.has(row.path);
    rows.push({ row, depth, below, isOpen, hasEnded: false });
    if (isOpen) for (const child of inOrder(actors.childrenOf(row.path))) add(child, depth + 1);
  };
  for (const top of actors.tops()) add(top, 0);
  return rows;
}

export interface Facet {
  readonly name: string;
  readonly count: number;
}

function counted(names: Iterable<string>): Facet[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

export function machineFacets(rows: Iterable<ActorRow>): Facet[] {
  const machines = function* () {
    for (const row of rows) yield machineOf(row);
  };
  return counted(machines());
}

/** How many of one machine's actors are in which state; of regions that run side by side each counts. */
export function stateFacets(rows: Iterable<ActorRow>, machine: string): Facet[] {
  const states = function* () {
    for (const row of rows) if (machineOf(row) === machine) yield* pathsOf(row.state);
  };
  return counted(states());
}
