-- Prolongs lock keys that hold the caller's value. A missing one is not taken back here: that is allowed only after the
-- entry has been verified.
--
-- KEYS[...] strings  lock keys
-- ARGV[1] text       value: the caller's
-- ARGV[2] ms         time to live
--
-- Returns the positions (from 1) of the keys that were not prolonged, each negative when somebody else holds the key

-- Looked up once: this runs for every stream every half heartbeat.
local call, mine, ttl = redis.call, ARGV[1], ARGV[2]
local values = call('MGET', unpack(KEYS))
local failed = {}
for i = 1, #values do
  if values[i] == mine then
    call('PEXPIRE', KEYS[i], ttl)
  else
    failed[#failed + 1] = values[i] and -i or i
  end
end
return failed
