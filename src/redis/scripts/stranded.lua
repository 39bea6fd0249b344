-- Finds entries that are stranded: they were given out, are pending for nobody, and are still there. XGROUP DELCONSUMER leaves them behind, as it
-- takes its consumer's pending entries along; so does an XACK that no XDEL follows. No consumer is ever given them.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] text    group
-- ARGV[2] text    entry id that the page begins at; '-': the first
-- ARGV[3] number  entries a page, at most 100; fewer where they have many bytes, as Redis stands still while it looks at them
--
-- Returns {id of the page's last entry, or '' when there are no more; ids of those that are stranded}
--@include pending
--@include last-delivered
--@include own-fields
--@include entry-size
local lbs, group, from = KEYS[1], ARGV[1], ARGV[2]
local MOST_BYTES = 1048576
local last = lastDelivered(lbs, group)
if not last then
  return { '', {} }
end
local stranded, bytes = {}, 0
for _ = 1, tonumber(ARGV[3]) do
  local entry = bytes < MOST_BYTES and redis.call('XRANGE', lbs, from, last, 'COUNT', 1)[1]
  if not entry then
    return { bytes < MOST_BYTES and '' or string.sub(from, 2), stranded }
  end
  bytes = bytes + entrySize(entry[2])
  if not isPending(lbs, group, entry[1]) then
    stranded[#stranded + 1] = entry[1]
  end
  if entry[1] == last then
    return { '', stranded }
  end
  from = '(' .. entry[1]
end
return { string.sub(from, 2), stranded }
