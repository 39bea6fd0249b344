/** All that Redis holds, as text that is the same whenever the same has been done: without times, and with ids by order of appearance. */
import type { Redis } from 'ioredis';

/** Ids and instants that differ from run to run. */
export class Masks {
  readonly #ids = new Map<string, string>();

  /** Ids as `#1`, `#2`, …; Redis's clock and the consumer group's random mark as words. */
  text(value: unknown): string {
    return JSON.stringify(value, (_key, part) => (part?.type === 'Buffer' ? String(Buffer.from(part)) : part))
      .replace(/\b\d{13}-\d+\b/g, (id) => {
        if (!this.#ids.has(id)) this.#ids.set(id, `#${this.#ids.size + 1}`);
        return this.#ids.get(id) as string;
      })
      .replace(/(\\"at\\":)\d+\.\d+/g, '$1now')
      .replace(/\bv1 \d+\.\d+/g, 'v1 now')
      .replace(/\bv1 [0-9a-f]{16}\b/g, 'v1 mark')
      .replace(/("(?:lease|lock|lockTtl)Ms":)(\d+)/g, (_all, member, ms) => member + lifetime(Number(ms)));
  }
}

/** Times to live, as far as two runs cannot differ in them: in powers of two. */
function lifetime(pttl: number): string {
  return pttl < 0 ? 'for ever' : `about 2^${Math.round(Math.log2(pttl / 1000))} s`;
}

async function streamOf(redis: Redis, key: string): Promise<unknown> {
  const groups = (await redis.xinfo('GROUPS', key)) as unknown[][];
  const held = groups.map(async ([, group]) => {
    const rows = (await redis.xpending(key, String(group), '-', '+', 1000)) as unknown[][];
    const consumers = (await redis.xinfo('CONSUMERS', key, String(group))) as unknown[][];
    return {
      group,
      consumers: consumers.map(([, name]) => name),
      pending: rows.map(([id, consumer, _idle, times]) => [id, consumer, times]),
    };
  });
  return { entries: await redis.xrange(key, '-', '+'), groups: await Promise.all(held) };
}

/** The clock decides which of the two hashes of endings is in use, and what the number of its window is. */
async function endingsOf(redis: Redis, keys: readonly string[]): Promise<unknown> {
  const hashes = await Promise.all(keys.map((key) => redis.hgetall(key)));
  const merged: Record<string, string> = Object.assign({}, ...hashes);
  for (const hash of hashes) {
    for (const [name, id] of Object.entries(hash)) if (id > (merged[name] as string)) merged[name] = id;
  }
  if (merged['']) merged[''] = merged[''].replace(/^\d+$/, 'window');
  return Object.entries(merged).sort();
}

async function contentOf(redis: Redis, key: string, type: string): Promise<unknown> {
  switch (type) {
    case 'string':
      return await redis.get(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'hash':
      return Object.entries(await redis.hgetall(key)).sort();
    case 'stream':
      return await streamOf(redis, key);
    default:
      return `a ${type}`;
  }
}

/** A line a key, in order. */
export async function pictureOf(redis: Redis, masks: Masks): Promise<string[]> {
  const keys = (await redis.keys('*')).sort();
  const endings = keys.filter((key) => /:ended:[01]$/.test(key));
  const lines: string[] = [];
  for (const key of keys.filter((one) => !endings.includes(one))) {
    const type = await redis.type(key);
    const content = masks.text(await contentOf(redis, key, type));
    lines.push(`${masks.text(key)} (${type}, ${lifetime(await redis.pttl(key))}): ${content}`);
  }
  const [ending] = endings;
  if (ending !== undefined) {
    const lives = new Set(await Promise.all(endings.map(async (key) => lifetime(await redis.pttl(key)))));
    lines.push(`endings (${[...lives].join(', ')}): ${masks.text(await endingsOf(redis, endings))}`);
  }
  return lines;
}
