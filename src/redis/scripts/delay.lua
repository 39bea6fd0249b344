-- Gives entries of the caller back to everyone, but not before some time has passed: until then they are kept apart, and end-delays gives them out.
-- What is cancelled meanwhile is finished instead.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    owners
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] stream  delayed entries; see lib/delayed.lua
-- KEYS[7] zset    when they are due
-- KEYS[8] zset    their names
-- KEYS[9] hash    cancels; see cancel
-- KEYS[10] stream parked entries; see lib/parking.lua
-- KEYS[11] zset   their names
-- KEYS[12] zset   how many of each name
-- KEYS[13] hash   whose turn it is
-- KEYS[14] hash   paused names
-- KEYS[15] list   history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4] ms      delay
-- ARGV[5...] pairs of entry id (ascending) and data stream name
--
-- Returns {results, 0, 0}; a result is {outcome, id of what is delayed, its retry count}; outcome: delayed | cancelled | gone | notMine. Results are of the
-- first entries only where these had many bytes: the caller asks again for the rest
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include entry-id
--@include count
--@include endings
--@include history
--@include own-fields
--@include copy-entry
--@include entry-size
--@include add-letter
--@include due
--@include marks
--@include delayed
--@include parking
--@include read-ahead
--@include move-entry
local lbs, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local refused = fence(KEYS[2], ARGV[3])
if refused then
  return refused
end

local delayed = delayedEntries(KEYS[6], KEYS[7], KEYS[8])
local ms = tonumber(ARGV[4])
local record = historian(KEYS[15])
local move, _, isFull = mover({
  lbs = lbs, group = group, owners = KEYS[3], ended = endings(KEYS[4], KEYS[5]), dlq = lbs, cancels = KEYS[9],
  maxRetries = math.huge, dlqMaxLen = 0,
  from = consumer, by = consumer, why = 'handOver', cause = nil, record = record,
  parking = parkingOf({ lbs = lbs, group = group, owners = KEYS[3], by = consumer, record = record, keys = { KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14] } }),
  delay = function(name, copy) return delayed.add(name, copy, ms) end,
})
local ids = {}
for i = 5, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
local pending, marks = pendingFor(lbs, group, consumer, ids, 0)
local results = {}
for i = 1, #ids do
  if isFull() then
    break
  end
  local id, name = ids[i], ARGV[4 + 2 * i]
  if pending[id] then
    results[i] = move(id, name, 'keep', { mark = marks[id] })
  else
    results[i] = { 'notMine', '', 0 }
  end
end
return { results, 0, 0 }
