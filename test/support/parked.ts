import type { Redis } from 'ioredis';
import { eventually } from './eventually.js';

/** Resolves when the consumer of this name waits in Redis for an entry to come. */
export async function parked(redis: Redis, consumer: string): Promise<void> {
  await eventually(`the reader of ${consumer} is parked`, async () => {
    const clients = String(await redis.client('LIST')).split('\n');
    return clients.some((line) => line.includes(`${consumer}:reader`) && line.includes(' flags=b '));
  });
}
