import type { Redis } from 'ioredis';
import { eventually } from './eventually.js';

/**
 * Resolves when the consumer of this name waits in Redis for an entry to come, and has only just begun to: a read that has been parked for
 * long may run out before a test has done what it wants to do meanwhile.
 */
export async function parked(redis: Redis, consumer: string): Promise<void> {
  const parkedId = () =>
    eventually(`the reader of ${consumer} is parked`, () => blockedClient(redis, consumer));
  await redis.client('UNBLOCK', await parkedId());
  await parkedId();
}

async function blockedClient(redis: Redis, consumer: string): Promise<number | null> {
  const clients = String(await redis.client('LIST')).split('\n');
  const line = clients.find((one) => one.includes(`${consumer}:reader`) && one.includes(' flags=b '));
  return line === undefined ? null : Number(/id=(\d+)/.exec(line)?.[1]);
}
