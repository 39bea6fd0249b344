-- Makes the caller present under a new generation, which voids every command it sent under an earlier one. Nothing else writes presence
-- where there is none. A raise that was given up may do so late; then no command carries its generation, since commands carry one only
-- once its raise has been answered.
--
-- KEYS[1] string  presence of the caller
-- ARGV[1] number  new generation; must be larger than the present one
-- ARGV[2] ms      time to live of presence
-- ARGV[3] text    consumer: the caller's name in the group
-- ARGV[4] text    key of the index of presences (see lib/presences.lua). Not one of KEYS: see refresh
--
-- Returns {1, had}: written; had = 1 when presence was there, 0 when it had lapsed or never was
--         {0, generation}: refused; this generation, not smaller than the asked one, stands
--@include now
--@include presences
local held = redis.call('GET', KEYS[1])
if held then
  local generation = string.match(held, '^v1:(%d+)$')
  if not generation then
    return redis.error_reply('SWPROTOCOL presence is written in another format: ' .. held)
  end
  if tonumber(generation) >= tonumber(ARGV[1]) then
    return { 0, tonumber(generation) }
  end
end
redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])
indexPresence(ARGV[4], ARGV[3], nowMs() + tonumber(ARGV[2]))
return { 1, held and 1 or 0 }
