-- Needs entry-id, endings, count, pending, and history where it is to move anything.
-- parkingOf{lbs, group, owners, by, record, keys, delivered (where the group has got to; nil: nobody has asked),
-- isStrict (whoever may not look is refused; else nothing is parked for him), isCoalescing (what would wait behind another one is finished)}: entries that wait out of everybody's way, until their name is free or is not paused any more.
-- Five keys:
--   stream      parked: the field 'name' with the data stream's name, then fields and values of the entry as they stood on the load balancer stream
--   sorted set  names, all scores 0: '<bytes of the name>:<name>:<0|1><id in that stream, both halves with 20 digits>', so that one look finds the
--               first of one name; 0: it had been its turn already, and it came back
--   sorted set  counts: data stream name -> how many are parked
--   hash        turns: data stream name -> the entry on the load balancer stream whose turn it is: the one that was given back last, or a copy of it
--   hash        paused: data stream name -> since when (epoch ms)
-- Outside, what is parked is 'parked:<id>': the load balancer stream may have the same id.
--
--   1. A owns e1 of n. B reads e2 and e3 of n: they are parked.   2. A finishes e1: e2 goes back as e2', and it is its turn.
--   3. B reads e4 of n, which stood on the stream before e2': it is parked, behind e3. C reads e2', and owns n.
--   or: 3'. n is paused, C reads e2': it is parked again, before e3.
--
-- A copy of an owner's entry, given back or taken from a dead one, has its turn: a retry does not wait for a million others.
--
-- Where nothing is recorded (record is nil) nothing goes back: `unpark` sees to it.
--
-- Whatever is lost on the way (an answer, an entry that is deleted by hand or finished by a client that knows nothing of turns) leaves a name
-- parked and free, which `unpark` finds. So nothing here fails what it belongs to: where a command is refused, everything stays as it is.
local function parkingOf(about)
  local lbs, group, owners, record = about.lbs, about.group, about.owners, about.record
  local entries, names, counts, turns, paused = unpack(about.keys)
  local MOST_BYTES = 1048576
  local MOST_FIELDS = 7900
  local MOST_BROKEN = 100
  local self = {}
  local bytes = 0
  local mayMove, inUse
  local look = about.isStrict and redis.call or redis.pcall
  local delivered = about.delivered

  local function isRefused(reply)
    return type(reply) == 'table' and reply.err ~= nil
  end

  -- Nothing has these names and ids. A user who may not do one of these is refused here, and nothing is copied that cannot be taken away.
  local function isAllowed()
    if mayMove == nil then
      mayMove = not (isRefused(redis.pcall('XACK', lbs, group, '0-0')) or isRefused(redis.pcall('XDEL', lbs, '0-0'))
        or isRefused(redis.pcall('XDEL', entries, '0-0')) or isRefused(redis.pcall('ZREM', names, ''))
        or isRefused(redis.pcall('ZADD', counts, 'XX', 0, '')) or isRefused(redis.pcall('ZSCORE', counts, ''))
        or isRefused(redis.pcall('HDEL', turns, '')) or isRefused(redis.pcall('HGET', paused, '')))
    end
    return mayMove
  end

  self.mayMove = isAllowed

  -- Whether an entry has so few fields that it can be added again.
  function self.mayHold(fields)
    return #fields <= MOST_FIELDS
  end

  local function prefixOf(name)
    return string.format('%d:', #name) .. name .. ':'
  end

  local function padded(digits)
    return string.rep('0', 20 - #digits) .. digits
  end

  local function memberOf(name, id, isBack)
    local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
    return prefixOf(name) .. (isBack and '0' or '1') .. padded(ms) .. '-' .. padded(sequence)
  end

  local function idIn(member, prefix)
    local ms, sequence = string.match(string.sub(member, #prefix + 1), '^[01]0*(%d+)%-0*(%d+)$')
    local id = ms and ms .. '-' .. sequence
    return isId(id) and id
  end

  -- first(name): its member, its id, and its fields; nil where there is none. Members whose entries somebody has deleted go.
  local function first(name)
    local prefix = prefixOf(name)
    for _ = 1, MOST_BROKEN do
      local member = redis.call('ZRANGE', names, '[' .. prefix, '(' .. string.sub(prefix, 1, -2) .. ';', 'BYLEX', 'LIMIT', 0, 1)[1]
      if not member then
        redis.call('ZREM', counts, name)
        return nil
      end
      local id = idIn(member, prefix)
      local entry = id and redis.call('XRANGE', entries, id, id)[1]
      if entry then
        return member, id, entry[2]
      end
      redis.call('ZREM', names, member)
    end
    return nil
  end

  local function countIn(name)
    return countOf(look('ZSCORE', counts, name))
  end

  local function setCount(name, count)
    if count > 0 then
      redis.call('ZADD', counts, string.format('%.0f', count), name)
    else
      redis.call('ZREM', counts, name)
    end
  end

  local function remove(name, member, id)
    redis.call('XDEL', entries, id)
    redis.call('ZREM', names, member)
    setCount(name, countIn(name) - 1)
  end

  -- Whether anything is parked, has its turn, or is paused. Most services never know of any of it.
  function self.isInUse()
    if inUse == nil then
      local found = look('EXISTS', counts, turns, paused)
      inUse = not isRefused(found) and found > 0
    end
    return inUse
  end

  -- Whether the group has got so far: up to the newest entry that is pending, at least.
  local function isDelivered(id)
    if delivered == nil then
      delivered = redis.pcall('XPENDING', lbs, group)[3] or false
    end
    return delivered and not isNewer(id, delivered)
  end

  -- Whether an entry is still to be given to somebody, or is in somebody's hands.
  function self.isToCome(id)
    if not isId(id) then
      return false
    end
    return isPending(lbs, group, id) or (not isDelivered(id) and redis.call('XRANGE', lbs, id, id)[1] ~= nil)
  end

  function self.isPaused(name)
    return self.isInUse() and redis.call('HGET', paused, name)
  end

  -- turnBefore(name, id): the entry whose turn it is, when that is another one, and is still to come.
  function self.turnBefore(name, id)
    local turn = self.isInUse() and redis.call('HGET', turns, name)
    return turn and turn ~= id and self.isToCome(turn) and turn
  end

  -- Whether another entry of this name waits that this one can be counted into: one that has not begun. Of what a consumer has been given nobody
  -- knows that, where the record of its owner may be lost.
  function self.waits(name, id)
    local turn = self.whose(name)
    return turn ~= id and (self.countIn(name) > 0 or (turn and self.isToCome(turn) and not isPending(lbs, group, turn)))
  end

  -- So much has been copied in this call that the caller is to be called again for the rest.
  function self.isFull()
    return bytes >= MOST_BYTES
  end

  function self.countIn(name)
    return self.isInUse() and countIn(name) or 0
  end

  local function fieldsOf(id)
    local entry = redis.call('XRANGE', lbs, id, id)[1]
    return entry and entry[2]
  end

  -- park(name, id, why, fields): parks an entry that is pending; its id then, outside. nil: it cannot be, and stays where it is. fields: nil where they have
  -- not been read yet.
  function self.park(name, id, why, fields)
    if bytes >= MOST_BYTES or not isAllowed() then
      return nil
    end
    fields = fields or fieldsOf(id)
    if not fields or not self.mayHold(fields) then
      return nil
    end
    for i = 1, #fields do
      bytes = bytes + #fields[i]
    end
    local isBack = redis.call('HGET', turns, name) == id
    local parked = redis.pcall('XADD', entries, '*', 'name', name, unpack(fields))
    if isRefused(parked) then
      mayMove = false
      return nil
    end
    redis.call('ZADD', names, 0, memberOf(name, parked, isBack))
    setCount(name, countIn(name) + 1)
    redis.call('XACK', lbs, group, id)
    redis.call('XDEL', lbs, id)
    if isBack then
      redis.call('HDEL', turns, name)
    end
    inUse = true
    record({ op = 'parked', id = id, name = name, from = about.by, by = about.by, copy = 'parked:' .. parked, why = why })
    return 'parked:' .. parked
  end

  -- coalesce(name, id): finishes an entry that is pending, as another one of its name waits. False: it may not be.
  function self.coalesce(name, id)
    if not isAllowed() then
      return false
    end
    redis.call('XACK', lbs, group, id)
    redis.call('XDEL', lbs, id)
    record({ op = 'coalesced', id = id, name = name, from = about.by, by = about.by })
    return true
  end

  -- setAside(name, id, why, fields): 3 where it has been parked, 4 where another one of its name waits and it has been finished; nil: it stays where it is.
  function self.setAside(name, id, why, fields)
    if about.isCoalescing and self.waits(name, id) and self.coalesce(name, id) then
      return 4
    end
    return self.park(name, id, why, fields) and 3 or nil
  end

  -- release(name): the first of this name goes back on the load balancer stream: its id there. nil: there is none, or it stays.
  function self.release(name)
    if not record or bytes >= MOST_BYTES or not isAllowed() or self.isPaused(name) then
      return nil
    end
    local member, id, flat = first(name)
    if not member then
      return nil
    end
    local fields = {}
    for i = 3, #flat do
      fields[i - 2] = flat[i]
      bytes = bytes + #flat[i]
    end
    local copy = redis.pcall('XADD', lbs, '*', unpack(fields))
    if isRefused(copy) then
      mayMove = false
      return nil
    end
    remove(name, member, id)
    redis.call('HSET', turns, name, copy)
    record({ op = 'unparked', id = 'parked:' .. id, name = name, by = about.by, copy = copy })
    return copy
  end

  -- over(name, id, wasOwner, copy): an entry of this name has left somebody's hands. copy: it is everyone's again under this id; nil: it has ended, or
  -- comes later.
  function self.over(name, id, wasOwner, copy)
    if name == '' or not self.isInUse() then
      return
    end
    local turn = redis.call('HGET', turns, name)
    local wasNext = turn == id
    if not (wasOwner or wasNext) or (turn and not wasNext and self.isToCome(turn)) then
      return
    end
    local owner = not wasOwner and redis.call('HGET', owners, name)
    if isId(owner) and owner ~= id and isPending(lbs, group, owner) then
      redis.pcall('HDEL', turns, name)
    elseif copy then
      if turn or countIn(name) > 0 then
        redis.pcall('HSET', turns, name, copy)
      end
    elseif not self.release(name) and turn then
      redis.pcall('HDEL', turns, name)
    end
  end

  -- isStuck(name): something of it is parked, though nobody owns it, it is nobody's turn, and it is not paused.
  function self.isStuck(name)
    local owner = redis.call('HGET', owners, name)
    if isId(owner) and isPending(lbs, group, owner) then
      return false
    end
    local turn = redis.call('HGET', turns, name)
    return not (turn and self.isToCome(turn)) and not self.isPaused(name)
  end

  -- drop(name, most): forgets what is parked of this name, the first ones first: their ids, outside.
  function self.drop(name, most)
    local dropped = {}
    while #dropped < most and self.countIn(name) > 0 do
      local member, id = first(name)
      if not member then
        break
      end
      remove(name, member, id)
      dropped[#dropped + 1] = 'parked:' .. id
    end
    return dropped
  end

  -- The id of the first that is parked, outside; nil: none is.
  function self.firstOf(name)
    local _, id = first(name)
    return id and 'parked:' .. id
  end

  -- whose(name): the entry whose turn it is; false: nobody's
  function self.whose(name)
    return self.isInUse() and redis.call('HGET', turns, name)
  end

  return self
end
