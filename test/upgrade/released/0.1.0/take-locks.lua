-- Takes lock keys that are free or already hold the caller's value.
--
-- KEYS[...] strings  lock keys
-- ARGV[1] text       value: the caller's, unlike any other process's
-- ARGV[2] ms         time to live
--
-- Returns one item a key: 1 held by the caller; 0 held by somebody else
local results = {}
for i = 1, #KEYS do
  if redis.call('SET', KEYS[i], ARGV[1], 'NX', 'PX', ARGV[2]) then
    results[i] = 1
  elseif redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
    results[i] = 1
  else
    results[i] = 0
  end
end
return results
