-- Finishes entries that are the caller's: acknowledge, delete, clear the owner record. Locks are released afterwards, by
-- another call: while an entry is pending its lock must stand, or a concurrent scan reads 'no lock' as 'owner dead'.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    owners
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] list    history; only when one is kept
-- KEYS[last...] stream, zset, zset, hash, hash and hash  parked entries, their names, how many of each name, whose turn it is, and paused names (see
--                 lib/parking.lua); then touches: entry id -> how often its stream was ensured while it was owned, only where conditions are given; then
--                 hash checkpoints (see save), only where it is said which are to go
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4...] pairs of entry id (ascending) and data stream name; then, where there are conditions, '' and in the same order how often each may
--                 have been touched, or '' (however often); then, where there are checkpoints, in the same order 1 (that of its name goes with it),
--                 JSON (this is what takes its place, as number 0: see save) or ''
--
-- Returns one item an entry: 1 finished; 0 not pending for the caller, nothing was done; less: touched so often, counted from -1 down, which is
-- more than allowed, and nothing was done
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include entry-id
--@include count
--@include endings
--@include history
--@include now
--@include parking
local lbs, presence, owners = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local refused = fence(presence, ARGV[3])
if refused then
  return refused
end

local ids, names = {}, {}
for i = 4, #ARGV, 2 do
  if ARGV[i] == '' then
    break
  end
  ids[#ids + 1] = ARGV[i]
  names[#names + 1] = ARGV[i + 1]
end
local conditions = 4 + 2 * #ids
local clears = conditions + #ids
local checkpoints = #ARGV > clears and KEYS[#KEYS]
local last = checkpoints and #KEYS - 1 or #KEYS
local touches = #ARGV > conditions and KEYS[last]
local counts = touches and redis.call('HMGET', touches, unpack(ids))
local function excess(i)
  local most = counts and tonumber(ARGV[conditions + i])
  local count = most and countOf(counts[i])
  return most and count > most and count
end
last = touches and last - 1 or last
local record = historian(last > 10 and KEYS[6])
local parking = parkingOf({ lbs = lbs, group = group, owners = owners, by = consumer, record = record, keys = { KEYS[last - 4], KEYS[last - 3], KEYS[last - 2], KEYS[last - 1], KEYS[last] } })
local pending = pendingFor(lbs, group, consumer, ids, 0)
local recorded = redis.call('HMGET', owners, unpack(names))
local results, finished, cleared, ended, over, clearing, left = {}, {}, {}, {}, {}, {}, {}
for i = 1, #ids do
  if pending[ids[i]] and excess(i) then
    results[i] = -excess(i)
  elseif pending[ids[i]] then
    results[i] = 1
    finished[#finished + 1] = ids[i]
    -- Another one may own the name where data was lost: then it is that one's.
    local leaves = checkpoints and ARGV[clears + i] or ''
    if leaves ~= '' and (not recorded[i] or recorded[i] == ids[i]) then
      if leaves == '1' then
        over[#over + 1] = names[i]
        clearing[i] = 'cleared'
      else
        left[#left + 1] = names[i]
        left[#left + 1] = 'v1 ' .. ids[i] .. ' 0 ' .. string.format('%.0f', nowMs()) .. ' ' .. leaves
        clearing[i] = 'removed'
      end
    end
    if recorded[i] == ids[i] then
      cleared[#cleared + 1] = names[i]
      ended[#ended + 1] = names[i]
      ended[#ended + 1] = ids[i]
    end
  else
    results[i] = 0
  end
end
if #finished > 0 then
  redis.call('XACK', lbs, group, unpack(finished))
  redis.call('XDEL', lbs, unpack(finished))
  if touches then
    redis.call('HDEL', touches, unpack(finished))
  end
end
if #over > 0 then
  redis.call('HDEL', checkpoints, unpack(over))
end
if #left > 0 then
  redis.call('HSET', checkpoints, unpack(left))
end
if #cleared > 0 then
  redis.call('HDEL', owners, unpack(cleared))
  endings(KEYS[4], KEYS[5]).remember(ended)
end
for i = 1, #ids do
  if results[i] == 1 then
    record({ op = 'finished', id = ids[i], name = names[i], owner = consumer, checkpoint = clearing[i] })
    parking.over(names[i], ids[i], recorded[i] == ids[i])
  end
end
return results
