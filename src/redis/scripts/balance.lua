-- Says how many entries there are, how many of them are pending, and how many have not been given to anybody yet, all at one moment. Entries
-- are deleted when they are finished: what is on the stream beside those two is stranded, and what is pending beyond the stream has no payload.
--
-- Redis 7 and newer keep a count of what has not been given out, unless something has been deleted there. It is too high until 8.0 where all that is older has
-- been deleted, and some of it before it was given out: then all that is left has not been. Without a count it is counted, as far as that takes no long.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] text    group
-- ARGV[2] number  entries that are counted at most, of about 1 MiB together
--
-- Returns {length of the stream; entries pending, -1: there is no such group; entries not given out yet, -1: more than were counted}
--@include last-delivered
--@include own-fields
--@include entry-size
local lbs, most = KEYS[1], tonumber(ARGV[2])
local MOST_BYTES = 1048576
local length = redis.call('XLEN', lbs)
local group = groupOf(lbs, ARGV[1])
if not group then
  return { length, -1, -1 }
end
if group.lag then
  return { length, group.pending, math.min(group.lag, length) }
end
local count, bytes, from = 0, 0, group['last-delivered-id']
while true do
  -- Behind the largest id there is nothing, and Redis refuses to look.
  local entry = redis.pcall('XRANGE', lbs, '(' .. from, '+', 'COUNT', 1)[1]
  if not entry then
    return { length, group.pending, count }
  end
  count, bytes, from = count + 1, bytes + entrySize(entry[2]), entry[1]
  if count > most or bytes > MOST_BYTES then
    return { length, group.pending, -1 }
  end
end
