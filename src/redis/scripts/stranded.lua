-- Finds entries that are stranded: they were given out, are pending for nobody, and are still there. XGROUP DELCONSUMER leaves them behind, as it
-- takes its consumer's pending entries along; so does an XACK that no XDEL follows. No consumer is ever given them.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] text    group
-- ARGV[2] text    entry id that the page begins at; '-': the first
-- ARGV[3] number  entries a page, at most 100
--
-- Returns {id of the page's last entry, or '' when it was not full; ids of those that are stranded}
--@include pending
--@include last-delivered
local lbs, group, size = KEYS[1], ARGV[1], tonumber(ARGV[3])
local last = lastDelivered(lbs, group)
if not last then
  return { '', {} }
end
local page = redis.call('XRANGE', lbs, ARGV[2], last, 'COUNT', size)
local stranded = {}
for i = 1, #page do
  if not isPending(lbs, group, page[i][1]) then
    stranded[#stranded + 1] = page[i][1]
  end
end
return { #page == size and page[size][1] or '', stranded }
