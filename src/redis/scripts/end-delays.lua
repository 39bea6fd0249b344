-- Gives what has been delayed for long enough to everyone: adds it to the load balancer stream, and forgets it here. Anybody may do it, as often as he
-- likes, and late: only what is due is moved, and what has been moved is not here any more.
--
--   1. A ends a delay, and the answer is lost.   2. A, or B, asks again: it is not here, and stands on the stream once.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] stream  delayed entries; see lib/delayed.lua
-- KEYS[3] zset    when they are due
-- KEYS[4] zset    their names
-- KEYS[5] list    history; only when one is kept
-- ARGV[1] text    consumer: the caller's name in the group, for the history
-- ARGV[2] number  entries that are moved at most, of about 1 MiB together, as Redis stands still meanwhile
--
-- Returns {how many were given to everyone; for how many ms the first of them was due; in how many ms the next one is, below 1: now, '': there is none}
--@include entry-id
--@include history
--@include own-fields
--@include entry-size
--@include delayed
local lbs = KEYS[1]
local delayed = delayedEntries(KEYS[2], KEYS[3], KEYS[4])
local record = historian(KEYS[5])
local MOST_BYTES = 1048576
local now, most = delayed.now(), tonumber(ARGV[2])
local first = delayed.first(most + 1)
local moved, bytes, lateMs = 0, 0, 0
for i = 1, #first, 2 do
  local id, at = first[i], tonumber(first[i + 1])
  if at > now or i > 2 * most or bytes >= MOST_BYTES then
    return { moved, lateMs, string.format('%.0f', at - now) }
  end
  local name, fields = delayed.read(id)
  if name then
    local copy = redis.call('XADD', lbs, '*', unpack(fields))
    record({ op = 'undelayed', id = 'delayed:' .. id, name = name, by = ARGV[1], copy = copy })
    moved, bytes, lateMs = moved + 1, bytes + entrySize(fields), math.max(lateMs, now - at)
  end
  delayed.remove(id, name)
end
return { moved, lateMs, '' }
