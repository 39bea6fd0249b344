/** A producer whose options are known to be right. */
import { type Clock, randomHex } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { TraceFields } from '../core/trace-fields.js';
import type { Ensured } from '../redis/announcing.js';
import type { Cancelled } from '../redis/cancelling.js';
import { clusterClientRequired } from '../redis/capabilities.js';
import { commandTimeoutFor, createConnections, createHomeCommands } from '../redis/connections.js';
import { addDelayed, type LaterEntry } from '../redis/delaying.js';
import { encodeEntry, traceBytes } from '../redis/entry.js';
import { type PauseChange, pauseStreams } from '../redis/parking.js';
import { isElsewhere, isPassing, mayHaveExecuted, redisError, replyOf } from '../redis/reply-errors.js';
import { type Marks, REMEMBERED_MS, SentOnce } from '../redis/sent-once.js';
import { ProducerTelemetry } from '../telemetry/producer-telemetry.js';
import { BATCH_BYTES, batchAt, createEnsurer } from './ensurer.js';
import { type Appended, createAppender } from './appender.js';
import { openDataPlace } from './data-place.js';
import { createEntryAdder } from './entry-adder.js';
import {
  type AppendOptions,
  appendedOf,
  appendOptionsOf,
  type CheckedEntry,
  type EndOptions,
  type NewEntryFields,
  endOf,
  type NewDataEntry,
  type OptionsArgument,
} from './new-entries.js';
import {
  type AddedStream,
  type AddOptions,
  addedEntriesOf,
  entriesOf,
  type InfoArgument,
  type NewStream,
  namesOf,
  type SizedEntry,
} from './new-stream.js';
import { onlyKnown } from './option-errors.js';
import { createProducedFieldsCheck, createProducedInfoCheck } from './produced-info.js';
import { createProducerConnection } from './producer-connection.js';
import { cancelAll, createRepeatedCall, REFUSED_PAUSE_MS } from './repeated-call.js';
import type { CompiledProducerOptions } from './service-settings.js';

/**
 * @typeParam TInput what `info` is; the schema of a defined service says so. It may be left out where it may be null.
 * @typeParam TFields what the fields of an entry are; likewise
 */
export interface Producer<TInput = object | null, TFields = NewEntryFields> extends AsyncDisposable {
  /**
   * Announces one data stream; resolves with its entry id. With `delayMs` nobody is given it before that time has passed, and it has its entry only
   * then: the id is that of what is delayed, `delayed:` and a number.
   * @throws StreamwardenError `InvalidOption` before any I/O, for `info` that the service's schema refuses as well; `RedisUnavailable`, and then `details.sent` says whether the entry may be there
   */
  add(name: string, ...rest: InfoArgument<TInput, [options?: AddOptions]>): Promise<string>;
  /** Announces many; resolves with their ids in the same order. Sent in batches of at most 500, and of about 1 MiB; when one fails, those before it are announced. */
  addMany(streams: readonly AddedStream<TInput>[]): Promise<string[]>;
  /**
   * Announces one data stream unless it waits already, or is owned: then its owner is told that it was touched. Resolves with the entry that
   * announces it, and whether this call added that. Decided in one atomic step in Redis; safe to repeat, and repeated while the answer is lost.
   * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  ensure(name: string, ...rest: InfoArgument<TInput>): Promise<Ensured>;
  /** The same for many, in their order; in batches as `addMany`. A name that is given twice is announced once at most. */
  ensureMany(streams: readonly NewStream<TInput>[]): Promise<Ensured[]>;
  /**
   * Adds an entry to a data stream, and has its owner look: the stream is announced unless it waits already or is owned, and then its owner is touched and woken.
   * Resolves with the entry's id and what `ensure()` says of the stream. The entry is there first, always. Of calls that are not awaited one after the other
   * nobody knows which is first in the stream.
   * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable`, `RedisRefused`, `PermissionDenied`, and then `details.sent` says whether the entry
   *   may be there, `details.appended` has its id where it is known to be, and `details.unknown` is empty where it is known not to be
   */
  append(name: string, fields: TFields, ...rest: OptionsArgument<TInput, AppendOptions>): Promise<Appended>;
  /**
   * Adds many, in their order; those of one data stream stay in that order. In batches of at most 500, and of about 1 MiB; when one fails, those before it are there.
   * @throws as `append`, with `details.appended` for each, and `details.unknown` the places of those that may be there: all others without an id are not, and may be
   *   appended again; `OutcomeUnknown` where Redis refused an entry and has one that was to follow it
   */
  appendMany(entries: readonly NewDataEntry<TInput, TFields>[]): Promise<Appended[]>;
  /** Adds the end mark to a data stream, an entry whose first field is `_end`, and has its owner look, as `append` does: who reads its entries finishes it there. */
  end(name: string, ...rest: OptionsArgument<TInput, EndOptions>): Promise<Appended>;
  /**
   * Cancels a data stream. What waits or is delayed is gone when it resolves. Where a consumer owns it, its signal aborts with `StreamCancelled`, within
   * a heartbeat, and it is finished when its handler has returned or its grace is over. Safe to repeat, and repeated while the answer is lost.
   * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  cancel(name: string): Promise<Cancelled>;
  /** The same for many, in their order; 100 at a time. */
  cancelMany(names: readonly string[]): Promise<Cancelled[]>;
  /**
   * Nobody is given this data stream any more, until it is resumed; who owns it goes on. Kept in Redis. Safe to repeat, and repeated while the answer is
   * lost. Resolves with whether it was not paused before, and how many entries of it wait aside.
   * @throws StreamwardenError `InvalidOption` before any I/O; `RedisUnavailable`, `RedisRefused`, `PermissionDenied`
   */
  pause(name: string): Promise<PauseChange>;
  /** The opposite. What waits aside is given out by the consumers, within a heartbeat. */
  resume(name: string): Promise<PauseChange>;
  close(): Promise<void>;
}

const BATCH = 500;

export interface ProducerSettings extends CompiledProducerOptions {
  readonly logger: Logger;
  /** Whether a server may be asked if it adds once what is sent twice, and told to. @defaultValue true */
  readonly isIdempotent?: boolean;
}

export function openProducer(
  {
    names,
    redis,
    isCluster,
    timeoutMs,
    telemetry,
    maxEntryBytes,
    infoSchema,
    entrySchema,
    data,
    logger,
    isIdempotent = true,
  }: ProducerSettings,
  clock: Clock,
): Producer {
  const connections = createConnections({
    target: redis,
    isCluster,
    clock,
    logger,
    heartbeatMs: timeoutMs,
    connectionName: `streamwarden:producer:${randomHex(clock, 4)}`,
    home: names.lbs,
  });
  const link = connections.commands;
  const commands = createHomeCommands(connections, clock, Math.max(commandTimeoutFor(timeoutMs), 1000));
  const connection = createProducerConnection(connections, clock, timeoutMs);
  const repeated = createRepeatedCall({
    connections,
    connection,
    clock,
    timeoutMs,
    isClosed: () => isClosed,
  });
  const ensurer = createEnsurer({ commands, names, maxEntryBytes, repeated });
  const checkFields = entrySchema && createProducedFieldsCheck(entrySchema, names.service);
  const checkInfo = infoSchema && createProducedInfoCheck(infoSchema, names.service);
  const watch = telemetry ? new ProducerTelemetry(names.lbs, clock) : undefined;
  const once = new SentOnce(() => randomHex(clock, 12));
  const place = openDataPlace({ connections, commands, connection, target: data, clock, logger, timeoutMs });
  const appender = createAppender({
    names,
    servers: place.servers,
    add: createEntryAdder({ ...place, clock, timeoutMs, once, isIdempotent, isClosed: () => isClosed }),
    ensurer,
    maxEntryBytes,
  });
  let isClosed = false;

  /**
   * What Redis refuses because another server is to be asked has not been executed, and is sent again. So is what has no answer, where the server adds it once
   * all the same.
   */
  async function addBatch(batch: readonly string[][]): Promise<string[]> {
    const ids: string[] = new Array(batch.length);
    const deadline = clock.monotonic() + timeoutMs;
    let left = batch.map((_, index) => index);
    let marked: Marks | undefined;
    /** Marked entries have no answer. */
    let unanswered: { readonly error: StreamwardenError; readonly until: number } | undefined;
    for (;;) {
      if (isClosed) throw new StreamwardenError('RuntimeStopped', 'the producer is closed');
      await connection.up().catch((error: unknown) => {
        throw unanswered?.error ?? error;
      });
      let isKept = false;
      const replies = await commands
        .run('XADD', async (client) => {
          isKept = isIdempotent && (await once.isKept(client));
          // Another server than before, which does not know what the other one has.
          if (unanswered !== undefined && !isKept) throw unanswered.error;
          if (isKept) marked ??= once.take(batch.length);
          const pipeline = client.pipeline();
          for (const index of left) {
            const mark = isKept ? (marked?.marks[index] ?? []) : [];
            pipeline.xadd(names.lbs, ...mark, '*', ...(batch[index] as string[]));
          }
          return (await pipeline.exec()) ?? [];
        })
        .catch((error: unknown) => left.map((): [unknown, null] => [error, null]));
      const errors = replies.map(([error]) => error && redisError(error, 'XADD', true));
      replies.forEach(([, id], at) => {
        if (errors[at] === null) ids[left[at] as number] = id as string;
      });
      const refusal = errors.find((error) => error !== null);
      if (!refusal) {
        marked?.free();
        return ids;
      }
      const now = clock.monotonic();
      const silent = isKept && errors.find((error) => error !== null && mayHaveExecuted(error));
      if (silent) unanswered ??= { error: silent, until: now + REMEMBERED_MS };
      const isRepeatable = unanswered === undefined ? isElsewhere : isPassing;
      const failure = errors.find((error) => error !== null && !isRepeatable(error));
      if (failure) throw unanswered?.error ?? failure;
      if (connections.kind !== 'cluster' && replyOf(refusal) === 'MOVED') throw clusterClientRequired();
      if (now >= Math.min(deadline, unanswered?.until ?? deadline)) throw unanswered?.error ?? refusal;
      left = left.filter((_, at) => errors[at] !== null);
      if (isElsewhere(refusal)) link.replace(refusal as StreamwardenError);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  }

  /** What has no answer may be there: it is not sent again. */
  async function addLater(
    entries: readonly (SizedEntry & LaterEntry)[],
    trace?: TraceFields,
  ): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < entries.length) {
      const batch = batchAt(entries, ids.length, entries.length, trace, maxEntryBytes);
      const added = await repeated(
        () => addDelayed(commands, names, batch.entries, batch.trace),
        (error) => isElsewhere(error),
      );
      ids.push(...added);
    }
    return ids;
  }

  /** In their order: those that go together are next to one another. */
  async function send(entries: readonly (SizedEntry & LaterEntry)[], trace?: TraceFields): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < entries.length; from = ids.length) {
      const isLater = (entries[from] as LaterEntry).delayMs > 0;
      let end = from + 1;
      while (end < entries.length && (entries[end] as LaterEntry).delayMs > 0 === isLater) end += 1;
      const some = entries.slice(from, end);
      ids.push(...(await (isLater ? addLater(some, trace) : addNow(some, trace))));
    }
    return ids;
  }

  async function addNow(entries: readonly SizedEntry[], trace?: TraceFields): Promise<string[]> {
    const ids: string[] = [];
    let batch: string[][] = [];
    let batchBytes = 0;
    const more = traceBytes(trace);
    for (const { payload, bytes: untraced } of entries) {
      // It fits without: what it is worth to a tracer is no reason to refuse it.
      const fits = untraced + more <= maxEntryBytes;
      const bytes = fits ? untraced + more : untraced;
      if (batch.length === BATCH || (batch.length > 0 && batchBytes + bytes > BATCH_BYTES)) {
        ids.push(...(await addBatch(batch)));
        batch = [];
        batchBytes = 0;
      }
      batch.push(encodeEntry(payload, fits ? trace : undefined));
      batchBytes += bytes;
    }
    if (batch.length > 0) ids.push(...(await addBatch(batch)));
    return ids;
  }

  async function announce(streams: readonly AddedStream[], isBatch: boolean): Promise<string[]> {
    const entries = addedEntriesOf(streams, maxEntryBytes);
    await checkInfo?.(entries);
    if (watch === undefined) return await send(entries);
    return await watch.send(entries.length, isBatch, (trace) => send(entries, trace));
  }

  async function cancel(given: readonly string[], isBatch: boolean): Promise<Cancelled[]> {
    const streams = namesOf(given);
    const act = () => cancelAll(repeated, commands, names, streams);
    if (watch === undefined) return await act();
    return await watch.cancel(streams.length, isBatch, act);
  }

  async function change(what: 'pause' | 'resume', name: string): Promise<PauseChange> {
    const streams = namesOf([name]);
    const [changed] = await repeated(() => pauseStreams(commands, names, what, streams));
    return changed as PauseChange;
  }

  async function ensure(streams: readonly NewStream[], isBatch: boolean): Promise<Ensured[]> {
    const entries = entriesOf(streams, maxEntryBytes);
    await checkInfo?.(entries);
    if (watch === undefined) return await ensurer.ensure(entries);
    return await watch.ensure(entries.length, isBatch, (trace) => ensurer.ensure(entries, { trace }));
  }

  async function append(entries: readonly CheckedEntry[], isBatch: boolean): Promise<Appended[]> {
    await checkInfo?.(entries.map(({ stream }) => stream));
    if (watch === undefined) return await appender.append(entries);
    return await watch.append(entries.length, isBatch, (trace) => appender.append(entries, trace));
  }

  async function close(): Promise<void> {
    isClosed = true;
    place.close();
    connection.close();
  }

  return {
    add: async (name, info, options = {}) => {
      const { delayMs = 0 } = onlyKnown(options, ['delayMs']) as AddOptions;
      return (await announce([{ name, info: info ?? null, delayMs }], false))[0] as string;
    },
    addMany: (streams) => announce(streams, true),
    ensure: async (name, info) => (await ensure([{ name, info: info ?? null }], false))[0] as Ensured,
    ensureMany: (streams) => ensure(streams, true),
    append: async (name, fields, options = {}) => {
      const given = { ...appendOptionsOf(options, 'maxLen'), name, fields };
      const entries = appendedOf([given], names, maxEntryBytes);
      await checkFields?.(entries);
      return (await append(entries, false))[0] as Appended;
    },
    appendMany: async (given) => {
      const entries = appendedOf(given, names, maxEntryBytes);
      await checkFields?.(entries);
      return await append(entries, true);
    },
    end: async (name, options = {}) => {
      const given = { ...appendOptionsOf(options), name };
      return (await append([endOf(given, names, maxEntryBytes)], false))[0] as Appended;
    },
    cancel: async (name) => (await cancel([name], false))[0] as Cancelled,
    cancelMany: (streams) => cancel(streams, true),
    pause: (name) => change('pause', name),
    resume: (name) => change('resume', name),
    close,
    [Symbol.asyncDispose]: close,
  };
}
