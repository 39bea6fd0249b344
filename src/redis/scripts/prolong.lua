-- The heartbeat of the thread: prolongs the caller's presence, or says that it has lapsed, as refresh does, and does nothing else. The event loop, which
-- hears of touches, cancels and rounds by its own heartbeats, hears of them by the next one.
--
-- KEYS[1] string  presence of the caller
-- ARGV[1] number  generation of the caller
-- ARGV[2] ms      time to live of presence
-- ARGV[3] text    consumer: the caller's name in the group
-- ARGV[4] text    key of the index of presences (see lib/presences.lua). Not one of KEYS: see refresh
--
-- Returns 1: it was there, and now lives on
--         0: it has lapsed, or another generation stands. Nothing was written
--@include now
--@include presences
if redis.call('GET', KEYS[1]) ~= 'v1:' .. ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
indexPresence(ARGV[4], ARGV[3], nowMs() + tonumber(ARGV[2]))
return 1
