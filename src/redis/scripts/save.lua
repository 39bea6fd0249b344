-- Writes checkpoints of data streams that are the caller's: how far their owners have come, for whoever owns them next.
--
-- A record is 'v1 <entry id of the owner that wrote it> <number> <epoch ms, by the clock of Redis> <JSON>'. The number grows with each save of one owner,
-- so that one which is executed late takes nothing back; 0: its owner has finished the stream, and this is what it has left (see done):
--
--   1. A's save 7 of e gets no answer, and is on its way still.   2. A sends save 8 on another connection, and hears that it is there.
--   3. Save 7 arrives: under an older generation it is refused, and where both came under one, the number says that a newer one stands.
--
-- Whoever is not the owner writes nothing. Where data was lost, the entries of two owners of one name may be pending: the newer one's record stands.
--
--   1. A owns e of n.   2. A replica is promoted that knows e as delivered to A, and no owner of n.   3. B is given e2 of n, and saves.
--   4. A, which has not looked yet, saves: the record of e2, whose entry is pending, is newer. Refused.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    checkpoints: data stream name -> record
-- KEYS[4] hash    cancels: of what is cancelled nothing is kept, and it is over soon (see cancel)
-- KEYS[5] list    history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4...] in fours: entry id (ascending), data stream name, number, JSON
--
-- Returns one item an entry: 1 it is there, or a newer one of this owner is; 2 cancelled, nothing was written; 0 not the caller's, nothing was written
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include entry-id
--@include count
--@include endings
--@include now
--@include history
local lbs, presence, checkpoints = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local refused = fence(presence, ARGV[3])
if refused then
  return refused
end

local ids, names, numbers, texts = {}, {}, {}, {}
for i = 4, #ARGV, 4 do
  ids[#ids + 1] = ARGV[i]
  names[#names + 1] = ARGV[i + 1]
  numbers[#numbers + 1] = ARGV[i + 2]
  texts[#texts + 1] = ARGV[i + 3]
end
local record = historian(KEYS[5])
local pending = pendingFor(lbs, group, consumer, ids, 0)
local there = redis.call('HMGET', checkpoints, unpack(names))
local cancelled = redis.call('EXISTS', KEYS[4]) == 1 and redis.call('HMGET', KEYS[4], unpack(ids)) or {}
local now = string.format('%.0f', nowMs())
local results, writes = {}, {}
-- A later one of this owner's stands.
local function isLater(stands, own, number)
  local last = string.sub(stands, 1, #own) == own and string.match(stands, '^%d+', #own + 1)
  return last and countOf(last) >= tonumber(number)
end

-- One of a newer owner's stands, whose entry is pending.
local function isOthers(stands, own, id)
  if string.sub(stands, 1, #own) == own then
    return false
  end
  local writer = string.match(stands, '^v1 (%d+%-%d+) %d')
  return isId(writer) and isNewer(writer, id) and isPending(lbs, group, writer)
end

for i = 1, #ids do
  local id, name, stands = ids[i], names[i], there[i]
  local own = 'v1 ' .. id .. ' '
  if not pending[id] then
    results[i] = 0
  elseif cancelled[i] then
    results[i] = 2
  elseif stands and isLater(stands, own, numbers[i]) then
    results[i] = 1
  elseif stands and isOthers(stands, own, id) then
    results[i] = 0
  else
    results[i] = 1
    writes[#writes + 1] = name
    writes[#writes + 1] = own .. numbers[i] .. ' ' .. now .. ' ' .. texts[i]
    if KEYS[5] then
      record({ op = 'saved', id = id, name = name, owner = consumer, number = tonumber(numbers[i]), text = texts[i] })
    end
  end
end
if #writes > 0 then
  redis.call('HSET', checkpoints, unpack(writes))
end
return results
