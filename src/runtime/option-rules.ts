/** Rules of options that are also held without a schema, and the words for them, which complete 'expected <option> to be …'. */
import { parseMultiHostUrl } from '../redis/redis-url.js';

export const TEXT_WORDS = 'a non-empty string';

export function integerWords(min: number, max: number): string {
  return `an integer from ${min} to ${max}`;
}

/** Of visits and producers. */
export const TIMEOUT_MS = { min: 1, max: 3_600_000 } as const;

export const REDIS_TARGET_WORDS =
  'a URL (redis://…, rediss://…, redis-cluster://host:port,…, redis-sentinel://host:port,…/NAME), ioredis options, or an ioredis client or cluster';

export function isRedisTarget(value: unknown): boolean {
  if (typeof value === 'string') {
    if (value.includes(' ')) return false;
    if (/^rediss?-/.test(value)) return parseMultiHostUrl(value) !== undefined;
    // ioredis would throw for a URL that is none, and Node.js puts the whole of it, password included, into that error.
    return /^rediss?:\/\//.test(value) ? URL.canParse(value) : /^(\/|unix:)/.test(value);
  }
  return typeof value === 'object' && value !== null;
}
