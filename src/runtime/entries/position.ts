/** Where an iteration stands, and what a stream says of that. */
import type { DataFacts } from '../../redis/data-streams.js';

/** Before the first entry. */
export const START = '0-0';
/** In place of a position: the stream has been removed at its end. What comes under its name is another one, whose ids may be smaller. */
export const REMOVED = 'removed';

/** A stream may not be asked for what it knows of itself: what is removed goes unheard of. */
export const UNKNOWN = 'unknown';
/** What a stream knows of itself; undefined: there is none. */
export type Known = DataFacts | undefined | typeof UNKNOWN;

/** Nothing is behind the end mark that was reached, or nothing has come since the stream was removed there. */
export function isOver(position: string, facts: Known): boolean {
  if (facts === UNKNOWN) return false;
  if (position === REMOVED) return facts === undefined || facts.newestId === null;
  return facts?.isEnded === true && facts.newestId === position;
}
