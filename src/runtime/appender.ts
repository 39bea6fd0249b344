/**
 * Appends entries to data streams, and has their owners look: each stream is announced, or its owner touched and woken, when its entries are there and never
 * before. Where both are on one server they go in one pipeline.
 */
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { type Ensured, ensureCall, ensuredOf } from '../redis/announcing.js';
import type { DataServers } from '../redis/data-servers.js';
import type { Names } from '../redis/names.js';
import { SCRIPTS } from '../redis/scripts.js';
import type { Along, EntryAdder, Fates } from './entry-adder.js';
import { BATCH_BYTES, batchAt, type Ensurer } from './ensurer.js';
import type { CheckedEntry } from './new-entries.js';
import type { SizedEntry } from './new-stream.js';

/** Entries of one batch: as many as streams that one call may ensure. */
const MOST_APPENDED = 500;

/** What became of an entry that was appended. */
export interface Appended {
  /** Id of the entry in its Redis stream. */
  readonly id: string;
  /** The entry that announces its data stream, as `ensure()` says. */
  readonly stream: Ensured;
}

export interface AppenderSettings {
  readonly names: Names;
  readonly servers: DataServers;
  readonly add: EntryAdder;
  readonly ensurer: Ensurer;
  readonly maxEntryBytes: number;
}

export interface Appender {
  /**
   * In their order, in batches; when one fails, those before it are there.
   * @throws StreamwardenError whose `details.appended` says what is known to be there: an id, or null, for each; and `details.unknown` of which of the others nobody
   *   knows, by their places
   */
  append(entries: readonly CheckedEntry[], trace?: TraceFields): Promise<Appended[]>;
}

export function createAppender({ names, servers, add, ensurer, maxEntryBytes }: AppenderSettings): Appender {
  /** @param fates what becomes of its entries, as that becomes known */
  async function appendBatch(
    batch: readonly CheckedEntry[],
    fates: Fates,
    trace: TraceFields | undefined,
  ): Promise<Ensured[]> {
    const streams = [...new Map(batch.map(({ stream }) => [stream.name, stream])).values()];
    let known: readonly Ensured[] = [];
    const along = servers.isHome
      ? ensuring(streams, trace, (ensured) => {
          known = ensured;
        })
      : undefined;
    await add(
      batch.map(({ row }) => row),
      fates,
      along,
    );
    const ensured = await ensurer.ensure(streams, { trace, wakes: true, known });
    const places = new Map(streams.map(({ name }, index) => [name, index]));
    return batch.map(({ stream }) => ensured[places.get(stream.name) as number] as Ensured);
  }

  /** What is sent along with the entries. Whatever becomes of it, it may be asked again. */
  function ensuring(
    streams: readonly SizedEntry[],
    trace: TraceFields | undefined,
    found: (ensured: readonly Ensured[]) => void,
  ): Along {
    const batch = batchAt(streams, 0, streams.length, trace, maxEntryBytes);
    const { keys, args } = ensureCall(names, batch.entries, { trace: batch.trace, wakes: true });
    return {
      send: (pipeline) => pipeline.evalsha(SCRIPTS.ensure.sha, keys.length, ...keys, ...args),
      answered: (reply) => found(ensuredOf(reply)),
    };
  }

  return {
    async append(entries, trace) {
      const appended: Appended[] = [];
      const ids: (string | null)[] = [];
      for (let from = 0; from < entries.length; from = ids.length) {
        const batch = batchFrom(entries, from);
        const fates: Fates = { ids: batch.map(() => null), unknown: new Set() };
        try {
          const ensured = await appendBatch(batch, fates, trace);
          ensured.forEach((stream, at) => void appended.push({ id: fates.ids[at] as string, stream }));
        } catch (error) {
          const unknown = [...fates.unknown].sort((a, b) => a - b).map((at) => from + at);
          const unsent = entries.slice(from + batch.length).map(() => null);
          throw withFates(error, [...ids, ...fates.ids, ...unsent], unknown);
        }
        ids.push(...fates.ids);
      }
      return appended;
    },
  };
}

/** Those from one place on that go together: a single one may be larger. */
function batchFrom(entries: readonly CheckedEntry[], from: number): readonly CheckedEntry[] {
  let to = from;
  let bytes = 0;
  const names = new Set<string>();
  while (to < entries.length && to - from < MOST_APPENDED) {
    const { bytes: size, stream } = entries[to] as CheckedEntry;
    const more = size + (names.has(stream.name) ? 0 : stream.bytes);
    if (to > from && bytes + more > BATCH_BYTES) break;
    names.add(stream.name);
    bytes += more;
    to += 1;
  }
  return entries.slice(from, to);
}

/** The same error, which also says what is there, and what may be. */
function withFates(
  error: unknown,
  appended: readonly (string | null)[],
  unknown: readonly number[],
): unknown {
  if (!isStreamwardenError(error)) return error;
  const mayBeThere = unknown.length > 0 || appended.some((id) => id !== null);
  const { code, message, retriable, details, cause } = error;
  return new StreamwardenError(code, message, {
    retriable,
    cause,
    details: { ...details, sent: mayBeThere, appended, unknown },
  });
}
