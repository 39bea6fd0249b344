-- Clears owner records whose entry is no longer pending: left behind when an entry was finished by a client that keeps no
-- records, or deleted by hand. They own nothing; this only keeps the hash from growing. What they say of tokens is remembered as an
-- ending, for as long as an older entry may still come late. What is no entry id says nothing at all.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] hash    endings of even windows: data stream name -> entry id that owned it last
-- KEYS[4] hash    endings of odd windows
-- ARGV[1] text    group
-- ARGV[2...] pairs of data stream name and the entry id that was read there
--
-- Returns how many records were cleared.
--@include pending
--@include entry-id
--@include count
--@include endings
local cleared, ended = 0, {}
for i = 2, #ARGV, 2 do
  local name, id = ARGV[i], ARGV[i + 1]
  local isRecorded = redis.call('HGET', KEYS[2], name) == id
  if isRecorded and not isId(id) then
    cleared = cleared + redis.call('HDEL', KEYS[2], name)
  elseif isRecorded and not isPending(KEYS[1], ARGV[1], id) then
    cleared = cleared + redis.call('HDEL', KEYS[2], name)
    ended[#ended + 1] = name
    ended[#ended + 1] = id
  end
end
endings(KEYS[3], KEYS[4]).remember(ended)
return cleared
