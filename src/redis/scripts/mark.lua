-- Marks entries of the caller: what is to become of their counts, should it die or give them back (lib/marks.lua).
--
-- Of several that may be what consumers die of before they own them, one is begun with after the other, and only that one counts:
--
--   1. e1 and e2 have been with consumers that died before they owned them. A is delivered both, and marks both with 400,000: not begun with.
--   2. A marks e1 with 500,000, begins with it, and dies of it. Whoever takes both adds 1 to the delivery count of e1 alone.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4] number  the mark
-- ARGV[5...] entry ids (ascending)
--
-- Returns ids of those that are gone: they were pending for the caller, and their payload was deleted by somebody else
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include marked
local lbs, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local refused = fence(KEYS[2], ARGV[3])
if refused then
  return refused
end
local ids = {}
for i = 5, #ARGV do
  ids[#ids + 1] = ARGV[i]
end
local pending = pendingFor(lbs, group, consumer, ids, 0)
local gone = {}
for i = 1, #ids do
  local id = ids[i]
  if pending[id] and not marked(lbs, group, consumer, id, pending[id], ARGV[4]) then
    gone[#gone + 1] = id
  end
end
return gone
