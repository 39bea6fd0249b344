-- Removes a dead incarnation's consumer from the group, if nothing is pending for it.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of that consumer
-- KEYS[3] zset    index of presences (see lib/presences.lua)
-- ARGV[1] text    group
-- ARGV[2] text    consumer
--
-- Returns 1: removed; 0: it is alive, or something is pending for it
if redis.call('EXISTS', KEYS[2]) == 1 then
  return 0
end
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then
  return 0
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
redis.pcall('ZREM', KEYS[3], ARGV[2])
return 1
