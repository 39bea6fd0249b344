-- Reads a stream from one place on, but no more bytes than the caller has time for. Changes nothing.
--
-- KEYS[1] stream  the stream to read
-- ARGV[1] text    order: XRANGE | XREVRANGE
-- ARGV[2] text    where the page begins, as that command takes it
-- ARGV[3] text    where it ends at the latest
-- ARGV[4] count   most entries
-- ARGV[5] bytes   most that they may have together. The first one is looked at however large it is
-- ARGV[6] bytes   most that one entry may have: of a larger one only the small fields are returned
--
-- Returns {entries, more}; an entry is {id, size in bytes, fields and values, 1 where these are all there are, else 0}; more is 1 where
-- the page ends for want of room
--@include own-fields
--@include entry-size
local stream, order, from, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local room, most = tonumber(ARGV[5]), tonumber(ARGV[6])
local SMALL = 256

local function small(fields)
  local few = {}
  for i = 1, #fields, 2 do
    if #fields[i] + #fields[i + 1] <= SMALL and #few < 64 then
      few[#few + 1] = fields[i]
      few[#few + 1] = fields[i + 1]
    end
  end
  return few
end

local entries = {}
for _ = 1, tonumber(ARGV[4]) do
  local entry = redis.call(order, stream, from, to, 'COUNT', 1)[1]
  if not entry then
    break
  end
  local size = entrySize(entry[2])
  if size > room and #entries > 0 then
    return { entries, 1 }
  end
  room = room - size
  local isWhole = size <= most
  entries[#entries + 1] = { entry[1], size, isWhole and entry[2] or small(entry[2]), isWhole and 1 or 0 }
  from = '(' .. entry[1]
end
return { entries, 0 }
