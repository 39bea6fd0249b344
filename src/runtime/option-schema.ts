/**
 * What options have to look like. The description of each schema completes the sentence 'expected <option> to be …', which is the only
 * message there is; a default keeps the description of what it wraps.
 */
import * as z from 'zod';
import type { LoadOption } from '../actors/data/lag.js';
import type { RedisSource } from '../redis/asked-target.js';
import type { RedisTarget } from '../redis/target.js';
import { type AnyService, isService } from './define-service.js';
import type { Elsewhere } from './option-errors.js';
import {
  DATA_TARGET_WORDS,
  integerWords,
  isRedisTarget,
  MAX_ENTRY_BYTES,
  REDIS_TARGET_WORDS,
  TEXT_WORDS,
  TIMEOUT_MS,
} from './option-rules.js';
import { recordSchema } from './record-schema.js';

// Every schema's description completes the sentence 'expected <option> to be …'; there is no other message.
const integer = (min: number, max: number) => z.int().min(min).max(max).describe(integerWords(min, max));
const text = z.string().min(1).describe(TEXT_WORDS);
const flag = z.boolean().describe('true or false');
const oneOf = <T extends string>(...values: [T, ...T[]]) =>
  z.enum(values).describe(`one of ${values.map((value) => `'${value}'`).join(', ')}`);
const objectWith = (description: string, ...members: string[]) =>
  z
    .custom<object>((value) => {
      const object = value as Record<string, unknown> | null;
      return (
        (typeof value === 'object' || typeof value === 'function') &&
        members.every((name) => name in (object ?? {}))
      );
    })
    .describe(description);
const backoff = (initialMs: number, maxMs: number) => ({
  initialMs: integer(1, 3_600_000).default(initialMs),
  maxMs: integer(1, 3_600_000).default(maxMs),
});

const service = z
  .custom<string | AnyService>((value) => (typeof value === 'string' ? value !== '' : isService(value)))
  .describe(TEXT_WORDS);
const dataTarget = z
  .custom<RedisTarget>((value) => typeof value !== 'function' && isRedisTarget(value))
  .describe(DATA_TARGET_WORDS);
const redisTarget = z.custom<RedisSource>(isRedisTarget).describe(REDIS_TARGET_WORDS);

/** Options of a runtime. */
export const runtimeSchema = z.strictObject({
  redis: redisTarget,
  clusterMode: oneOf('oss', 'singleShard').optional(),
  data: dataTarget.optional(),
  service,
  consumerId: text.optional(),
  capacity: integer(1, 1_000_000).default(10_000),
  heartbeatMs: integer(200, 600_000).default(2000),
  heartbeat: oneOf('loop', 'thread').default('loop'),
  maxBlockedMs: integer(1000, 3_600_000).default(30_000),
  reconcileEveryMs: integer(100, 86_400_000).default(60_000),
  reconcileJitter: z.number().min(0).max(1).default(0.1).describe('a number from 0 to 1'),
  minIdleMs: integer(1, 86_400_000).default(30_000),
  scanBatch: integer(1, 500).default(50),
  maxRetries: integer(0, 1_000_000).default(3),
  provenAfterMs: integer(100, 86_400_000).default(60_000),
  flushMs: integer(0, 60_000).default(50),
  checkpointKeepMs: integer(1_000, 316_224_000_000).default(31_622_400_000),
  maxEntryBytes: integer(MAX_ENTRY_BYTES.min, MAX_ENTRY_BYTES.max).default(MAX_ENTRY_BYTES.default),
  largeIntegers: oneOf('round', 'text').default('round'),
  duplicates: oneOf('queue', 'coalesce').default('queue'),
  dlqStream: text.optional(),
  dlqMaxLen: integer(0, 1_000_000_000).default(10_000),
  readRetry: z
    .strictObject({ attempts: integer(-1, 1_000_000).default(-1), ...backoff(100, 30_000) })
    .describe('an object with attempts, initialMs, maxMs')
    .prefault({}),
  handlerBackoff: z
    .strictObject(backoff(1000, 30_000))
    .describe('an object with initialMs, maxMs, or a function')
    .prefault({}),
  notificationBuffer: integer(1, 1_000_000).default(500),
  lockKeys: flag.default(true),
  autoClaim: flag.default(true),
  keyspaceEvents: oneOf('require', 'prefer', 'off').default('require'),
  keyspaceOverride: flag.default(false),
  onUncertain: oneOf('continue', 'abort').default('continue'),
  handOverGraceMs: integer(0, 600_000).default(5000),
  startTimeoutMs: integer(0, 3_600_000).default(30_000),
  infoSchema: objectWith('a Standard Schema', '~standard').optional(),
  checkpointSchema: objectWith('a Standard Schema', '~standard').optional(),
  onInvalidInfo: oneOf('deadLetter', 'deliver').default('deadLetter'),
  logger: objectWith(
    'an object with debug, info, warn and error',
    'debug',
    'info',
    'warn',
    'error',
  ).optional(),
  onError: z
    .custom<object>((value) => typeof value === 'function')
    .describe('a function')
    .optional(),
  weight: z.number().min(0.01).max(1000).default(1).describe('a number from 0.01 to 1000'),
  load: z
    .custom<LoadOption>((value) => value === 'lag' || typeof value === 'function')
    .describe("'lag' or a function that gives a number")
    .optional(),
  balance: z
    .strictObject({
      maxMoves: integer(1, 1_000_000).default(1000),
      maxShare: z.number().min(0.01).max(10).default(0.1).describe('a number from 0.01 to 10'),
      everyMs: integer(200, 3_600_000).default(1000),
      settleMs: integer(0, 3_600_000).default(3000),
      movable: z
        .custom<object>((value) => typeof value === 'function')
        .describe('a function')
        .optional(),
    })
    .describe("'off', or an object with maxMoves, maxShare, everyMs, settleMs, movable")
    .prefault({}),
  clock: objectWith('a Clock', 'now', 'monotonic', 'random', 'setTimeout', 'clearTimeout').optional(),
  historyKey: text.optional(),
  record: recordSchema.optional(),
  telemetry: flag.default(true),
  recorder: z
    .custom<object>((value) => typeof value === 'object' && value !== null)
    .describe('an object with methods of a MetricsRecorder')
    .optional(),
  inspect: z
    .custom<object>(
      (value) =>
        typeof value === 'function' || typeof (value as { next?: unknown } | null)?.next === 'function',
    )
    .describe('a function or an observer with next()')
    .optional(),
});

/** Its options are those of a runtime by the same names, and timeoutMs. */
export const producerSchema = z.strictObject({
  redis: redisTarget,
  clusterMode: runtimeSchema.shape.clusterMode,
  service,
  timeoutMs: integer(TIMEOUT_MS.min, TIMEOUT_MS.max).default(10_000),
  maxEntryBytes: runtimeSchema.shape.maxEntryBytes,
  data: dataTarget.optional(),
  telemetry: runtimeSchema.shape.telemetry,
  logger: runtimeSchema.shape.logger,
});

/** What somebody needs who looks after a service and is none of its consumers. */
export const serviceSchema = z.strictObject({
  redis: redisTarget,
  clusterMode: runtimeSchema.shape.clusterMode,
  service,
  dlqStream: runtimeSchema.shape.dlqStream,
  timeoutMs: producerSchema.shape.timeoutMs,
});

/** Options of a handler's processing. */
export const processSchema = z.strictObject({
  concurrency: z.int().min(1).describe('an integer from 1 up').optional(),
});

function takenBy(taker: string, schema: z.ZodObject): Elsewhere {
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, taker]));
}

/** Which function takes an option that another one does not. */
export const ELSEWHERE: Elsewhere = {
  ...takenBy('createProducer()', producerSchema),
  ...takenBy('createRuntime()', runtimeSchema),
};
