-- Clears owner records whose entry is no longer pending: left behind when an entry was finished by a client that keeps no
-- records, or deleted by hand. They count for nothing; this only keeps the hash from growing.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- ARGV[1] text    group
-- ARGV[2...] pairs of data stream name and the entry id that was read there
--
-- Returns how many records were cleared.
--@include pending
local cleared = 0
for i = 2, #ARGV, 2 do
  local name, id = ARGV[i], ARGV[i + 1]
  if redis.call('HGET', KEYS[2], name) == id and not isPending(KEYS[1], ARGV[1], id) then
    cleared = cleared + redis.call('HDEL', KEYS[2], name)
  end
end
return cleared
