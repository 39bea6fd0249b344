/**
 * What a visit to a service, and a producer, work with; and how it comes out of text and numbers, as the command line has them. The rules are
 * those of the schemas, without the library that states them: it takes longer to load than such a visit takes.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { RedisSource } from '../redis/asked-target.js';
import type { Layout } from '../redis/layout.js';
import type { Names } from '../redis/names.js';
import type { RedisTarget } from '../redis/target.js';
import { invalid } from './option-errors.js';
import { integerWords, isRedisTarget, REDIS_TARGET_WORDS, TEXT_WORDS, TIMEOUT_MS } from './option-rules.js';
import { serviceNames } from './service-names.js';

export interface CompiledServiceOptions {
  readonly redis: RedisSource;
  readonly isCluster: boolean;
  readonly names: Names;
  readonly layout: Layout;
  readonly timeoutMs: number;
}

export interface CompiledProducerOptions {
  readonly redis: RedisSource;
  readonly isCluster: boolean;
  readonly names: Names;
  readonly timeoutMs: number;
  readonly telemetry: boolean;
  /** As in RuntimeOptions. */
  readonly maxEntryBytes: number;
  /** Where the entries of data streams are; undefined: where the service is. */
  readonly data?: RedisTarget | undefined;
  /** What `info` has to satisfy. */
  readonly infoSchema?: StandardSchemaV1<unknown, unknown> | undefined;
  /** What the fields of entries have to satisfy. */
  readonly entrySchema?: StandardSchemaV1<unknown, unknown> | undefined;
}

export interface GivenService {
  readonly redis: string;
  readonly service: string;
  readonly dlqStream?: string | undefined;
  readonly timeoutMs: number;
}

/** @throws StreamwardenError `InvalidOption` */
export function checkService({ redis, service, dlqStream }: Omit<GivenService, 'timeoutMs'>): void {
  if (!isRedisTarget(redis)) throw invalid('redis', REDIS_TARGET_WORDS, redis);
  if (service === '') throw invalid('service', TEXT_WORDS, service);
  if (dlqStream === '') throw invalid('dlqStream', TEXT_WORDS, dlqStream);
}

/** @throws StreamwardenError `InvalidOption`, as `serviceOptions` does */
export function serviceSettings(given: GivenService): CompiledServiceOptions {
  checkService(given);
  const { redis, service, dlqStream, timeoutMs } = given;
  const { min, max } = TIMEOUT_MS;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < min || timeoutMs > max) {
    throw invalid('timeoutMs', integerWords(min, max), timeoutMs);
  }
  const { names, layout, isCluster } = serviceNames(redis, service, dlqStream);
  return { redis, isCluster, names, layout, timeoutMs };
}
