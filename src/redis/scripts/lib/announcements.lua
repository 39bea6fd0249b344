-- Needs entry-id, endings, announced-name and read-ahead.
-- announcements(lbs, hash): which entry announced a data stream last. Others add to the stream without a word: producers, consumers that requeue, of
-- every version and of the Go client, operators. Ids only grow, so what was added since the last call is read first, up to the end of the stream.
-- hash: data stream name -> entry id, which may be gone; the field '' holds the format's version and the id up to which the stream has been read.
--   error        what to return, where it is written in another format
--   read(id)     the entry; nil: it is gone
--   readOn()     false where much was to be read, as Redis stands still meanwhile: the caller is called again
--   isFull()     so much has been read in this call
--   of(names)    the id recorded for each, or false
--   add(name, fields)  announces it: its id
--   save()       writes what was added
local function announcements(lbs, hash)
  local self = {}
  local MOST_READ, MOST_BYTES = 1000, 1048576
  -- So many are read by one command while they are small: a command costs more than one of these. Large ones come one by one.
  local AT_ONCE, SMALL = 16, 4096
  local bytes = 0
  local writes, writeCount, isAnew, hasAdded = {}, 0, false, false
  local state = redis.call('HGET', hash, '')
  local mark = state and string.match(state, '^v1 (%d+%-%d+)$')
  if state and not isId(mark) then
    self.error = redis.error_reply('SWPROTOCOL what is announced is written in another format: ' .. state)
  end

  local function range(from, to, most)
    local entries = redis.call('XRANGE', lbs, from, to, 'COUNT', most)
    for at = 1, #entries do
      local fields = entries[at][2]
      for i = 1, #fields do
        bytes = bytes + #fields[i]
      end
    end
    return entries
  end

  local function write(name, id)
    writes[writeCount + 1] = name
    writes[writeCount + 2] = id
    writeCount = writeCount + 2
  end

  self.read = reader(lbs, function(read)
    bytes = bytes + read
  end)

  function self.isFull()
    return bytes > MOST_BYTES
  end

  function self.save()
    if isAnew then
      redis.call('DEL', hash)
      mark = '0-0'
    end
    if writeCount > 0 then
      write('', 'v1 ' .. mark)
      redis.call('HSET', hash, unpack(writes))
    end
    writes, writeCount, isAnew, hasAdded = {}, 0, false, false
  end

  function self.readOn()
    local count, most = 0, 1
    while count < MOST_READ and not self.isFull() do
      local before = bytes
      local entries = range(mark and '(' .. mark or '-', '+', most)
      for i = 1, #entries do
        local entry = entries[i]
        mark, count = entry[1], count + 1
        local name = announcedName(entry[2])
        if name then
          write(name, mark)
        end
      end
      if #entries < most then
        break
      end
      most = bytes - before <= most * SMALL and AT_ONCE or 1
    end
    -- Also where no name was in it: it is not read again.
    if count > 0 and writeCount == 0 then
      redis.call('HSET', hash, '', 'v1 ' .. mark)
    end
    self.save()
    return count < MOST_READ and not self.isFull()
  end

  function self.of(names)
    return redis.call('HMGET', hash, unpack(names))
  end

  function self.add(name, fields)
    local id = redis.call('XADD', lbs, '*', unpack(fields))
    write(name, id)
    -- The stream is not the one that has been read: it was deleted, and Redis's clock set back. Those that follow in this call are newer than this one.
    if not hasAdded then
      isAnew = mark and not isNewer(id, mark)
    end
    mark, hasAdded = id, true
    return id
  end

  return self
end
