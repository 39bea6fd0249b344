/** How the lock of a stream stands: its ownership says what is done with it, and the lock keeper which ones are odd. */
import type { StateValue } from '../replay/format.js';

/** What is known of the lock keeper, in its context. */
export interface KnownLocks {
  readonly hasLocks?: unknown;
  /** By the ids of entries. */
  readonly odd?: Readonly<Record<string, unknown>>;
}

export const LOCK_KEEPER = 'consumer/lockKeeper';
const OWNERSHIPS = 'consumer/ownership/';

export function ownershipPath(id: string): string {
  return `${OWNERSHIPS}${id}`;
}

/** States in which the stream's lock is kept. */
const KEPT: ReadonlySet<StateValue> = new Set([
  'acquired',
  'extending',
  'uncertain',
  'backingOff',
  'acking',
  'givingBack',
]);

/**
 * In a word or two; null for what has no lock, or none any more.
 * @param keeper undefined: nothing is known of it
 */
export function lockOf(path: string, state: StateValue, keeper: KnownLocks | undefined): string | null {
  if (!path.startsWith(OWNERSHIPS) || keeper === undefined || keeper.hasLocks === false) return null;
  if (state === 'acquiring') return 'being taken';
  if (state === 'contended') return 'waited for';
  if (state === 'releasing') return 'being released';
  if (!KEPT.has(state)) return null;
  const id = path.slice(OWNERSHIPS.length);
  const odd = keeper.odd ?? {};
  return Object.hasOwn(odd, id) ? String(odd[id]) : 'held';
}

/** Ids of the locks that are odd in one of the two and not the same in the other. */
export function changedLocks(before: KnownLocks | undefined, after: KnownLocks | undefined): string[] {
  const [was, is] = [before?.odd ?? {}, after?.odd ?? {}];
  if (was === is) return [];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((id) => was[id] !== is[id]);
}
