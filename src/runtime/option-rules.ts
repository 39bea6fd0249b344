/** Rules of options that are also held without a schema, and the words for them, which complete 'expected <option> to be …'. */
import { problemOfTarget } from '../redis/target-rules.js';

export const TEXT_WORDS = 'a non-empty string';

export function integerWords(min: number, max: number): string {
  return `an integer from ${min} to ${max}`;
}

/** Of consumers and producers, in bytes. */
export const MAX_ENTRY_BYTES = { min: 1024, max: 536_870_912, default: 1_048_576 } as const;

/** Of visits and producers. */
export const TIMEOUT_MS = { min: 1, max: 3_600_000 } as const;

export const REDIS_TARGET_WORDS =
  'a URL (redis://…, rediss://…, redis-cluster://host:port,…, redis-sentinel://host:port,…/NAME), ioredis options that name a host, port, path or sentinels, an ioredis client or cluster, or a function that gives one of these';

export const DATA_TARGET_WORDS =
  'a URL (redis://…, rediss://…, redis-cluster://host:port,…, redis-sentinel://host:port,…/NAME), ioredis options that name a host, port, path or sentinels, or an ioredis client or cluster';

export function isRedisTarget(value: unknown): boolean {
  return problemOfTarget(value) === undefined;
}
