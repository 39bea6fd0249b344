-- Finds whose presence has run out, by the index of presences, and gives the caller a turn at each: for a while nobody else is given it. Whoever has one looks at
-- presence, takes what is pending, and forgets the consumer; when he does not, it is somebody else's turn afterwards.
--
-- It makes the index where there is none, or something else stands in its place, with the caller in it; the others write themselves into it with their next heartbeat.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] zset    index of presences (see lib/presences.lua)
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] ms      time to live of the caller's presence
-- ARGV[4] ms      how long a turn lasts; 0: the caller takes none, and only looks
-- ARGV[5] count   how many are found at most
-- ARGV[6] text    name in the group of one who is to be in the index; '': none
-- ARGV[7] flag    1: asks how many of the group are not in the index; 0: the user may not, and each time stands in the ACL log
-- ARGV[8...] names in the group that were found dead without the index
--
-- Returns {Redis's clock, epoch ms; in how many ms the presence of another one runs out next, '': nobody else is in the index; 1: the one that is to be in
--          the index is, 0: it is not; how many consumers of the group are not in the index, -1: it cannot be told, as the user may not run XINFO GROUPS;
--          how many are in the index; and in turn the name of each that was found, and for how many ms it has been over}
--@include last-delivered
--@include now
local index, caller, turn = KEYS[2], ARGV[2], tonumber(ARGV[4])
local now = nowMs()
local made = redis.pcall('ZADD', index, 'NX', now + tonumber(ARGV[3]), caller)
if type(made) == 'table' and string.find(made.err, 'WRONGTYPE', 1, true) then
  -- Somebody else has written something there.
  redis.call('DEL', index)
  redis.pcall('ZADD', index, now + tonumber(ARGV[3]), caller)
end
local found = {}
local function give(name, overdue)
  found[#found + 1] = name
  found[#found + 1] = overdue
end
local late = redis.call('ZRANGE', index, '-inf', now, 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[5]) + 1, 'WITHSCORES')
for i = 1, #late, 2 do
  if late[i] ~= caller and #found < 2 * tonumber(ARGV[5]) then
    give(late[i], now - tonumber(late[i + 1]))
    if turn > 0 then
      redis.pcall('ZADD', index, now + turn, late[i])
    end
  end
end
for i = 8, #ARGV do
  if not redis.call('ZSCORE', index, ARGV[i]) then
    give(ARGV[i], 0)
    -- From now on it is in the index, for those as well that only look.
    redis.pcall('ZADD', index, now + turn, ARGV[i])
  end
end
local next = ''
local coming = redis.call('ZRANGE', index, '(' .. now, '+inf', 'BYSCORE', 'LIMIT', 0, 2, 'WITHSCORES')
for i = #coming - 1, 1, -2 do
  if coming[i] ~= caller then
    next = string.format('%.0f', tonumber(coming[i + 1]) - now)
  end
end
local indexed = redis.call('ZCARD', index)
local strangers = -1
if ARGV[7] == '1' then
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
  if not groups.err then
    local fields = groupIn(groups, ARGV[1])
    strangers = fields and math.max(0, fields.consumers - indexed) or 0
  end
end
local reply = { now, next, redis.call('ZSCORE', index, ARGV[6]) and 1 or 0, strangers, indexed }
for i = 1, #found do
  reply[#reply + 1] = found[i]
end
return reply
