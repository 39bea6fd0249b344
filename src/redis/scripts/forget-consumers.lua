-- Removes the consumers of dead incarnations from the group, those of which nothing is pending.
--
-- KEYS[1] stream     load balancer stream
-- KEYS[2] zset       index of presences (see lib/presences.lua)
-- KEYS[3...] strings presences of those consumers, in the same order
-- ARGV[1] text       group
-- ARGV[2...] their names; at most 200
--
-- Returns how many were removed: one that is alive, or for which something is pending, stays
local lbs, group = KEYS[1], ARGV[1]
local isDead = {}
for i = 3, #KEYS do
  isDead[i - 1] = redis.call('EXISTS', KEYS[i]) == 0
end
local removed = 0
for i = 2, #ARGV do
  if isDead[i] and #redis.call('XPENDING', lbs, group, '-', '+', 1, ARGV[i]) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', lbs, group, ARGV[i])
    redis.pcall('ZREM', KEYS[2], ARGV[i])
    removed = removed + 1
  end
end
return removed
