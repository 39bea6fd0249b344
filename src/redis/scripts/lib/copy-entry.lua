local function countIn(fields, name)
  local count = 0
  for i = 1, #fields, 2 do
    if fields[i] == name then
      -- The last of several counts. Malformed, negative or absurd reads as 0.
      local digits = string.match(fields[i + 1], '^%+?(%d+)$')
      count = digits and #digits <= 15 and tonumber(digits) or 0
    end
  end
  return count
end

-- retryCount(fields): how often the entry has been retried.
local function retryCount(fields)
  return countIn(fields, '_retry_count')
end

-- deliveryCount(fields): how often it was delivered to a consumer that died before it had become the owner, under the ids that it had before.
local function deliveryCount(fields)
  return countIn(fields, '_delivery_count')
end

-- Lua passes fewer than 8000 arguments on. Of an entry with more fields and values than this the payload is kept and the rest is
-- cut off: it must not fail for ever, and with it everything that is moved in the same call.
local MOST_COPIED = 7900

-- copyOf(fields, count, deliveries, reason): the fields and values of a copy, byte for byte and in order; only `_retry_count`,
-- `_delivery_count` (where it is not 0) and `_dlq_reason` are ours to write. `reason` is nil for a copy on the load balancer stream.
local function copyOf(fields, count, deliveries, reason)
  local copy = {}
  for i = 1, #fields, 2 do
    local isOurs = fields[i] == '_retry_count' or fields[i] == '_delivery_count' or fields[i] == '_dlq_reason'
    local most = MOST_COPIED + (fields[i] == 'lbs-input' and 50 or 0)
    if not isOurs and #copy < most then
      copy[#copy + 1] = fields[i]
      copy[#copy + 1] = fields[i + 1]
    end
  end
  copy[#copy + 1] = '_retry_count'
  copy[#copy + 1] = string.format('%.0f', count)
  if deliveries > 0 then
    copy[#copy + 1] = '_delivery_count'
    copy[#copy + 1] = string.format('%.0f', deliveries)
  end
  if reason then
    copy[#copy + 1] = '_dlq_reason'
    copy[#copy + 1] = reason
  end
  return copy
end

-- letterOf(fields, deliveries, reason): the entry's copy for the dead-letter stream, and its retry count: the one that exceeded, or as it was.
local function letterOf(fields, deliveries, reason)
  local count = retryCount(fields) + (reason == 'max_retries_exceeded' and 1 or 0)
  return copyOf(fields, count, deliveries, reason), count
end
