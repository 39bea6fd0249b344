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
      .replace(/("_dlq_at",")\d{13}"/g, '$1now"')
      .replace(/\bv1 \d+\.\d+/g, 'v1 now')
      .replace(/\bv1 [0-9a-f]{16}\b/g, 'v1 mark')
      .replace(/("(?:lease|lock|lockTtl)Ms":)(\d+)/g, (_all, member, ms) => member + lifetime(Number(ms)));
  }
}

/** Times to live, as far as two runs cannot differ in them: in powers of two, or of what is given. */
function lifetime(pttl: number, base = 2): string {
  return pttl < 0 ? 'for ever' : `about ${base}^${Math.round(Math.log(pttl / 1000) / Math.log(base))} s`;
}

type RedisCommand = readonly [name: string, ...args: (string | number)[]];

/** Answers many commands at the price of one: a picture is taken after each step. */
async function askAll(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  const replies = (await redis.pipeline(commands.map((command) => [...command])).exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
}

const READING: Readonly<Record<string, (key: string) => RedisCommand>> = {
  string: (key) => ['get', key],
  list: (key) => ['lrange', key, 0, -1],
  hash: (key) => ['hgetall', key],
  stream: (key) => ['xrange', key, '-', '+'],
};

interface Row {
  readonly key: string;
  readonly type: string;
  /** What is left of its life, in milliseconds; below 0: it lives for ever. */
  readonly pttl: number;
  readonly content: unknown;
}

async function rowsOf(redis: Redis, keys: readonly string[]): Promise<Row[]> {
  const looks = await askAll(
    redis,
    keys.flatMap((key): RedisCommand[] => [
      ['type', key],
      ['pttl', key],
    ]),
  );
  const types = keys.map((_key, at) => String(looks[2 * at]));
  const reads = await askAll(
    redis,
    keys.map((key, at) => READING[types[at] as string]?.(key) ?? ['exists', key]),
  );
  const groups = await groupsOf(
    redis,
    keys.filter((_key, at) => types[at] === 'stream'),
  );
  return keys.map((key, at) => {
    const type = types[at] as string;
    const pttl = Number(looks[2 * at + 1]);
    return { key, type, pttl, content: contentOf(type, reads[at], groups.get(key)) };
  });
}

function contentOf(type: string, read: unknown, groups: unknown): unknown {
  if (type === 'hash') return Object.entries(read as Record<string, string>).sort();
  if (type === 'stream') return { entries: read, groups };
  return type in READING ? read : `a ${type}`;
}

/** Of each stream its groups, with their consumers and what is pending. */
async function groupsOf(redis: Redis, streams: readonly string[]): Promise<Map<string, unknown[]>> {
  const infos = (await askAll(
    redis,
    streams.map((key) => ['xinfo', 'GROUPS', key]),
  )) as unknown[][][];
  const all = streams.flatMap((key, at) =>
    (infos[at] ?? []).map(([, group]) => ({ key, group: String(group) })),
  );
  const answers = (await askAll(
    redis,
    all.flatMap(({ key, group }): RedisCommand[] => [
      ['xpending', key, group, '-', '+', 1000],
      ['xinfo', 'CONSUMERS', key, group],
    ]),
  )) as unknown[][][];
  const found = new Map<string, unknown[]>(streams.map((key) => [key, []]));
  for (const [at, { key, group }] of all.entries()) {
    const [rows = [], consumers = []] = answers.slice(2 * at);
    found.get(key)?.push({
      group,
      consumers: consumers.map(([, name]) => name),
      pending: rows.map(([id, consumer, _idle, times]) => [id, consumer, times]),
    });
  }
  return found;
}

/** The clock decides which of the two hashes of endings is in use, and what the number of its window is. */
function endingsOf(hashes: readonly (readonly [string, string][])[]): unknown {
  const merged: Record<string, string> = {};
  for (const [name, id] of hashes.flat()) {
    if (merged[name] === undefined || id > merged[name]) merged[name] = id;
  }
  if (merged['']) merged[''] = merged[''].replace(/^\d+$/, 'window');
  return Object.entries(merged).sort();
}

/** A line a key, in order. */
export async function pictureOf(redis: Redis, masks: Masks): Promise<string[]> {
  const rows = await rowsOf(redis, (await redis.keys('*')).sort());
  const isEnding = ({ key }: Row) => /:ended:[01]$/.test(key);
  const lines = rows
    .filter((row) => !isEnding(row))
    .map(({ key, type, pttl, content }) => {
      const text = masks.text(content);
      return `${masks.text(key)} (${type}, ${lifetime(pttl)}): ${text}`;
    });
  const endings = rows.filter(isEnding);
  if (endings.length > 0) {
    // The older one has run for a while: on a busy machine for so long that a power of two would tell.
    const lives = new Set(endings.map(({ pttl }) => lifetime(pttl, 4)));
    const merged = endingsOf(endings.map(({ content }) => content as [string, string][]));
    lines.push(`endings (${[...lives].join(', ')}): ${masks.text(merged)}`);
  }
  return lines;
}
