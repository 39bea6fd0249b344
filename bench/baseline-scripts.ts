/**
 * What bare ioredis sends to verify, finish and release streams: the same commands to Redis as the first version's scripts, and nothing for whatever the runtime
 * has learned since. They stay as they are, so that what a feature costs shows.
 */
import { createHash } from 'node:crypto';

const PENDING = `
local pending = {}
for _, row in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[#ARGV - 1], #ARGV - 2, ARGV[2])) do
  pending[row[1]] = true
end
local names = {}
for i = 4, #ARGV, 2 do
  names[#names + 1] = ARGV[i]
end
redis.call('GET', KEYS[2])
local owners = redis.call('HMGET', KEYS[3], unpack(names))`;

const SOURCES = {
  /** KEYS: stream, presence, owners, two endings. ARGV: group, consumer, then id and name of each. Returns 1 for each that is the consumer's from now on. */
  verify: `${PENDING}
redis.call('HMGET', KEYS[4], unpack(names))
redis.call('HMGET', KEYS[5], unpack(names))
local results, writes = {}, {}
for i = 1, #names do
  local id = ARGV[1 + 2 * i]
  results[i] = 0
  if pending[id] and not owners[i] then
    results[i] = 1
    writes[#writes + 1] = names[i]
    writes[#writes + 1] = id
  end
end
if #writes > 0 then
  redis.call('HSET', KEYS[3], unpack(writes))
end
return results`,
  /** KEYS and ARGV as above. Returns how many are finished. */
  done: `${PENDING}
local ids, cleared, ended = {}, {}, {}
for i = 1, #names do
  local id = ARGV[1 + 2 * i]
  if pending[id] and owners[i] == id then
    ids[#ids + 1] = id
    cleared[#cleared + 1] = names[i]
    ended[#ended + 1] = names[i]
    ended[#ended + 1] = id
  end
end
if #ids > 0 then
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
  redis.call('XDEL', KEYS[1], unpack(ids))
  redis.call('HDEL', KEYS[3], unpack(cleared))
  redis.call('HSET', KEYS[4], unpack(ended))
end
return #ids`,
  /** KEYS: locks. ARGV: their value. Returns how many were deleted. */
  release: `
local released = 0
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value == ARGV[1] then
    released = released + redis.call('DEL', KEYS[i])
  end
end
return released`,
};

export type BaselineScript = keyof typeof SOURCES;

export const BASELINE_SCRIPTS = Object.fromEntries(
  Object.entries(SOURCES).map(([name, source]) => [
    name,
    { source, sha: createHash('sha1').update(source).digest('hex') },
  ]),
) as Record<BaselineScript, { readonly source: string; readonly sha: string }>;
