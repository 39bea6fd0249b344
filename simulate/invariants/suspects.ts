/** C-POI-11: what the death of its owner makes of an entry. The same as `scripts/lib/marks.lua` says, in other words. */
import { markOf, NOT_BEGUN, PROVEN, toTrial } from '../../src/redis/marks.js';
import { isIncarnation } from '../../src/redis/names.js';

/** What is known of the entry. */
export interface Suspect {
  readonly owner: string | undefined;
  readonly retryCount: number;
  readonly mark: number | undefined;
  readonly trial: number;
}

const FIRST = markOf({ window: 1, among: 0 });

/** This death of an owner is one too many: no retry is spent, but it becomes a suspect, or is convicted. */
export function isTooMany({ owner, retryCount, mark }: Suspect, from: string, maxRetries: number): boolean {
  const isOurs = owner === from && isIncarnation(from) && mark !== PROVEN;
  return isOurs && maxRetries > 0 && retryCount >= maxRetries;
}

/** As which suspect it is begun next; undefined: it is convicted. */
export function nextTrial({ mark, trial }: Suspect): number | undefined {
  if (mark === NOT_BEGUN) return trial || FIRST;
  if (mark === undefined || mark < FIRST) return trial === 0 ? FIRST : undefined;
  const { window, among } = toTrial(mark);
  if (among === 1) return undefined;
  if (among === 0) return markOf({ window: window + 1, among });
  return markOf({ window, among: Math.max(1, Math.floor(among / 4)) });
}
