-- Takes one pending entry from its holder and gives it to everyone, as requeue does, but on the word of an operator: from a living holder
-- too, when he insists. A retry is spent as there; how many are allowed is the fleet's to know, so nothing is dead-lettered for want of any.
--
--   1. A holds e and goes on beating. 2. An operator insists: e becomes e', and A's presence is of a generation that A does not know.
--   3. A's next command is refused with that generation. A writes a higher one and verifies all it holds: e is not pending for it, lost.
--   B may own e' between 2 and 3, for half a heartbeat at most while A beats: its token, e', is larger. Presence itself stays, with its time
--   to live, so nobody takes anything else from A meanwhile.
--
-- That generation is written with a zero in front. No command carries one like it, so none that A has given up meets it:
--
--   1. A gives up its raise of 2, then a done of f under 3, and writes 4.   2. Its presence runs out, and the raise of 2 arrives.
--   3. An operator insists on e. Were 3 written now, the done of f would not be refused.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the holder (a consumer of the Go client never has one)
-- KEYS[3] hash    owners
-- KEYS[4] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[5] hash    endings of odd windows
-- KEYS[6] stream  dead-letter stream; the load balancer stream again where that lives in another slot
-- KEYS[7] string  lock of the entry; the load balancer stream again where that lives in another slot, or there is none
-- KEYS[8] hash    cancels; see cancel
-- KEYS[9] stream  parked entries; see lib/parking.lua
-- KEYS[10] zset   their names
-- KEYS[11] zset   how many of each name
-- KEYS[12] hash   whose turn it is
-- KEYS[13] hash   paused names
-- ARGV[1] text    group
-- ARGV[2] text    holder
-- ARGV[3] text    caller: who takes
-- ARGV[4] flag    force: 1 = whether or not the holder is alive
-- ARGV[5] ms      minIdle: without force an entry idle for less is left alone
-- ARGV[6] flag    spend: 1 = a retry is spent in any case; 0 = only if it was owned
-- ARGV[7] text    entry id
-- ARGV[8] text    data stream name ('' = none could be read from it)
-- ARGV[9] text    reason: why there is no name: unparseable | tooLarge (it does not arrive, even alone)
--
-- Returns {outcome, id of the copy, its retry count}; outcome: requeued | deadLettered (it has no name) | gone | cancelled | notPending |
--   alive (the second item is what is left of the holder's presence in ms, -1 for ever; -2: it has none, and has had the entry for too
--   short a time) | locked (then the second item is the lock's remaining time to live in ms, -1 for ever) |
--   deadLetterDue (then the second item is the reason: see lib/due.lua)
-- Refuses with SWPROTOCOL.
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
local lbs, presence, owners, dlq, lock = KEYS[1], KEYS[2], KEYS[3], KEYS[6], KEYS[7]
local group, holder, caller = ARGV[1], ARGV[2], ARGV[3]
local force, minIdle, spend, id, name = ARGV[4] == '1', tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7], ARGV[8]
local reason = ARGV[9]

local pending, marks = pendingFor(lbs, group, holder, { id }, 0)
local idle = pending[id]
if not idle then
  return { 'notPending', '', 0 }
end
local held = redis.call('GET', presence)
if not force then
  if held or idle < minIdle then
    return { 'alive', redis.call('PTTL', presence), 0 }
  end
  local ttl = lock ~= lbs and redis.call('PTTL', lock) or -2
  if ttl ~= -2 then
    return { 'locked', ttl, 0 }
  end
end
local generation = held and string.match(held, '^v1:(%d+)$')
if held and not generation then
  return redis.error_reply('SWPROTOCOL presence is written in another format: ' .. held)
end

local move = mover({
  lbs = lbs, group = group, owners = owners, ended = endings(KEYS[4], KEYS[5]), dlq = dlq, cancels = KEYS[8],
  maxRetries = math.huge, dlqMaxLen = 0,
  from = holder, by = caller, why = 'claimed', cause = not held and 'dead' or nil, record = historian(nil),
  parking = parkingOf({ lbs = lbs, group = group, owners = owners, by = caller, keys = { KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13] } }),
})
local result
if name == '' then
  result = move(id, name, reason)
else
  local owned = redis.call('HGET', owners, name) == id
  -- A consumer of the Go client marks nothing.
  result = move(id, name, (spend or owned) and 'spend' or 'keep', { mark = not spend and marks[id] or nil, isOwned = owned })
end
if held then
  redis.call('SET', presence, 'v1:0' .. string.format('%.0f', tonumber(generation) + 1), 'KEEPTTL')
end
return result
