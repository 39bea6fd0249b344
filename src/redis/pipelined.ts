import type { Redis } from 'ioredis';

type Pipeline = ReturnType<Redis['pipeline']>;

/** Sends several commands at once. A pipeline resolves even when a command in it failed, so each slot is looked at; the first error is thrown. */
export async function pipelined<T>(client: Redis, fill: (pipeline: Pipeline) => void): Promise<T[]> {
  const pipeline = client.pipeline();
  fill(pipeline);
  const slots = (await pipeline.exec()) ?? [];
  return slots.map(([error, value]) => {
    if (error) throw error;
    return value as T;
  });
}
