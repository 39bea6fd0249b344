/** Announces data streams. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Clock, systemClock } from '../core/clock.js';
import { guardedLogger, type Logger, silentLogger } from '../core/logger.js';
import type { RedisSource } from '../redis/asked-target.js';
import type { RedisTarget } from '../redis/target.js';
import type { Service } from './define-service.js';
import type { NewEntryFields } from './new-entries.js';
import { openProducer, type Producer } from './open-producer.js';
import { producerNames } from './options.js';

export interface ProducerOptions<TInput = object | null, TFields = NewEntryFields> {
  /** As in RuntimeOptions. */
  readonly redis: RedisSource;
  /** As in RuntimeOptions: needed where `redis` is a function, and Redis is a cluster. */
  readonly clusterMode?: 'oss' | 'singleShard';
  /** As in RuntimeOptions. With a schema `info` is checked before anything is sent. */
  // biome-ignore lint/suspicious/noExplicitAny: what handlers get is no matter here
  readonly service: string | Service<TInput, any, any, StandardSchemaV1<TFields, any> | undefined>;
  /** How long a call waits for Redis, in milliseconds. @defaultValue 10000 */
  readonly timeoutMs?: number;
  /**
   * As in RuntimeOptions: a larger entry, or one whose payload is nested too deep, is refused as `InvalidOption` before anything is sent.
   * @defaultValue 1048576
   */
  readonly maxEntryBytes?: number;
  /**
   * Where the entries of data streams are, if not where the service is: a URL, ioredis options, or a client or cluster that serves as a template. As in
   * RuntimeOptions. @defaultValue where the service is
   */
  readonly data?: RedisTarget;
  readonly logger?: Logger;
  /** As in RuntimeOptions. A traced call marks its entries with its context, which the owner's span is linked to. @defaultValue true */
  readonly telemetry?: boolean;
}

/** @throws StreamwardenError `InvalidOption` */
export function createProducer<TInput = object | null, TFields = NewEntryFields>(
  options: ProducerOptions<TInput, TFields>,
): Producer<TInput, TFields> {
  return composeProducer(options, systemClock);
}

/** As `createProducer`, in another time. @param isIdempotent as in ProducerSettings */
export function composeProducer<TInput = object | null, TFields = NewEntryFields>(
  options: ProducerOptions<TInput, TFields>,
  clock: Clock,
  isIdempotent = true,
): Producer<TInput, TFields> {
  return openProducer(
    { ...producerNames(options), logger: guardedLogger(options.logger ?? silentLogger), isIdempotent },
    clock,
  ) as Producer<TInput, TFields>;
}
