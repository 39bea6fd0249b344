/** All that Redis holds, as text that is the same whenever the same has been done: without times, and with ids by order of appearance. */
import type { Redis } from 'ioredis';

/** Ids and instants that differ from run to run. */
export class Masks {
  readonly #ids = new Map<string, string>();

  /** Ids as `#1`, `#2`, …, where one aside is another than the same one on the stream; Redis's clock and the consumer group's random mark as words. */
  text(value: unknown): string {
    return JSON.stringify(value, (_key, part) => (part?.type === 'Buffer' ? String(Buffer.from(part)) : part))
      .replace(/\b((?:delayed|parked):)?\d{13}-\d+\b/g, (id, aside = '') => {
        if (!this.#ids.has(id)) this.#ids.set(id, `${aside}#${this.#ids.size + 1}`);
        return this.#ids.get(id) as string;
      })
      .replace(/(\\"at\\":)\d+\.\d+/g, '$1now')
      .replace(/("_dlq_at",")\d{13}"/g, '$1now"')
      .replace(/"\d{13}"/g, '"now"')
      .replace(/\b(v1 #\d+ \d+) \d{13} /g, '$1 now ')
      .replace(/\bv1 \d+\.\d+/g, 'v1 now')
      .replace(/\bv1 \d{13}(?![0-9a-f])/g, 'v1 soon')
      .replace(/\bv1 [0-9a-f]{16}\b/g, 'v1 mark')
      .replace(/("(?:lease|lock|lockTtl)Ms":)(\d+)/g, (_all, member, ms) => member + lifetime(Number(ms)));
  }
}

/** Times to live, as far as two runs cannot differ in them: in powers of two, or of what is given. */
function lifetime(pttl: number, base = 2): string {
  return pttl < 0 ? 'for ever' : `about ${base}^${Math.round(Math.log(pttl / 1000) / Math.log(base))} s`;
}

/** Everything there is, in one round trip: a picture is taken after each step. Of each key its name, type, PTTL and content; of a stream its groups too. */
const LOOK = `
  local READING = {
    string = function(key) return redis.call('GET', key) end,
    list = function(key) return redis.call('LRANGE', key, 0, -1) end,
    hash = function(key) return redis.call('HGETALL', key) end,
    stream = function(key) return redis.call('XRANGE', key, '-', '+') end,
  }
  local function groups_of(key)
    local groups = {}
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', key)) do
      local group = info[2]
      local pending = redis.call('XPENDING', key, group, '-', '+', 1000)
      groups[#groups + 1] = { group, redis.call('XINFO', 'CONSUMERS', key, group), pending }
    end
    return groups
  end
  local rows = {}
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    local content = READING[kind] and READING[kind](key) or 'a ' .. kind
    rows[#rows + 1] = { key, kind, redis.call('PTTL', key), content, kind == 'stream' and groups_of(key) or {} }
  end
  return rows`;

type Reply = readonly (string | number)[];
type Group = readonly [name: string, consumers: readonly Reply[], pending: readonly Reply[]];
type Look = readonly [key: string, type: string, pttl: number, content: unknown, groups: readonly Group[]];

interface Row {
  readonly key: string;
  readonly type: string;
  /** What is left of its life, in milliseconds; below 0: it lives for ever. */
  readonly pttl: number;
  readonly content: unknown;
}

async function rowsOf(redis: Redis): Promise<Row[]> {
  const looks = (await redis.eval(LOOK, 0)) as Look[];
  return looks
    .map(([key, type, pttl, content, groups]) => ({
      key,
      type,
      pttl,
      content: contentOf(key, type, content, groups),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function contentOf(key: string, type: string, content: unknown, groups: readonly Group[]): unknown {
  if (type === 'hash') return pairsOf(content as string[]).sort();
  if (type === 'stream') {
    const [aside] = /(?:delayed|parked)$/.exec(key) ?? [];
    const entries = content as [id: string, fields: string[]][];
    return {
      entries: entries.map(([id, fields]) => [aside ? `${aside}:${id}` : id, fields]),
      groups: groups.map(groupOf),
    };
  }
  return content;
}

function pairsOf(flat: readonly string[]): string[][] {
  return Array.from({ length: flat.length / 2 }, (_none, at) => flat.slice(2 * at, 2 * at + 2));
}

/** With its consumers, and what is pending. */
function groupOf([group, consumers, pending]: Group): unknown {
  return {
    group,
    consumers: consumers.map(([, name]) => name),
    pending: pending.map(([id, consumer, _idle, times]) => [id, consumer, times]),
  };
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
  const rows = await rowsOf(redis);
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
