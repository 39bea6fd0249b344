-- Needs entry-id.
-- delayedEntries(entries, due, names): what is given to everyone only when its time has come.
--   entries  stream: the field 'name' with the data stream's name, then fields and values as they are to stand on the load balancer stream
--   due      sorted set: id in that stream -> when it is due (epoch ms, by Redis's clock)
--   names    sorted set, all scores 0: '<bytes of the name>:<name>:<id>', so that one look finds all of one name
-- An id in that stream is none of the load balancer stream, which may have the same one: outside the scripts it is 'delayed:<id>'.
local function delayedEntries(entries, due, names)
  local self = {}
  local isEmpty

  local function prefixOf(name)
    return string.format('%d:', #name) .. name
  end

  function self.now()
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end

  -- add(name, fields, ms): its id, outside; due so many milliseconds from now
  function self.add(name, fields, ms)
    isEmpty = false
    local id = redis.call('XADD', entries, '*', 'name', name, unpack(fields))
    redis.call('ZADD', due, string.format('%.0f', self.now() + ms), id)
    redis.call('ZADD', names, 0, prefixOf(name) .. ':' .. id)
    return 'delayed:' .. id
  end

  -- first(count): ids and when they are due, in turn, the first ones first
  function self.first(count)
    return redis.call('ZRANGE', due, 0, count - 1, 'WITHSCORES')
  end

  -- read(id): the name of its data stream and its fields; nil where somebody else has deleted it
  function self.read(id)
    local entry = redis.call('XRANGE', entries, id, id)[1]
    if not entry then
      return nil
    end
    local fields = {}
    for i = 3, #entry[2] do
      fields[i - 2] = entry[2][i]
    end
    return entry[2][2], fields
  end

  function self.remove(id, name)
    redis.call('XDEL', entries, id)
    redis.call('ZREM', due, id)
    if name then
      redis.call('ZREM', names, prefixOf(name) .. ':' .. id)
    end
  end

  -- ofName(name, count): ids of that name, at most so many. One whose entry somebody else has deleted is forgotten. Most services
  -- delay nothing, and that is seen once for all names.
  function self.ofName(name, count)
    if isEmpty == nil then
      isEmpty = redis.call('EXISTS', names) == 0
    end
    if isEmpty then
      return {}
    end
    local prefix = prefixOf(name)
    local members = redis.call('ZRANGE', names, '[' .. prefix .. ':', '(' .. prefix .. ';', 'BYLEX', 'LIMIT', 0, count)
    local found = {}
    for i = 1, #members do
      local id = string.sub(members[i], #prefix + 2)
      if isId(id) and redis.call('XRANGE', entries, id, id)[1] then
        found[#found + 1] = id
      else
        redis.call('ZREM', names, members[i])
      end
    end
    return found
  end

  return self
end
