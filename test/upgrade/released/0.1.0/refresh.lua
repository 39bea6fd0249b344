-- The heartbeat: prolongs the caller's presence and says whether it had lapsed.
--
-- KEYS[1] string  presence of the caller
-- ARGV[1] number  generation of the caller
-- ARGV[2] ms      time to live of presence
--
-- Returns 1: it was there and now lives on
--         0: it had lapsed and was written again. From this instant nobody takes anything from the caller, but what was
--            taken before is gone: the caller must verify all it holds
-- Refuses with SWSTALE <generation> when another generation stands.
local held = redis.call('GET', KEYS[1])
if not held then
  redis.call('SET', KEYS[1], 'v1:' .. ARGV[1], 'PX', ARGV[2])
  return 0
end
if held ~= 'v1:' .. ARGV[1] then
  return redis.error_reply('SWSTALE ' .. string.sub(held, 4))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
