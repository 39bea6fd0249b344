-- Releases lock keys that hold the caller's value; others are left alone.
--
-- KEYS[...] strings  lock keys
-- ARGV[1] text       value: the caller's
--
-- Returns how many were released
local values = redis.call('MGET', unpack(KEYS))
local released = 0
for i = 1, #KEYS do
  if values[i] == ARGV[1] then
    released = released + redis.call('DEL', KEYS[i])
  end
end
return released
