-- The last thing an incarnation does: presence goes, and so does its consumer when nothing is pending for it.
-- XGROUP DELCONSUMER destroys what is pending, hence the look in the same script.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] zset    index of presences (see lib/presences.lua)
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] text    key of the caller's wakes, in the stream's slot (see ensure): nobody reads them any more
--
-- Returns how many entries are still pending for the caller; 0: its consumer is gone from the group. More: they are left
-- for the others, who may take them at once, as presence is gone.
--@include now
redis.call('DEL', KEYS[2])
redis.pcall('DEL', ARGV[3])
local mine = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 10000, ARGV[2])
if #mine == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
  redis.pcall('ZREM', KEYS[3], ARGV[2])
else
  -- Whoever looks next finds it.
  redis.pcall('ZADD', KEYS[3], nowMs(), ARGV[2])
end
return #mine
