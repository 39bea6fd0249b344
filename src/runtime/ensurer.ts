/**
 * Announces what is not there yet, in batches. Unlike adding, that may be repeated: whatever became of a try that was not answered, the next one
 * finds it. So it goes on through whatever passes.
 */
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { type Ensured, ensureEntries, MOST_ENSURED, type NewEntry } from '../redis/announcing.js';
import { clusterClientRequired } from '../redis/capabilities.js';
import type { Commands } from '../redis/commands.js';
import type { Connections } from '../redis/connections.js';
import { encodeEntry, entryBytes } from '../redis/entry.js';
import type { Names } from '../redis/names.js';
import { isElsewhere, isPassing, replyOf } from '../redis/reply-errors.js';
import type { ProducerConnection } from './producer-connection.js';

/** Bytes that are sent in one go; a single entry may have more. */
export const BATCH_BYTES = 1_048_576;
/** Before what Redis has refused is sent again, in milliseconds. */
export const REFUSED_PAUSE_MS = 100;

export interface EnsurerSettings {
  readonly connections: Connections;
  readonly connection: ProducerConnection;
  readonly commands: Commands;
  readonly names: Names;
  readonly clock: Clock;
  /** How long one batch is repeated, in milliseconds. */
  readonly timeoutMs: number;
  readonly maxEntryBytes: number;
  isClosed(): boolean;
}

export interface Ensurer {
  /** Resolves with what became of each, in their order. When a batch fails, those before it are announced. */
  ensure(entries: readonly NewEntry[], trace?: TraceFields): Promise<Ensured[]>;
}

interface Batch {
  readonly entries: readonly NewEntry[];
  readonly trace: TraceFields | undefined;
}

export function createEnsurer(settings: EnsurerSettings): Ensurer {
  const { connections, connection, commands, names, clock, timeoutMs, maxEntryBytes, isClosed } = settings;

  /** Those from one place on that go together: what would be too large with its trace goes without. */
  function batchAt(entries: readonly NewEntry[], from: number, trace: TraceFields | undefined): Batch {
    const batch: NewEntry[] = [];
    let bytes = 0;
    let isTraced = false;
    for (const entry of entries.slice(from, from + MOST_ENSURED)) {
      const size = entryBytes(encodeEntry(entry.payload, trace));
      const fits = size <= maxEntryBytes;
      if (batch.length === 0) isTraced = fits;
      else if (fits !== isTraced || bytes + size > BATCH_BYTES) break;
      batch.push(entry);
      bytes += size + entry.name.length;
    }
    return { entries: batch, trace: isTraced ? trace : undefined };
  }

  async function ensureBatch({ entries, trace }: Batch): Promise<Ensured[]> {
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      if (isClosed()) throw new StreamwardenError('RuntimeStopped', 'the producer is closed');
      await connection.up();
      try {
        return await ensureEntries(commands, names, entries, trace);
      } catch (error) {
        if (connections.kind !== 'cluster' && replyOf(error) === 'MOVED') throw clusterClientRequired();
        if (!isPassing(error) || clock.monotonic() >= deadline) throw error;
        if (isElsewhere(error)) connections.commands.replace(error as Error);
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  }

  return {
    async ensure(entries, trace) {
      const ensured: Ensured[] = [];
      while (ensured.length < entries.length) {
        ensured.push(...(await ensureBatch(batchAt(entries, ensured.length, trace))));
      }
      return ensured;
    },
  };
}
