-- Clears checkpoints of data streams that nobody owns, and that have not been written for long (see save): left behind by done({ keep }), by a stream that
-- was deleted by hand, or finished by a client that keeps none. What says only that a Redis stream has been removed, number 0 (see done), is kept for less long.
-- A page at a time. What is no record of this version is let alone.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] hash    checkpoints: data stream name -> record
-- ARGV[1] text    group
-- ARGV[2] text    where the page begins, as HSCAN takes it; 0: at the beginning
-- ARGV[3] number  records a page, about
-- ARGV[4] ms      how long one is kept since it was written, by the clock of Redis
-- ARGV[5] ms      the same of number 0
--
-- Returns {where the next page begins, 0: there is none; how many were cleared}
--@include pending
--@include entry-id
--@include count
--@include now
local lbs, owners, checkpoints, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local page = redis.call('HSCAN', checkpoints, ARGV[2], 'COUNT', ARGV[3])
local flat, old = page[2], {}
local now = nowMs()
for i = 1, #flat, 2 do
  local number, at = string.match(flat[i + 1], '^v1 %d+%-%d+ (%d+) (%d+) ')
  local keepMs = tonumber(number == '0' and ARGV[5] or ARGV[4])
  if at and countOf(at) > 0 and countOf(at) < now - keepMs then
    local owner = redis.call('HGET', owners, flat[i])
    if not (isId(owner) and isPending(lbs, group, owner)) then
      old[#old + 1] = flat[i]
    end
  end
end
return { page[1], #old > 0 and redis.call('HDEL', checkpoints, unpack(old)) or 0 }
