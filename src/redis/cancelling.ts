/** Cancels data streams, wherever they are: `scripts/cancel.lua` says what happens. Primitive: no retry, no policy. */
import type { Commands } from './commands.js';
import type { Names } from './names.js';

/** Where an entry was found. */
export type CancelledAs =
  /** It had been given to nobody, and is gone. */
  | 'waiting'
  /** It was to be given to somebody later, and is gone. */
  | 'delayed'
  /** A consumer has it, and is told: it stops, and finishes it. */
  | 'owned'
  /** A consumer of the Go client has it. Nobody can tell it, and it is let alone. */
  | 'foreign';

/** What `cancel` found of one data stream. */
export interface Cancelled {
  /** Where it was; of several entries of the name what matters most, in the order owned, foreign, delayed, waiting. `none`: nowhere. */
  readonly cancelled: CancelledAs | 'none';
  /** Ids of its entries; of what was delayed `delayed:` and a number, of what was parked `parked:` and an id: the last ten of those. */
  readonly ids: readonly string[];
}

/** Names of one call; keeps the script below 5 ms. */
export const MOST_CANCELLED = 100;

const BY_WEIGHT: readonly CancelledAs[] = ['owned', 'foreign', 'delayed', 'waiting'];

function toCancelled(found: readonly string[]): Cancelled {
  const kinds = found.filter((_, at) => at % 2 === 0);
  const ids = found.filter((_, at) => at % 2 === 1);
  return { cancelled: BY_WEIGHT.find((kind) => kinds.includes(kind)) ?? 'none', ids };
}

/** At most 100. Resolves with what became of each, or with none: there was much to read, and the caller asks again. */
export async function cancelStreams(
  commands: Commands,
  { lbs, owners, announced, cancels, delayed, delayedDue, delayedNames, parking, checkpoints, group }: Names,
  dataStreams: readonly string[],
): Promise<Cancelled[]> {
  const keys = [lbs, owners, announced, cancels, delayed, delayedDue, delayedNames, ...parking, checkpoints];
  const reply = await commands.script('cancel', keys, [group, ...dataStreams]);
  return (reply as string[][]).map(toCancelled);
}
