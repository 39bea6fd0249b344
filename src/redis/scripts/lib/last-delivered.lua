-- groupIn(groups, group): what a reply to XINFO GROUPS says of this group, by name; nil when there is no such group.
local function groupIn(groups, group)
  for i = 1, #groups do
    local fields = {}
    for at = 1, #groups[i], 2 do
      fields[groups[i][at]] = groups[i][at + 1]
    end
    if fields.name == group then
      return fields
    end
  end
  return nil
end

local function groupOf(lbs, group)
  return groupIn(redis.call('XINFO', 'GROUPS', lbs), group)
end

-- lastDelivered(lbs, group): the id up to which the group has been given everything; nil when there is no such group.
local function lastDelivered(lbs, group)
  local fields = groupOf(lbs, group)
  return fields and fields['last-delivered-id']
end
