/** How far the entries of a data stream have been dealt with, as whoever reads them needs it. */
import type { Ownership } from '../ownership.js';
import type { Attempts } from './progress.js';

export interface Positions {
  /** The last entry of this key that has been dealt with, as far as this process knows; undefined: none. */
  positionOf(ownership: Ownership, key: string): string | undefined;
  /** Written soon, together with others. Nobody waits for it. */
  commit(ownership: Ownership, key: string, id: string): void;
  /** Resolves when Redis has it. */
  committed(ownership: Ownership, key: string, id: string): Promise<void>;
  attemptsOf(ownership: Ownership, key: string): Attempts | undefined;
  /** Handlers have failed so often with this entry in hand. */
  attempted(ownership: Ownership, key: string, id: string, count: number): void;
  /** Resolves when Redis has all of it, or they are not owned any more. */
  flush(ownerships: readonly Ownership[]): Promise<void>;
}
