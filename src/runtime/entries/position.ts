/** Where an iteration stands, and what a stream says of that. */
import { REMOVED } from '../../actors/data/progress.js';
import type { DataFacts } from '../../redis/data-facts.js';

/** Before the first entry. */
export const START = '0-0';

/** A stream may not be asked for what it knows of itself: what is removed goes unheard of. */
export const UNKNOWN = 'unknown';
/** What a stream knows of itself; undefined: there is none. */
export type Known = DataFacts | undefined | typeof UNKNOWN;

/**
 * Nothing is behind the end mark that was reached, or nothing has come since the stream was removed there.
 * @param isTrimming readers remove it at its end: one of them may have died before that was recorded
 */
export function isOver(position: string, facts: Known, isTrimming: boolean): boolean {
  if (facts === UNKNOWN) return false;
  if (position === REMOVED) return facts === undefined || facts.newestId === null;
  if (facts === undefined) return isTrimming && position !== START;
  return facts.isEnded && facts.newestId === position;
}
