-- The heartbeat: prolongs the caller's presence, or says that it has lapsed. It never writes presence again: only raise does, under a
-- generation that nothing has been sent under.
--
--   1. A's refresh and its acquire of e are on their way. A gives their connection up and raises generation 2.
--   2. A's presence runs out.   3. The refresh arrives, and the acquire behind it.
--   If the refresh wrote presence, it would be of generation 1, and the acquire, which A has given up, would not be refused.
--
-- KEYS[1] string  presence of the caller
-- ARGV[1] number  generation of the caller
-- ARGV[2] ms      time to live of presence
-- ARGV[3] text    consumer: the caller's name in the group
-- ARGV[4] text    key of the hash of touches: name in the group -> how often any of its entries was touched; see ensure. Not one of KEYS: while
--                 their slot is moved, two keys may be on two servers, which would refuse the whole script until the move is over
--
-- ARGV[5] text    key of when what is delayed is due; likewise (see lib/delayed.lua)
-- ARGV[6] text    key of the hash of cancels: name in the group -> how often it was to hear of one; likewise (see cancel)
-- ARGV[7] text    key of the stream of what is parked; likewise (see lib/parking.lua)
-- ARGV[8] text    key of how many of each name are parked; likewise
-- ARGV[9] text    key of the index of presences; likewise (see lib/presences.lua)
-- ARGV[10] text   key of the hash of members; likewise (see begin-round)
-- ARGV[11] text   what the caller says of itself
-- ARGV[12] text   key of the hash of balance; likewise (see begin-round)
-- ARGV[13] text   load balancer stream; likewise
-- ARGV[14] text   id up to which everything has been given out, as the caller knows; '': it does not ask
--
-- Returns {1 and more: it was there and now lives on; as many more as its entries have been touched, so that it costs no command to hear of
--            that. As many as 0 where the hash is on another server just now;
--            in how many ms the presence of another one runs out next, as far as the index says, below 1: it has, '': nobody else is in it;
--            in how many ms what is delayed is due next, below 1: now, '': nothing is; how often the caller was to hear of a cancel;
--            in how many ms a round of balancing is due, below 1: now; what the last one found, '': there was none; what the caller is to hand over by it, '':
--            nothing; 1: there are entries behind that id, which may have been given out since, '': there are none, or it did not ask; and, where something is parked, how much, and in turn the names of which most is parked, three at most, the first characters of each, and how much that is}
--         0: it has lapsed, and nothing was written. The caller must raise a new generation, and verify all it holds: what was
--            taken before that is gone
-- Refuses with SWSTALE <generation> when another generation stands.
--@include count
--@include now
--@include presences
local held = redis.call('GET', KEYS[1])
if not held then
  return 0
end
if held ~= 'v1:' .. ARGV[1] then
  return redis.error_reply('SWSTALE ' .. string.sub(held, 4))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local now = nowMs()
indexPresence(ARGV[9], ARGV[3], now + tonumber(ARGV[2]))
-- In how many milliseconds the first of a sorted set is due.
local function dueIn(first)
  return first[2] and string.format('%.0f', tonumber(first[2]) - now) or ''
end
local next = redis.pcall('ZRANGE', ARGV[9], 0, 0, 'WITHSCORES')
local alive = 1 + countOf(redis.pcall('HGET', ARGV[4], ARGV[3]))
local due = redis.pcall('ZRANGE', ARGV[5], 0, 0, 'WITHSCORES')
local cancels = countOf(redis.pcall('HGET', ARGV[6], ARGV[3]))
local hot = redis.pcall('ZRANGE', ARGV[8], 0, 2, 'REV', 'WITHSCORES')
-- Made by begin-round only.
if redis.pcall('EXISTS', ARGV[10]) == 1 then
  redis.pcall('HSET', ARGV[10], ARGV[3], ARGV[11])
end
local round = redis.pcall('HMGET', ARGV[12], '', ARGV[3])
local last = round[1] or ''
local roundIn = string.format('%.0f', (tonumber(string.match(last, '^v1 (%d+)')) or now) - now)
local newer = ARGV[14] ~= '' and redis.pcall('XRANGE', ARGV[13], '(' .. ARGV[14], '+', 'COUNT', 1)
local isNewer = newer and (newer.err or newer[1]) and '1' or ''
local reply = { alive, next[1] == ARGV[3] and '' or dueIn(next), dueIn(due), cancels, roundIn, last, round[2] or '', isNewer }
if hot[1] then
  local parked = redis.pcall('XLEN', ARGV[7])
  reply[9] = type(parked) == 'number' and parked or 0
  for i = 1, #hot, 2 do
    reply[#reply + 1] = string.sub(hot[i], 1, 300)
    reply[#reply + 1] = countOf(hot[i + 1])
  end
end
return reply
