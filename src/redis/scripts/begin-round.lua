-- Begins a round of balancing where one is due, and tells whoever begins it what there is to know of the fleet. One process at a time does: the next round is
-- due only later, and when this one is never ended the next one makes up for it.
--
-- It makes the hash of members where there is none. A heartbeat makes none: see lib/presences.lua.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] zset    index of presences (see lib/presences.lua)
-- KEYS[3] hash    members: name in the group -> what each says of itself with its heartbeat
-- KEYS[4] hash    balance: '' -> what the last round found, name in the group -> what it has to hand over (see end-round)
-- ARGV[1] text    consumer: the caller's name in the group
-- ARGV[2] text    what the caller says of itself
-- ARGV[3] ms      when the next round is due
-- ARGV[4] flag    1: whether or not one is due; 0: only where one is
--
-- Returns 0: none is due
--         {Redis's clock, epoch ms; when the next round is due, epoch ms; what the last round found, '': there was none; length of the stream; and in turn
--          the name of each in the index, when its presence runs out, what it says of itself, '': nothing, and what it is to hand over, '': nothing}
--@include now
local members, balance, caller = KEYS[3], KEYS[4], ARGV[1]
local now = nowMs()
-- Something else may have been written there by somebody else.
for i = 3, 4 do
  local look = redis.pcall('HGET', KEYS[i], '')
  if type(look) == 'table' and look.err then
    redis.call('DEL', KEYS[i])
  end
end
local last = redis.call('HGET', balance, '') or ''
local due = tonumber(string.match(last, '^v1 (%d+)')) or 0
-- Further away than any round: Redis's clock was set back.
if ARGV[4] == '0' and due > now and due <= now + 2 * tonumber(ARGV[3]) then
  return 0
end
local next = string.format('%.0f', now + tonumber(ARGV[3]))
local rest = string.match(last, '^v1 %d+( .*)$') or ''
redis.call('HSET', balance, '', 'v1 ' .. next .. rest)
redis.call('HSET', members, caller, ARGV[2])
local reply = { string.format('%.0f', now), next, last, redis.call('XLEN', KEYS[1]) }
local index = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for at = 1, #index, 1000 do
  local names = {}
  for i = at, math.min(at + 998, #index - 1), 2 do
    names[#names + 1] = index[i]
  end
  local records = redis.call('HMGET', members, unpack(names))
  local orders = redis.call('HMGET', balance, unpack(names))
  for i = 1, #names do
    reply[#reply + 1] = names[i]
    reply[#reply + 1] = string.format('%.0f', tonumber(index[at + 2 * i - 1]))
    reply[#reply + 1] = records[i] or ''
    reply[#reply + 1] = orders[i] or ''
  end
end
-- Who is in the index no more is no member.
local cursor = '0'
repeat
  local page = redis.call('HSCAN', members, cursor, 'COUNT', 200)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if not redis.call('ZSCORE', KEYS[2], page[2][i]) then
      redis.call('HDEL', members, page[2][i])
    end
  end
until cursor == '0'
return reply
