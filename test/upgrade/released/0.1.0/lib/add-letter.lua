-- addLetter(dlq, most, letter): adds fields and values to the dead-letter stream, which is trimmed to about `most` entries (0: never).
-- Returns the id, how many letters were trimmed away, and how many there are.
local function addLetter(dlq, most, letter)
  if most == 0 then
    return redis.call('XADD', dlq, '*', unpack(letter)), 0, redis.call('XLEN', dlq)
  end
  local before = redis.call('XLEN', dlq)
  local id = redis.call('XADD', dlq, 'MAXLEN', '~', most, '*', unpack(letter))
  local length = redis.call('XLEN', dlq)
  return id, before + 1 - length, length
end
