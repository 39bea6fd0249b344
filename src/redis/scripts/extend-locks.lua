-- Prolongs lock keys that hold the caller's value. A missing one is not taken back here: that is allowed only after the
-- entry has been verified.
--
-- KEYS[...] strings  lock keys
-- ARGV[1] text       value: the caller's
-- ARGV[2] ms         time to live
--
-- Returns the positions (from 1) of the keys that were not prolonged, each negative when somebody else holds the key
local values = redis.call('MGET', unpack(KEYS))
local failed = {}
for i = 1, #KEYS do
  if values[i] == ARGV[1] then
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
  else
    failed[#failed + 1] = values[i] and -i or i
  end
end
return failed
