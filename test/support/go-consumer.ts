import type { Redis } from 'ioredis';
import type { Names } from '../../src/redis/names.js';

/** Does to Redis what a consumer of the Go client does: a plain name in the group, a lock key per stream, no presence. */
export class GoConsumer {
  readonly name: string;
  readonly #redis: Redis;
  readonly #names: Names;

  constructor(redis: Redis, names: Names, name = 'redis-consumer-go') {
    this.#redis = redis;
    this.#names = names;
    this.name = name;
  }

  /** Reads new entries and takes the locks of the named ones. Resolves with the ids. */
  async read(count: number, lockMs?: number): Promise<string[]> {
    const { lbs, group } = this.#names;
    const reply = (await this.#redis.xreadgroup(
      'GROUP',
      group,
      this.name,
      'COUNT',
      count,
      'STREAMS',
      lbs,
      '>',
    )) as [string, [string, string[]][]][] | null;
    const entries = reply?.[0]?.[1] ?? [];
    if (lockMs !== undefined) {
      for (const [id, fields] of entries) {
        const { DataStreamName: name } = JSON.parse(fields[1] as string) as { DataStreamName: string };
        await this.lock(name, id, lockMs);
      }
    }
    return entries.map(([id]) => id);
  }

  async lock(stream: string, id: string, lockMs: number): Promise<void> {
    await this.#redis.set(this.#names.lock(stream, id), this.name, 'PX', lockMs);
  }

  /** Makes its entries look as if they had been delivered so long ago. */
  async age(ids: readonly string[], idleMs: number): Promise<void> {
    const { lbs, group } = this.#names;
    await this.#redis.xclaim(lbs, group, this.name, 0, ...ids, 'IDLE', idleMs, 'JUSTID');
  }
}
