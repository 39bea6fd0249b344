-- Cancels data streams. What waits, is parked, or is delayed, is deleted. What a consumer of streamwarden has is marked: its owner hears of that with its next
-- heartbeat (refresh), stops, and finishes it; until then it is pending, so that nobody else is given the name.
--
--   1. A producer cancels e, which A owns.   2. A dies. B takes e: it is marked, and finished instead of given to everyone.
--   or: 2'. A gives e back, or delays it: the same.   or: 2''. e was on its way to A, which has not verified it: acquire finishes it.
--   Either way nobody is given e after A, nor before it has left A's hands.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] hash    announced; see lib/announcements.lua
-- KEYS[4] hash    cancels: entry id -> 1; name in the group -> how often it was to hear of one
-- KEYS[5] stream  delayed entries; see lib/delayed.lua
-- KEYS[6] zset    when they are due
-- KEYS[7] zset    their names
-- KEYS[8] stream  parked entries; see lib/parking.lua
-- KEYS[9] zset    their names
-- KEYS[10] zset   how many of each name
-- KEYS[11] hash   whose turn it is
-- KEYS[12] hash   paused names
-- KEYS[13] hash   checkpoints: those of what is cancelled go, and its owner saves none any more (see save)
-- ARGV[1] text    group
-- ARGV[2...] data stream names; at most 100
--
-- Returns one item a name: what was found and its id, in turn: waiting (on the stream, or parked) | delayed (then it is gone) | owned (its consumer is told) | foreign (a consumer of
-- the Go client has it, which nobody can tell: it was let alone). Nothing at all, where much had to be read, as Redis stands still meanwhile: the
-- caller asks again
-- Refuses with SWPROTOCOL.
--@include entry-id
--@include count
--@include endings
--@include last-delivered
--@include standing
--@include announced-name
--@include read-ahead
--@include announcements
--@include delayed
--@include pending
--@include parking
local lbs, owners, cancels, group = KEYS[1], KEYS[2], KEYS[4], ARGV[1]
local announced = announcements(lbs, KEYS[3])
if announced.error then
  return announced.error
end
if not announced.readOn() then
  return {}
end
local names = { '' }
for i = 2, #ARGV do
  names[#names + 1] = ARGV[i]
end
local recorded = announced.of(names)
local owning = redis.call('HMGET', owners, unpack(names))
if owning[1] and string.sub(owning[1], 1, 3) ~= 'v1 ' then
  return redis.error_reply('SWPROTOCOL owners are written in another format: ' .. owning[1])
end
local entries = standings(lbs, group)
if entries.error then
  return entries.error
end
local delayed = delayedEntries(KEYS[5], KEYS[6], KEYS[7])
local parking = parkingOf({ lbs = lbs, group = group, owners = owners, isStrict = true, keys = { KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12] } })
-- So many go in one call, at most, and the last few of each name below, so that the answer says that there were some.
local MOST_DROPPED, LAST_FEW = 300, 10
local left = MOST_DROPPED
for i = 2, #names do
  local excess = parking.countIn(names[i]) - LAST_FEW
  if excess > 0 then
    left = left - #parking.drop(names[i], math.min(excess, left))
  end
  if left <= 0 then
    return {}
  end
end

-- Its consumer hears of it once.
local function mark(id, holder)
  if not redis.call('HGET', cancels, id) then
    local count = countOf(redis.call('HGET', cancels, holder)) + 1
    redis.call('HSET', cancels, id, '1', holder, string.format('%.0f', count))
  end
end

local results = {}
for i = 2, #names do
  local name, found, seen, isForeign = names[i], {}, {}, false
  local function add(what, id)
    found[#found + 1] = what
    found[#found + 1] = id
  end
  local function look(id)
    if not isId(id) or seen[id] then
      return
    end
    seen[id] = true
    local holder = entries.holderOf(id)
    if holder and string.find(holder, '~%x%x%x%x%x%x%x%x$') then
      mark(id, holder)
      add('owned', id)
    elseif holder then
      isForeign = true
      add('foreign', id)
    elseif holder == nil and entries.isNew(id) and redis.call('XDEL', lbs, id) == 1 then
      add('waiting', id)
    end
  end
  look(owning[i])
  look(recorded[i])
  look(parking.whose(name))
  local dropped = parking.drop(name, LAST_FEW)
  for at = 1, #dropped do
    add('waiting', dropped[at])
  end
  local ids
  repeat
    ids = delayed.ofName(name, 100)
    for at = 1, #ids do
      delayed.remove(ids[at], name)
      add('delayed', 'delayed:' .. ids[at])
    end
  until #ids == 0
  results[i - 1] = found
  if #found > 0 and not isForeign then
    redis.call('HDEL', KEYS[13], name)
  end
end
return results
