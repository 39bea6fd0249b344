/** Raw options → validated → compiled. Everything wrong with them is said before any I/O. */
import { hostname } from 'node:os';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { BalanceSettings } from '../actors/balance/settings.js';
import type { LoadFacts, LoadOption } from '../actors/data/lag.js';
import { type Clock, systemClock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import { guardedClock } from '../core/guarded-clock.js';
import { guardedLogger, type Logger, silentLogger } from '../core/logger.js';
import { problemForThread } from '../heartbeat/place.js';
import type { RedisSource } from '../redis/asked-target.js';
import type { Layout } from '../redis/layout.js';
import { hashTag, type Names } from '../redis/names.js';
import { deploymentOf, type RedisTarget } from '../redis/target.js';
import type { CompiledRecordOptions, RecordOptions } from '../replay/record-options.js';
import type { MetricsRecorder } from '../telemetry/metrics-recorder.js';
import { withData } from './data-place.js';
import { type AnyService, serviceOf } from './define-service.js';
import type { ErrorListener, HandlerDelay } from './handler-options.js';
import type { InspectionObserver } from './inspection-observer.js';
import { invalid, parseWith } from './option-errors.js';
import { ELSEWHERE, processSchema, producerSchema, runtimeSchema, serviceSchema } from './option-schema.js';
import { compiled } from './record-schema.js';
import { serviceNames } from './service-names.js';
import type { CompiledProducerOptions, CompiledServiceOptions } from './service-settings.js';
import type { ProcessOptions, StreamHandle } from './types.js';

export interface BackoffOptions {
  /** First delay in milliseconds; doubles each time, with jitter. */
  readonly initialMs?: number;
  /** Longest delay in milliseconds. */
  readonly maxMs?: number;
}

export interface ReadRetryOptions extends BackoffOptions {
  /** How many failures in a row end the runtime; -1: none ever does, 0: the first one. */
  readonly attempts?: number;
}

/** How streams are shared out among the processes of a fleet. docs/how-to/scale-out-and-in.md. */
export interface BalanceOptions<TInfo = unknown> {
  /** How many streams this process hands over in one round at most. 1 to 1,000,000. @defaultValue 1000 */
  readonly maxMoves?: number;
  /** How far a process may be from its share before anything is handed over, as a part of the share. 0.01 to 10. @defaultValue 0.1 */
  readonly maxShare?: number;
  /** Time between two rounds of the fleet, in milliseconds; the shortest of all processes counts. 200 to 3,600,000. @defaultValue 1000 */
  readonly everyMs?: number;
  /** For how long nobody may have come or gone before anything is handed over, in milliseconds. 0 to 3,600,000. @defaultValue 3000 */
  readonly settleMs?: number;
  /** Whether a stream may be handed over for this. Asked when one is to be chosen; what throws, or says anything but true, stays. @defaultValue all may */
  readonly movable?: (stream: StreamHandle<TInfo>) => boolean;
}

/** Options of {@link createRuntime}. The table in docs/reference/contract.md has units, defaults, ranges and consequences. */
export interface RuntimeOptions<TInfo = unknown, TCheckpoint = unknown> {
  /**
   * Where Redis is: a URL, ioredis options that say where, a client or cluster that serves as a template and is neither used nor closed; or a function
   * that gives one of these, at once or later, and is asked at every connection. docs/how-to/rotate-credentials.md.
   */
  readonly redis: RedisSource;
  /**
   * `oss`: Redis is a cluster, `singleShard`: it is one server or what looks like one.
   * @defaultValue what `redis` is; where that is a function, `singleShard`
   */
  readonly clusterMode?: 'oss' | 'singleShard';
  /**
   * Where the data streams are that `stream.entries()` reads: as `redis`, but no function.
   * @defaultValue where the load balancer stream is
   */
  readonly data?: RedisTarget;
  /**
   * Name of the service: names the load balancer stream `<service>-input` and the group `<service>-group`. Or what `defineService()` returns, which has
   * the `infoSchema` and the `checkpointSchema` as well.
   */
  readonly service: string | AnyService<TInfo, TCheckpoint>;
  /**
   * Who this process is. Every start adds a suffix of its own.
   * @defaultValue `redis-consumer-$POD_NAME`, else `redis-consumer-$POD_IP`, else `redis-consumer-<host name>-<process id>`
   */
  readonly consumerId?: string;
  /** How many streams this process owns at most. 1 to 1,000,000. @defaultValue 10000 */
  readonly capacity?: number;
  /** How long a lease lives without a sign of life, in milliseconds; refreshed every half of it. 200 to 600,000. @defaultValue 2000 */
  readonly heartbeatMs?: number;
  /**
   * Who refreshes the lease: `loop`, the event loop, or `thread`, a worker thread as well, which goes on while the loop is blocked.
   * docs/how-to/survive-a-blocked-loop.md. @defaultValue 'loop'
   */
  readonly heartbeat?: 'loop' | 'thread';
  /**
   * How long the event loop may be late with its heartbeat, in milliseconds, until the thread lets the lease run out. Only with `heartbeat: 'thread'`.
   * 1000 to 3,600,000. @defaultValue 30000
   */
  readonly maxBlockedMs?: number;
  /** How often the whole pending list is looked through, in milliseconds. 100 to 86,400,000. @defaultValue 60000 */
  readonly reconcileEveryMs?: number;
  /** How much of the interval is added by chance, so that a fleet does not scan in step. 0 to 1. @defaultValue 0.1 */
  readonly reconcileJitter?: number;
  /** How long an entry has been pending before the scan may take it, in milliseconds. At least `heartbeatMs`. @defaultValue 30000 */
  readonly minIdleMs?: number;
  /** How many pending entries the scan asks for at a time. 1 to 500. @defaultValue 50 */
  readonly scanBatch?: number;
  /** How many retries a stream gets; one more and it is dead-lettered. 0 to 1,000,000. @defaultValue 3 */
  readonly maxRetries?: number;
  /**
   * How long one owner has to hold a stream until what happened to it before is forgotten: its retries, failures and deaths begin at 0 again.
   * In milliseconds, give or take half a heartbeat. A stream that its owner dies of later than that is never dead-lettered. 100 to 86,400,000.
   * @defaultValue 60000
   */
  readonly provenAfterMs?: number;
  /**
   * For how long the checkpoints of all streams of this process are gathered before they are written together, in milliseconds; one that comes after a
   * pause is written at once. 0 to 60,000. @defaultValue 50
   */
  readonly flushMs?: number;
  /**
   * How long a checkpoint is kept of a stream that nobody owns, since it was written, in milliseconds. 1000 to 316,224,000,000.
   * @defaultValue 31622400000, the longest delay
   */
  readonly checkpointKeepMs?: number;
  /**
   * Most bytes that the fields and values of an entry may have together; a larger one is dead-lettered as `tooLarge`, and is not parsed. The
   * network has to carry one within `heartbeatMs`, and at least 1 s: 1 MiB in 2 s is 4.2 Mbit/s. All consumers, and the producers, should have
   * the same. 1024 to 536,870,912. @defaultValue 1048576
   */
  readonly maxEntryBytes?: number;
  /**
   * What becomes of integers in `Info` that a number cannot hold (beyond 2^53 - 1, as 64-bit ids are): `round`, to the nearest number, as JSON.parse
   * does, or `text`, a string of their digits. @defaultValue 'round'
   */
  readonly largeIntegers?: 'round' | 'text';
  /**
   * What becomes of an entry while another one of its name waits: `queue`, it waits too, and its stream is given out once for each; or `coalesce`, it is
   * finished, and the first one that waits stands for it, with the info that it has. All consumers of a group should have the same.
   * @defaultValue 'queue'
   */
  readonly duplicates?: 'queue' | 'coalesce';
  /** Name of the dead-letter stream. @defaultValue `<service>-input-dlq` */
  readonly dlqStream?: string;
  /** About how many dead letters are kept; the oldest are trimmed. 0: all. @defaultValue 10000 */
  readonly dlqMaxLen?: number;
  /** What happens when reading fails. @defaultValue for ever, from 100 ms doubling to 30 s */
  readonly readRetry?: ReadRetryOptions;
  /**
   * How long a stream whose handler threw is kept before it is requeued; a function says so for each failure.
   * @defaultValue from 1 s doubling to 30 s with the retry count
   */
  readonly handlerBackoff?: BackoffOptions | HandlerDelay;
  /** How many notifications wait for a slow reader. 1 to 1,000,000. @defaultValue 500 */
  readonly notificationBuffer?: number;
  /** Keep a lock key per stream, as consumers of the Go client need. All consumers of a group must agree. @defaultValue true */
  readonly lockKeys?: boolean;
  /** Requeue the streams of a dead owner at once. @defaultValue true */
  readonly autoClaim?: boolean;
  /** Keyspace events: `require` them, `prefer` them (go on by asking where CONFIG is forbidden), or `off`. @defaultValue 'require' */
  readonly keyspaceEvents?: 'require' | 'prefer' | 'off';
  /** Whether a `notify-keyspace-events` that others have set may be widened to the union of both. @defaultValue false */
  readonly keyspaceOverride?: boolean;
  /** What happens to a stream whose lease could not be confirmed in time. @defaultValue 'continue' */
  readonly onUncertain?: 'continue' | 'abort';
  /** How long handlers get to return after their signal aborted on `stop()`, in milliseconds. 0 to 600,000. @defaultValue 5000 */
  readonly handOverGraceMs?: number;
  /** How long `start()` waits for Redis, in milliseconds. 0 to 3,600,000. @defaultValue 30000 */
  readonly startTimeoutMs?: number;
  /** Standard Schema (zod, valibot, arktype, …) that `Info` has to satisfy; its output is what the application gets. */
  readonly infoSchema?: StandardSchemaV1<unknown, TInfo>;
  /** Standard Schema that answers at once, for what handlers save as checkpoints. @defaultValue none: a checkpoint is a text */
  readonly checkpointSchema?: StandardSchemaV1<unknown, TCheckpoint>;
  /** What happens to an entry whose `Info` does not satisfy it: dead-lettered as `unparseable`, or delivered as it came. @defaultValue 'deadLetter' */
  readonly onInvalidInfo?: 'deadLetter' | 'deliver';
  /** Where the log goes; pino's loggers fit. @defaultValue nowhere */
  readonly logger?: Logger;
  /**
   * Called with whatever a handler throws, before its back-off. What it throws itself is logged. With neither this nor a `logger`, the first
   * failure of the process is written to stderr as a warning of Node.js.
   * @defaultValue none
   */
  readonly onError?: ErrorListener<TInfo>;
  /** How much of the fleet's streams this process is to have, beside the others. 0.01 to 1000. @defaultValue 1 */
  readonly weight?: number;
  /**
   * How much work its streams are to this process, as one figure from 0 up, in any unit that all processes use: it counts in place of their number. Asked
   * with each heartbeat; an average of the latest counts. It is given how many streams there are, and how far they are behind with their entries. `lag`: the number of
   * streams, of which one that is behind counts for one more for each 10 s that its oldest entry has waited, three more at most.
   * @defaultValue the number of streams
   */
  readonly load?: 'lag' | ((facts: LoadFacts) => number);
  /** Whether, and how, streams are handed over to processes that have fewer; `off`: none of this process are. @defaultValue as BalanceOptions say */
  readonly balance?: 'off' | BalanceOptions<TInfo>;
  /** Time and chance. @defaultValue the operating system's */
  readonly clock?: Clock;
  /** A Redis list that every change of owner is appended to, for proofs; grows without bound. Must carry the load balancer stream's hash tag. */
  readonly historyKey?: string;
  /** Records what happens, from the first moment on; `runtime.recording` is the handle. docs/how-to/record-and-replay.md. @defaultValue off */
  readonly record?: RecordOptions;
  /** OpenTelemetry, where the application has its API and an SDK: metrics and spans. docs/reference/telemetry.md. @defaultValue true */
  readonly telemetry?: boolean;
  /** Is told what is measured, for metrics of the application's own, with or without OpenTelemetry. docs/reference/telemetry.md. @defaultValue none */
  readonly recorder?: MetricsRecorder;
  /** Gets XState's inspection events of every actor: a function or an observer, as XState's `inspect` takes it. Costs half of the throughput. @defaultValue none */
  readonly inspect?: InspectionObserver;
}

/** Options with every default in place. */
export interface CompiledOptions<TInfo = unknown> {
  readonly redis: RedisSource;
  readonly isCluster: boolean;
  /** Undefined: data streams are where the load balancer stream is. */
  readonly data: RedisTarget | undefined;
  readonly names: Names;
  readonly consumerId: string;
  /** The database the connection selects. */
  readonly database: number;
  readonly capacity: number;
  readonly heartbeatMs: number;
  readonly heartbeat: 'loop' | 'thread';
  readonly maxBlockedMs: number;
  readonly reconcileEveryMs: number;
  readonly reconcileJitter: number;
  readonly minIdleMs: number;
  readonly scanBatch: number;
  readonly maxRetries: number;
  readonly provenAfterMs: number;
  readonly flushMs: number;
  readonly checkpointKeepMs: number;
  readonly maxEntryBytes: number;
  readonly largeIntegers: 'round' | 'text';
  readonly duplicates: 'queue' | 'coalesce';
  readonly dlqMaxLen: number;
  readonly layout: Layout;
  readonly readRetry: Required<ReadRetryOptions>;
  readonly handlerBackoff: Required<BackoffOptions>;
  /** Where `handlerBackoff` is a function; the other is what it falls back on. */
  readonly handlerDelay: HandlerDelay | undefined;
  readonly notificationBuffer: number;
  readonly lockKeys: boolean;
  readonly autoClaim: boolean;
  readonly keyspaceEvents: 'require' | 'prefer' | 'off';
  readonly keyspaceOverride: boolean;
  readonly onUncertain: 'continue' | 'abort';
  readonly handOverGraceMs: number;
  readonly startTimeoutMs: number;
  readonly infoSchema: StandardSchemaV1<unknown, TInfo> | undefined;
  readonly checkpointSchema: StandardSchemaV1 | undefined;
  readonly onInvalidInfo: 'deadLetter' | 'deliver';
  readonly logger: Logger;
  /** Whether the application gave that logger. */
  readonly hasLogger: boolean;
  readonly onError: ErrorListener<TInfo> | undefined;
  readonly clock: Clock;
  readonly historyKey: string | undefined;
  readonly weight: number;
  readonly load: LoadOption | undefined;
  readonly balance: BalanceSettings;
  /** The option `balance.movable`. */
  readonly movable: ((stream: StreamHandle<TInfo>) => boolean) | undefined;
  readonly record: CompiledRecordOptions | undefined;
  readonly telemetry: boolean;
  readonly recorder: MetricsRecorder | undefined;
  readonly inspect: InspectionObserver | undefined;
}

function checkClusterMode(mode: 'oss' | 'singleShard' | undefined, isCluster: boolean): void {
  if (mode === 'oss' && !isCluster) {
    throw new StreamwardenError(
      'ClusterClientRequired',
      "expected redis to be a cluster (redis-cluster://host:port,… or an ioredis Cluster) since clusterMode is 'oss', got: a single server",
    );
  }
  if (mode === 'singleShard' && isCluster) {
    throw invalid('clusterMode', "'oss' or left out since redis is a cluster", mode);
  }
}

/**
 * Options of whoever looks after a service, validated by the same rules.
 * @throws StreamwardenError `InvalidOption`
 */
export function serviceOptions(raw: unknown): CompiledServiceOptions {
  const { redis, clusterMode, service, dlqStream, timeoutMs } = parseWith(serviceSchema, raw, ELSEWHERE);
  const { name } = serviceOf(service);
  const { names, layout, isCluster } = serviceNames(redis, name, dlqStream, clusterMode);
  checkClusterMode(clusterMode, isCluster);
  return { redis, isCluster, names, layout, timeoutMs };
}

/**
 * Options of a producer, validated by the same rules.
 * @throws StreamwardenError `InvalidOption`
 */
export function producerNames(raw: unknown): CompiledProducerOptions {
  const { redis, clusterMode, service, timeoutMs, telemetry, maxEntryBytes, data } = parseWith(
    producerSchema,
    raw,
    ELSEWHERE,
  );
  const { name, infoSchema, entrySchema } = serviceOf(service);
  const { names, isCluster } = serviceNames(redis, name, undefined, clusterMode);
  checkClusterMode(clusterMode, isCluster);
  return {
    redis,
    isCluster,
    timeoutMs,
    telemetry,
    maxEntryBytes,
    names: withData(names, data),
    infoSchema,
    entrySchema,
    data,
  };
}

/** Where there is no pod: a name that no other process of the fleet has at the same time. */
function hostAndProcess(): string {
  return `${hostname()}-${process.pid}`;
}

function consumerIdFrom(given: string | undefined, environment: Readonly<NodeJS.ProcessEnv>): string {
  return given ?? `redis-consumer-${environment.POD_NAME || environment.POD_IP || hostAndProcess()}`;
}

/**
 * How many handlers run at once.
 *
 * @throws StreamwardenError `InvalidOption`
 */
export function concurrencyOf(options: ProcessOptions, capacity: number): number {
  return parseWith(processSchema, options, ELSEWHERE).concurrency ?? capacity;
}

function delayOf<TInfo>(raw: RuntimeOptions<TInfo>): HandlerDelay | undefined {
  const delay = raw.handlerBackoff;
  return typeof delay === 'function' ? delay : undefined;
}

/** The schema knows the objects only: their members have names, limits and defaults. */
function withObjects<TInfo>(raw: RuntimeOptions<TInfo>): RuntimeOptions<TInfo> {
  const isDelay = typeof raw?.handlerBackoff === 'function';
  const isOff = raw?.balance === 'off';
  if (!isDelay && !isOff) return raw;
  const { handlerBackoff, balance, ...rest } = raw;
  return {
    ...rest,
    ...(!isDelay && handlerBackoff !== undefined && { handlerBackoff }),
    ...(!isOff && balance !== undefined && { balance }),
  };
}

/**
 * @throws StreamwardenError `InvalidOption`
 */
/** What a function gives is looked at when it has given it. */
function checkThread(redis: RedisSource): void {
  if (typeof redis === 'function') return;
  const problem = problemForThread(deploymentOf(redis).options);
  if (problem === undefined) return;
  throw invalid('redis', "what a thread can connect to, since heartbeat is 'thread'", problem);
}

export function compileOptions<TInfo>(
  raw: RuntimeOptions<TInfo>,
  environment: Readonly<NodeJS.ProcessEnv> = process.env,
): CompiledOptions<TInfo> {
  const {
    service,
    dlqStream,
    consumerId,
    logger,
    onError,
    clock,
    infoSchema,
    checkpointSchema,
    historyKey,
    record,
    inspect,
    recorder,
    clusterMode,
    balance,
    ...rest
  } = parseWith(runtimeSchema, withObjects(raw), ELSEWHERE);

  for (const name of ['readRetry', 'handlerBackoff'] as const) {
    const { initialMs, maxMs } = rest[name];
    if (maxMs < initialMs) throw invalid(`${name}.maxMs`, `at least ${name}.initialMs (${initialMs})`, maxMs);
  }
  if (rest.minIdleMs < rest.heartbeatMs) {
    throw invalid('minIdleMs', `at least heartbeatMs (${rest.heartbeatMs})`, rest.minIdleMs);
  }
  if (rest.heartbeat === 'thread') checkThread(rest.redis);
  else if (raw.maxBlockedMs !== undefined) {
    throw invalid('maxBlockedMs', "left out, unless heartbeat is 'thread'", raw.maxBlockedMs);
  }
  const ofService = serviceOf(service);
  const { name } = ofService;
  if (infoSchema !== undefined && ofService.infoSchema !== undefined) {
    throw invalid('infoSchema', 'left out, since the service has one', infoSchema);
  }
  if (checkpointSchema !== undefined && ofService.checkpointSchema !== undefined) {
    throw invalid('checkpointSchema', 'left out, since the service has one', checkpointSchema);
  }
  const { layout, database, isCluster, ...own } = serviceNames(rest.redis, name, dlqStream, clusterMode);
  const names = withData(own.names, rest.data);
  checkClusterMode(clusterMode, isCluster);
  if (historyKey !== undefined && hashTag(historyKey) !== hashTag(names.lbs)) {
    throw invalid('historyKey', `a key with the hash tag ${hashTag(names.lbs)}`, historyKey);
  }
  return {
    ...rest,
    data: rest.data,
    load: rest.load,
    balance: { ...balance, isOn: raw.balance !== 'off' },
    movable: balance.movable as ((stream: StreamHandle<TInfo>) => boolean) | undefined,
    handlerDelay: delayOf(raw),
    isCluster,
    layout,
    names,
    consumerId: consumerIdFrom(consumerId, environment),
    database,
    hasLogger: logger !== undefined,
    onError: onError as ErrorListener<TInfo> | undefined,
    logger: guardedLogger((logger as Logger | undefined) ?? silentLogger),
    clock: guardedClock((clock as Clock | undefined) ?? systemClock),
    infoSchema: (infoSchema ?? ofService.infoSchema) as StandardSchemaV1<unknown, TInfo> | undefined,
    checkpointSchema: (checkpointSchema ?? ofService.checkpointSchema) as StandardSchemaV1 | undefined,
    historyKey,
    record: record && compiled(record),
    recorder: recorder as MetricsRecorder | undefined,
    inspect: inspect as InspectionObserver | undefined,
  };
}
