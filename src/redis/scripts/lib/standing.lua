-- Needs entry-id and endings.
-- standings(lbs, group): where entries stand. error is what Redis answers to whoever may not ask for its groups.
--   holderOf(id): the consumer that it is pending for; nil: nobody; false: nobody will be given it, as it is due for the dead-letter stream
--                 (lib/due.lua)
--   isNew(id): nobody has been given it yet, if it is on the stream. What is neither pending nor new is finished, or stranded.
local function standings(lbs, group)
  local self = {}
  local groups = redis.pcall('XINFO', 'GROUPS', lbs)
  local last
  if groups.err then
    -- Without a stream there is no group.
    self.error = not string.find(groups.err, 'no such key', 1, true) and groups or nil
    groups = {}
  end
  for i = 1, #groups do
    local fields = {}
    for at = 1, #groups[i], 2 do
      fields[groups[i][at]] = groups[i][at + 1]
    end
    if fields.name == group then
      last = fields['last-delivered-id']
    end
  end

  function self.holderOf(id)
    local row = last and redis.call('XPENDING', lbs, group, id, id, 1)[1]
    if not row then
      return nil
    end
    return not string.find(row[2], '^dead%-letters:.*~00000000$') and row[2]
  end

  function self.isNew(id)
    return not last or isNewer(id, last)
  end

  return self
end
