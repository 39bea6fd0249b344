/** Where an example finds Redis. */
import { startRedis } from 'streamwarden/testing';

/** The URL of the Redis at `$REDIS_URL`, or else of a server of the example's own, which ends when the example does. */
export async function redisUrl(): Promise<string> {
  return process.env.REDIS_URL || (await startRedis()).url;
}
