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
-- So many are read by one command while they are no larger than that: a command costs more than one of these. Large ones come one by one.
local AT_ONCE, MIDDLING = 16, 4096

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
local left, asked = tonumber(ARGV[4]), 1
while left > 0 do
  asked = math.min(asked, left)
  local read = redis.call(order, stream, from, to, 'COUNT', asked)
  local before = room
  for i = 1, #read do
    local id, fields = unpack(read[i])
    local size = entrySize(fields)
    if size > room and #entries > 0 then
      return { entries, 1 }
    end
    room = room - size
    local isWhole = size <= most
    entries[#entries + 1] = { id, size, isWhole and fields or small(fields), isWhole and 1 or 0 }
    from = '(' .. id
  end
  if #read < asked then
    break
  end
  left = left - #read
  asked = before - room <= #read * MIDDLING and AT_ONCE or 1
end
return { entries, 0 }
