/** What the cursors of a runtime share. */
import type { DataReader } from '../../actors/data/data-reader.js';
import type { Positions } from '../../actors/data/positions.js';
import type { Ownership } from '../../actors/ownership.js';
import type { Clock } from '../../core/clock.js';
import type { DataRow, DataStreams } from '../../redis/data-streams.js';
import type { CompiledEntries } from './options.js';
import type { Loss } from './trim-watch.js';

/** What is iterated over, and how. */
export interface Walked {
  readonly ownership: Ownership;
  readonly key: string;
  readonly options: CompiledEntries;
  passed: Set<string> | undefined;
  mayMoveTo(row: DataRow): boolean;
}

export interface CursorHost {
  readonly clock: Clock;
  readonly reader: DataReader;
  readonly positions: Positions;
  readonly streams: DataStreams;
  /** Entries were removed before they were read. */
  lost(cursor: Walked, loss: Loss): void;
  /** An entry that no try will mend: passed over, and copied first where that was asked for. */
  passOver(cursor: Walked, row: DataRow, error: unknown, attempts: number): Promise<void>;
  /** Nobody may ask what is removed. */
  notWatched(cursor: Walked, error: unknown): void;
  /** What is committed could not be removed; it stays. */
  notTrimmed(cursor: Walked, error: unknown): void;
}
