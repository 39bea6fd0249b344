-- Takes entries from a consumer that is dead and gives them to everyone. Of several that try, the first one wins: for the
-- others the entry is no longer pending.
--
--   1. A sweeper sees that D is gone.   2. D wakes and writes presence again (raise).   3. This script refuses.
--   or: 2'. This script runs.           3'. D wakes and verifies: the entry is not pending for D, D has lost it.
--   Either way one owner, because the look (EXISTS) and the act are one script.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the consumer that is taken from (a consumer of the Go client never has one)
-- KEYS[3] hash    owners
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] stream  dead-letter stream; the load balancer stream again where that lives in another slot
-- KEYS[7] list    history; only when one is kept
-- KEYS[last...] hash, stream, zset, zset, hash, hash and strings  cancels (see cancel); parked entries, their names, how many of each name, whose turn it is,
--                 and paused names (see lib/parking.lua); then lock keys, one an entry in the same order, which are there only where every key
--                 lives on this server
-- ARGV[1] text    group
-- ARGV[2] text    consumer that is taken from
-- ARGV[3] text    caller: who takes, for the history
-- ARGV[4] count   maxRetries
-- ARGV[5] count   dlqMaxLen; 0: never trimmed
-- ARGV[6] ms      minIdle: entries idle for less are left alone; 0: whatever their idle time
-- ARGV[7] flag    1 = a retry is spent on every entry; 0 = only on one that was owned (an entry without owner record was
--                 never given to an application); tooLarge = as 0, and entries without a name are too large to be read;
--                 unread = as 0, and entries without a name are owned by nobody, and were not read: they may be what consumers die of
-- ARGV[8] count   lock keys passed: 0 or the number of entries
-- ARGV[9...] pairs of entry id (ascending) and data stream name ('' = cannot be parsed, or see ARGV[7])
--
-- Returns {results, number of dead letters trimmed away, length of the dead-letter stream}; a result is
--   {outcome, id of the copy, its retry count}; outcome: requeued | deadLettered (the fourth item is the reason) | gone | cancelled | notPending |
--   locked (then the second item is the lock's remaining time to live in ms, -1 for ever) |
--   deadLetterDue (then the second item is the reason: see lib/due.lua). Results are of the first entries only where these had many
--   bytes: the caller asks again for the rest
-- Returns 0 when the consumer is alive: its presence stands.
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
local lbs, presence, owners, dlq = KEYS[1], KEYS[2], KEYS[3], KEYS[6]
local group, dead, caller = ARGV[1], ARGV[2], ARGV[3]
local minIdle, spendAlways, locks = tonumber(ARGV[6]), ARGV[7] == '1', tonumber(ARGV[8])
if redis.call('EXISTS', presence) == 1 then
  return 0
end

local firstLock = #KEYS - locks
local record = historian(firstLock > 12 and KEYS[7] or nil)
local move, summary, isFull = mover({
  lbs = lbs, group = group, owners = owners, ended = endings(KEYS[4], KEYS[5]), dlq = dlq, cancels = KEYS[firstLock - 5],
  maxRetries = tonumber(ARGV[4]), dlqMaxLen = tonumber(ARGV[5]),
  from = dead, by = caller, why = 'dead', cause = 'dead', record = record,
  parking = parkingOf({ lbs = lbs, group = group, owners = owners, by = caller, record = record, keys = { KEYS[firstLock - 4], KEYS[firstLock - 3], KEYS[firstLock - 2], KEYS[firstLock - 1], KEYS[firstLock] } }),
})
local ids = {}
for i = 9, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
local pending, marks = pendingFor(lbs, group, dead, ids, minIdle)
local results = {}
for i = 1, #ids do
  if isFull() then
    break
  end
  local id, name = ids[i], ARGV[8 + 2 * i]
  local ttl = locks > 0 and redis.call('PTTL', KEYS[firstLock + i]) or -2
  if not pending[id] then
    results[i] = { 'notPending', '', 0 }
  elseif ttl ~= -2 then
    results[i] = { 'locked', ttl, 0 }
  elseif name == '' and ARGV[7] == 'unread' then
    results[i] = move(id, name, 'keep', { delivered = deliveriesOf(marks[id]) })
  elseif name == '' then
    results[i] = move(id, name, ARGV[7] == 'tooLarge' and 'tooLarge' or 'unparseable')
  else
    local owner = redis.call('HGET', owners, name)
    if spendAlways or owner == id then
      -- A consumer of the Go client marks nothing.
      results[i] = move(id, name, 'spend', { mark = not spendAlways and marks[id] or nil, isOwned = owner == id })
    else
      -- One that waited for its name was looked at, and nobody died of it. What acquire has found to wait counts as delivered 0 times.
      results[i] = move(id, name, 'keep', { delivered = not owner and deliveriesOf(marks[id]) or nil, isBeside = wasBeside(marks[id]), isOwned = false })
    end
  end
end
return summary(results)
