-- Removes a data stream that has come to its end, unless something has come after that.
--
-- KEYS[1] stream  data stream
-- ARGV[1] id      its last entry, as its owner knows it
--
-- Returns 1: it is gone; 0: something has come after that entry, and nothing is changed
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] and last[1][1] ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
