/** What one writes by hand in the place of `stream.entries()`: one blocking read of all keys, every entry through a handler, one commit a batch. */
import { Redis } from 'ioredis';

const COUNT = 100;

export interface BareReader {
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

type Reply = [key: string, rows: [id: string, fields: string[]][]][] | null;

function objectOf(flat: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) object[flat[at] as string] = flat[at + 1] as string;
  return object;
}

export function readBare(
  url: string,
  keys: readonly string[],
  positionsKey: string,
  handle: (fields: Record<string, string>, key: string) => unknown,
): BareReader {
  const redis = new Redis(url);
  const commits = new Redis(url);
  const positions = new Map(keys.map((key) => [key, '0-0']));
  let isStopped = false;

  async function loop(): Promise<void> {
    while (!isStopped) {
      const reply = (await redis.xread(
        'COUNT',
        COUNT,
        'BLOCK',
        100,
        'STREAMS',
        ...positions.keys(),
        ...positions.values(),
      )) as Reply;
      const done: string[] = [];
      for (const [key, rows] of reply ?? []) {
        for (const [, fields] of rows) await handle(objectOf(fields), key);
        const last = rows.at(-1)?.[0] as string;
        positions.set(key, last);
        done.push(key, last);
      }
      if (done.length > 0) await commits.hset(positionsKey, ...done);
    }
    redis.disconnect();
    commits.disconnect();
  }

  const ended = loop();
  return {
    async stop() {
      isStopped = true;
      await ended;
    },
  };
}
