-- Verifies a batch of entries that were read for the caller and records it as the owner of their names.
--
--   1. A reads entry e and freezes before it verifies.     2. A's presence lapses; B requeues e as e'.
--   3. A wakes and verifies e: not pending for A any more, refused here. Only B's e' is handed to an application.
--
-- A record whose entry is no longer pending is an ending that nobody remembered: given back by someone who never heard that it was his,
-- deleted by hand, finished by a client that keeps no records. It owns the name no more, but an older entry comes after it and would
-- have the smaller token:
--
--   1. A is given e1 and is slow. B acquires e2, of the same name, and the answer is lost.   2. B stops, and gives back all that is
--   pending for it. 3. A verifies e1: the record names e2, which is newer. Refused, and requeued under a new id.
--
-- What stands behind another one has been looked at, and counts as not delivered: it is marked as not begun (lib/marks.lua). What becomes owned has no
-- such mark any more.
--
-- What another entry of its name stands before, and what is paused, is parked (lib/parking.lua): it is in nobody's hands then. Where it cannot be, it
-- stays pending for the caller, who asks for its name every now and then. Where duplicates are to coalesce, it is finished when another one waits.
--
-- What the caller works on has been given out already: a pause, or another one's turn, comes too late for it.
--
--   1. A owns e of n.   2. A producer pauses n.   3. A replica is promoted that knows of the pause, and not of the owner.   4. A has e recorded again.
--
-- What is cancelled (see cancel) and nobody's yet is finished here. What the caller owns already it is to hear of with its next heartbeat, since
-- whoever knew of that may have forgotten it with an ownership that failed.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    owners: data stream name -> entry id; the field '' holds the format's version and a
--                 text that is another one when the group has been created anew
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] list    history; only when one is kept
-- KEYS[last...] hash, stream, zset, zset, hash and hash  cancels: entry id -> 1, name in the group -> how often it was to hear of one; then parked entries,
--                 their names, how many of each name, whose turn it is, and paused names (see lib/parking.lua); then hash checkpoints (see save); and the
--                 load balancer stream again where duplicates coalesce; then owners again where the caller works on the entries, whose records were lost
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4...] pairs of entry id (ascending) and data stream name
--
-- Returns one item an entry, in a list of its own with the checkpoint of its name where it is owned and there is one, alone in it where the answer has no room for
-- that: the caller asks for it then, unless it works on the entries already. 1 owned; 2 owned, and what was recorded as its name's owner was no entry id; 0 not pending for the caller, or cancelled; 3 parked; 4 coalesced; else the id of the entry that stands in its way: the name's
-- owner, or its last one that had a newer token (the entry's own id: delivered too long ago to know, or paused). Of the first
-- entries only where many bytes were parked, as Redis stands still meanwhile: the caller asks again for the rest
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include marked
--@include marks
--@include entry-id
--@include count
--@include endings
--@include history
--@include parking
local lbs, presence, owners = KEYS[1], KEYS[2], KEYS[3]
local group, consumer = ARGV[1], ARGV[2]
local refused = fence(presence, ARGV[3])
if refused then
  return refused
end

local ids, names = {}, { '' }
for i = 4, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
  names[#names + 1] = ARGV[i + 1]
end
local recorded = redis.call('HMGET', owners, unpack(names))
if not recorded[1] then
  redis.call('HSET', owners, '', 'v1 ' .. table.concat(redis.call('TIME'), '.'))
elseif string.sub(recorded[1], 1, 3) ~= 'v1 ' then
  return redis.error_reply('SWPROTOCOL owners are written in another format: ' .. recorded[1])
end

-- No arguments, as scripts of 0.1.0 take everything from the fourth on for entries.
local isHeld = KEYS[#KEYS] == owners
local last = isHeld and #KEYS - 1 or #KEYS
local isCoalescing = KEYS[last] == lbs
last = isCoalescing and last - 1 or last
local checkpoints = KEYS[last]
last = last - 1
local record = historian(last > 11 and KEYS[6] or nil)
local pending, marks = pendingFor(lbs, group, consumer, ids, 0)
local lastOwner = endings(KEYS[4], KEYS[5]).last(names)
local results, writes, taken = {}, {}, {}
-- Where nobody saves any, this is all that they cost.
local saved = not isHeld and redis.call('EXISTS', checkpoints) == 1 and redis.call('HMGET', checkpoints, unpack(names)) or {}
local cancels = KEYS[last - 5]
local parking = parkingOf({ lbs = lbs, group = group, owners = owners, by = consumer, record = record, isCoalescing = isCoalescing, keys = { KEYS[last - 4], KEYS[last - 3], KEYS[last - 2], KEYS[last - 1], KEYS[last] } })
local cancelled = redis.call('HMGET', cancels, unpack(ids))
local isToHear = false

-- setAside(name, id, why, before): 3 or 4, where it can be; else what stands before it.
local function setAside(name, id, why, before)
  return parking.setAside(name, id, why) or before
end

for i = 1, #ids do
  if parking.isFull() then
    break
  end
  local id, name = ids[i], names[i + 1]
  local owner = taken[name] or recorded[i + 1]
  local garbage = owner and not isId(owner)
  if garbage then
    owner = nil
  end
  local last = lastOwner(i + 1)
  if not pending[id] then
    results[i] = 0
  elseif owner == id then
    -- Ours already: an earlier answer was lost.
    results[i] = 1
    isToHear = isToHear or cancelled[i]
  elseif cancelled[i] then
    results[i] = 0
    redis.call('XACK', lbs, group, id)
    redis.call('XDEL', lbs, id)
    redis.call('HDEL', cancels, id)
    record({ op = 'cancelled', id = id, name = name, from = consumer, by = consumer })
    parking.over(name, id, false)
  elseif not isHeld and parking.isPaused(name) then
    results[i] = setAside(name, id, 'paused', id)
  elseif owner and isPending(lbs, group, owner) then
    results[i] = setAside(name, id, 'owned', owner)
  elseif not isHeld and parking.turnBefore(name, id) then
    results[i] = setAside(name, id, 'turn', parking.turnBefore(name, id))
  elseif owner and isNewer(owner, id) then
    results[i] = owner
  elseif last and isNewer(last, id) then
    results[i] = last
  elseif isTooOld(pending[id]) then
    results[i] = id
  else
    results[i] = garbage and 2 or 1
    taken[name] = id
    writes[#writes + 1] = name
    writes[#writes + 1] = id
    record({ op = 'acquired', id = id, name = name, owner = consumer, checkpoint = string.match(saved[i + 1] or '', '^v1 (%S+ %d+) ') })
  end
end
if #writes > 0 then
  redis.call('HSET', owners, unpack(writes))
end
if isToHear then
  redis.call('HSET', cancels, consumer, string.format('%.0f', countOf(redis.call('HGET', cancels, consumer)) + 1))
end
for i = 1, #ids do
  local id = ids[i]
  if type(results[i]) == 'string' then
    marked(lbs, group, consumer, id, pending[id], NOT_BEGUN)
  elseif (results[i] == 1 or results[i] == 2) and isOfUnowned(marks[id]) then
    marked(lbs, group, consumer, id, pending[id], 1)
  end
end
local MOST_BYTES = 65536
local bytes = 0
for i = 1, #results do
  local checkpoint = (results[i] == 1 or results[i] == 2) and saved[i + 1]
  if checkpoint and bytes + #checkpoint <= MOST_BYTES then
    bytes = bytes + #checkpoint
    results[i] = { results[i], checkpoint }
  elseif checkpoint then
    results[i] = { results[i] }
  end
end
return results
