/**
 * What comes of the entries of a data stream: another Redis stream, whose entries have the ids of those they come of. Redis takes ids in their order and none twice, so a result
 * that an owner writes again, or too late, is refused: each is there once, and they are in order.
 */
import type { Redis } from 'ioredis';

export const resultsOf = (stream: string) => `${stream}:results`;

/** Resolves with whether it was not there before. */
export async function writeOnce(
  redis: Redis,
  stream: string,
  id: string,
  fields: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  try {
    await redis.xadd(
      resultsOf(stream),
      id,
      ...Object.entries(fields).flatMap(([field, value = '']) => [field, value]),
    );
    return true;
  } catch (error) {
    if (/equal or smaller/.test(String(error))) return false;
    throw error;
  }
}
