-- Needs entry-id, endings and last-delivered.
-- standings(lbs, group): where entries stand. error is what Redis answers to whoever may not ask for its groups.
--   holderOf(id): the consumer that it is pending for; nil: nobody; false: nobody will be given it, as it is due for the dead-letter stream
--                 (lib/due.lua)
--   ask(ids):     one question for all of these, so that holderOf knows, where that is cheaper than one each
--   isNew(id): nobody has been given it yet, if it is on the stream. What is neither pending nor new is finished, or stranded.
local function standings(lbs, group)
  local self = {}
  local groups = redis.pcall('XINFO', 'GROUPS', lbs)
  if groups.err then
    -- Without a stream there is no group.
    self.error = not string.find(groups.err, 'no such key', 1, true) and groups or nil
    groups = {}
  end
  local found = groupIn(groups, group)
  local last = found and found['last-delivered-id']

  local NOBODY = ''
  local known = {}
  local isHolding = {}

  function self.ask(ids)
    local asked, count, from, to = {}, 0, math.huge, 0
    for i = 1, #ids do
      local digits = string.match(ids[i], '^%d+')
      -- Longer ones are no times, and no numbers that Lua has.
      if #digits <= 15 then
        local ms = tonumber(digits)
        if ms < from then
          from = ms
        end
        if ms > to then
          to = ms
        end
        count = count + 1
        asked[count] = ids[i]
      end
    end
    if not last or count < 8 then
      return
    end
    local page = 2 * count
    local rows = redis.call('XPENDING', lbs, group, string.format('%.0f', from), string.format('%.0f', to), page)
    for i = 1, #rows do
      local row = rows[i]
      known[row[1]] = row[2]
    end
    -- A full page may not be all; what is not in it is asked for by itself.
    for i = 1, #rows < page and count or 0 do
      known[asked[i]] = known[asked[i]] or NOBODY
    end
  end

  function self.holderOf(id)
    local holder = known[id]
    if not holder and last then
      local row = redis.call('XPENDING', lbs, group, id, id, 1)[1]
      holder = row and row[2]
    end
    if not holder or holder == NOBODY then
      return nil
    end
    if isHolding[holder] == nil then
      isHolding[holder] = not string.find(holder, '^dead%-letters:.*~00000000$')
    end
    return isHolding[holder] and holder
  end

  function self.isNew(id)
    return not last or isNewer(id, last)
  end

  return self
end
