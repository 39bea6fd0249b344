-- reader(stream, seen): a function that gives the entry with this id, or nil: it is gone. seen(bytes) is told how much has been read, fields and values.
--
-- Ids are mostly asked for in their order, and a command costs more than a small entry: those that follow come along, more of them each time that they were
-- asked for, and none while entries are large. Each is given once: whoever deletes it and asks again is told the truth.
local function reader(stream, seen)
  local AT_ONCE, SMALL = 16, 4096
  local ahead, asked, hits = {}, 2, 0

  return function(id)
    local entry = ahead[id]
    if entry then
      ahead[id], hits = nil, hits + 1
      return entry
    end
    if hits > 0 then
      asked = math.min(AT_ONCE, 2 * asked)
    elseif asked > 2 then
      asked = 2
    end
    local read, bytes = redis.call('XRANGE', stream, id, '+', 'COUNT', asked), 0
    ahead, hits = {}, 0
    for i = 1, #read do
      local fields = read[i][2]
      for at = 1, #fields do
        bytes = bytes + #fields[at]
      end
      if read[i][1] == id then
        entry = read[i]
      else
        ahead[read[i][1]] = read[i]
      end
    end
    if bytes > #read * SMALL then
      asked = 1
    elseif asked == 1 then
      asked = 2
    end
    if seen then
      seen(bytes)
    end
    return entry
  end
end
