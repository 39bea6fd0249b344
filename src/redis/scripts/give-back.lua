-- Gives entries of the caller back to everyone: a hand-over, a handler that failed, a waiter whose name has become free, an
-- entry that nobody can parse, or that is too large.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    owners
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] stream  dead-letter stream; the load balancer stream again where that lives in another slot
-- KEYS[7] list    history; only when one is kept
-- KEYS[last...] hash, stream, zset, zset, hash and hash  cancels (see cancel); parked entries, their names, how many of each name, whose turn it is, and
--                 paused names (see lib/parking.lua)
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4] count   maxRetries: a retry count above it goes to the dead-letter stream
-- ARGV[5] count   dlqMaxLen: the dead-letter stream is trimmed to about this many entries; 0: never
-- ARGV[6] text    why: handOver (count unchanged) | failed (count + 1) | waiting (count unchanged, and only when no
--                 pending entry owns the name) | rejected | unparseable | tooLarge (to the dead-letter stream)
-- ARGV[7...] pairs of entry id (ascending) and data stream name ('' when it has none); then, where handlers threw, '' and in the same order
--                 what each threw ('': nothing)
--
-- Returns {results, number of dead letters trimmed away, length of the dead-letter stream}; a result is
--   {outcome, id of the copy, its retry count}; outcome: requeued | deadLettered (the fourth item is the reason) | gone | cancelled | notMine | waiting |
--   deadLetterDue (then the second item is the reason: see lib/due.lua). Results are of the first entries only where these had many
--   bytes: the caller asks again for the rest
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
--@include parking
--@include read-ahead
--@include move-entry
local lbs, presence, owners, dlq, cancels = KEYS[1], KEYS[2], KEYS[3], KEYS[6], KEYS[#KEYS - 5]
local group, consumer, why = ARGV[1], ARGV[2], ARGV[6]
local refused = fence(presence, ARGV[3])
if refused then
  return refused
end

local plans = { handOver = 'keep', failed = 'spend', waiting = 'keep', rejected = 'rejected', unparseable = 'unparseable', tooLarge = 'tooLarge' }
local record = historian(#KEYS > 12 and KEYS[7] or nil)
local move, summary, isFull = mover({
  lbs = lbs, group = group, owners = owners, ended = endings(KEYS[4], KEYS[5]), dlq = dlq, cancels = cancels,
  maxRetries = tonumber(ARGV[4]), dlqMaxLen = tonumber(ARGV[5]),
  from = consumer, by = consumer, why = why, cause = 'failed', record = record,
  parking = parkingOf({ lbs = lbs, group = group, owners = owners, by = consumer, record = record, keys = { KEYS[#KEYS - 4], KEYS[#KEYS - 3], KEYS[#KEYS - 2], KEYS[#KEYS - 1], KEYS[#KEYS] } }),
})
local ids = {}
for i = 7, #ARGV, 2 do
  if ARGV[i] == '' then
    break
  end
  ids[#ids + 1] = ARGV[i]
end
local pending, marks = pendingFor(lbs, group, consumer, ids, 0)
local results, freed = {}, {}
for i = 1, #ids do
  if isFull() then
    break
  end
  local id, name = ids[i], ARGV[6 + 2 * i]
  if not pending[id] then
    results[i] = { 'notMine', '', 0 }
  else
    local taken = freed[name]
    if why == 'waiting' and not taken then
      local owner = redis.call('HGET', owners, name)
      taken = isId(owner) and owner ~= id and isPending(lbs, group, owner) and not redis.call('HGET', cancels, id)
    end
    if why == 'waiting' and taken then
      results[i] = { 'waiting', '', 0 }
    else
      results[i] = move(id, name, plans[why], { error = ARGV[7 + 2 * #ids + i], mark = marks[id] })
      -- One waiter a name and call: the others would only meet the first one's copy and wait again.
      freed[name] = why == 'waiting'
    end
  end
end
return summary(results)
