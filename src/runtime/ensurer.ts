/**
 * Announces what is not there yet, in batches. Unlike adding, that may be repeated: whatever became of a try that was not answered, the next one
 * finds it. So it goes on through whatever passes.
 */
import type { TraceFields } from '../core/trace-fields.js';
import { type Ensured, type EnsureOptions, ensureEntries, MOST_ENSURED } from '../redis/announcing.js';
import type { Commands } from '../redis/commands.js';
import { traceBytes } from '../redis/entry.js';
import type { Names } from '../redis/names.js';
import type { SizedEntry } from './new-stream.js';
import type { RepeatedCall } from './repeated-call.js';

/** Bytes that are sent in one go; a single entry may have more. */
export const BATCH_BYTES = 1_048_576;

/**
 * So often a whole batch is asked for in vain, as there was much to read: what others add meanwhile takes a call or two. Behind a long backlog one entry asks
 * until all has been read, as the others would be sent along each time.
 */
const MOST_UNANSWERED = 2;

export interface EnsurerSettings {
  readonly commands: Commands;
  readonly names: Names;
  readonly maxEntryBytes: number;
  readonly repeated: RepeatedCall;
}

export interface Ensurer {
  /**
   * Resolves with what became of each, in their order. When a batch fails, those before it are announced.
   *
   * @param options `known`: what became of the first of them, which are not asked for again
   */
  ensure(entries: readonly SizedEntry[], options?: EnsuringOptions): Promise<Ensured[]>;
}

export interface EnsuringOptions extends EnsureOptions {
  readonly known?: readonly Ensured[];
}

export interface Batch<T extends SizedEntry> {
  readonly entries: readonly T[];
  readonly trace: TraceFields | undefined;
}

/**
 * Those from one place on that go together: what would be too large with its trace goes without.
 *
 * @param to before this place
 */
export function batchAt<T extends SizedEntry>(
  entries: readonly T[],
  from: number,
  to: number,
  trace: TraceFields | undefined,
  maxEntryBytes: number,
): Batch<T> {
  const batch: T[] = [];
  let bytes = 0;
  let isTraced = false;
  const more = traceBytes(trace);
  for (const entry of entries.slice(from, Math.min(to, from + MOST_ENSURED))) {
    const size = entry.bytes + more;
    const fits = size <= maxEntryBytes;
    if (batch.length === 0) isTraced = fits;
    else if (fits !== isTraced || bytes + size > BATCH_BYTES) break;
    batch.push(entry);
    bytes += size + entry.name.length;
  }
  return { entries: batch, trace: isTraced ? trace : undefined };
}

export function createEnsurer({ commands, names, maxEntryBytes, repeated }: EnsurerSettings): Ensurer {
  return {
    async ensure(entries, { trace, wakes, known = [] } = {}) {
      const ensured: Ensured[] = [...known];
      let unanswered = 0;
      while (ensured.length < entries.length) {
        const from = ensured.length;
        const to = unanswered < MOST_UNANSWERED ? entries.length : from + 1;
        const batch = batchAt(entries, from, to, trace, maxEntryBytes);
        const options: EnsureOptions = { trace: batch.trace, ...(wakes && { wakes }) };
        ensured.push(...(await repeated(() => ensureEntries(commands, names, batch.entries, options))));
        unanswered = ensured.length > from ? 0 : unanswered + 1;
      }
      return ensured;
    },
  };
}
