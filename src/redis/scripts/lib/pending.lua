-- isPending(lbs, group, id): whether anybody has this entry pending.
local function isPending(lbs, group, id)
  return #redis.call('XPENDING', lbs, group, id, id, 1) > 0
end

-- pendingFor(lbs, group, consumer, ids, minIdle): of those ids the ones that are pending for this consumer, each with its idle time
-- (ms since it was delivered); where minIdle (ms) is above 0, only those idle for at least that long. `ids` must ascend. A second table has
-- how often each was delivered under its id.
--
-- One ranged question for the whole batch. Entries of the same consumer that lie between the batch's own can fill the
-- page; only then are the rest asked for one by one.
local function pendingFor(lbs, group, consumer, ids, minIdle)
  local found, deliveries = {}, {}
  local function take(row)
    if row[3] >= minIdle then
      found[row[1]] = row[3]
      deliveries[row[1]] = row[4]
    end
  end
  local page = #ids * 2
  local rows = redis.call('XPENDING', lbs, group, ids[1], ids[#ids], page, consumer)
  for i = 1, #rows do
    take(rows[i])
  end
  if #rows == page then
    for i = 1, #ids do
      if not found[ids[i]] then
        local row = redis.call('XPENDING', lbs, group, ids[i], ids[i], 1, consumer)[1]
        if row then
          take(row)
        end
      end
    end
  end
  return found, deliveries
end
