-- Reads entries, but no more bytes than the caller has time for. Nobody knows how large an entry is before somebody has read it, and only
-- here does reading it cost no bandwidth. Changes nothing.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] bytes   most that the entries of one reply may have together. The first one is looked at however large it is
-- ARGV[2] bytes   most that one entry may have: of a larger one only its size is returned. 0: of every one
-- ARGV[3...] entry ids
--
-- Returns one item an entry, for as many of the ids, from the first on, as there is room for: the fields and values; the size in bytes
-- instead where it is too large; 0 where the entry is no longer on the stream
--@include own-fields
--@include entry-size
--@include read-ahead
local lbs, room, most = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local items, read = {}, reader(lbs)
for i = 3, #ARGV do
  local entry = read(ARGV[i])
  local size = entry and entrySize(entry[2]) or 0
  if size > room and #items > 0 then
    break
  end
  room = room - size
  items[#items + 1] = entry and size <= most and entry[2] or size
end
return items
