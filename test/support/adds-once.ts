import type { RedisServer } from '../../src/testing/index.js';

/** Whether a server adds an entry once that is sent twice with the same mark. */
export function addsOnce({ binary: { product, version } }: RedisServer): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return product === 'redis' && (major > 8 || (major === 8 && minor >= 6));
}
