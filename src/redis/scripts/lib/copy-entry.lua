-- Needs own-fields and count.

-- countsOf(fields): the last of several counts. Malformed, negative or absurd reads as 0.
local function countsOf(fields)
  local counts = { retries = 0, deliveries = 0, failures = 0, deaths = 0, trial = 0 }
  for i = 1, #fields, 2 do
    local count = COUNTS[fields[i]]
    if count then
      counts[count] = countOf(fields[i + 1])
    end
  end
  return counts
end

-- Lua passes fewer than 8000 arguments on. Of an entry with more fields and values than this the payload is kept and the rest is
-- cut off: it must not fail for ever, and with it everything that is moved in the same call.
local MOST_COPIED = 7900

-- copyOf(fields, counts): the fields and values of a copy, byte for byte and in order; only counts and what dead letters have are ours to write.
local function copyOf(fields, counts)
  local copy = {}
  for i = 1, #fields, 2 do
    local isOurs = COUNTS[fields[i]] or FACTS[fields[i]]
    local most = MOST_COPIED + (fields[i] == 'lbs-input' and 50 or 0)
    if not isOurs and #copy < most then
      copy[#copy + 1] = fields[i]
      copy[#copy + 1] = fields[i + 1]
    end
  end
  local function write(field, count)
    copy[#copy + 1] = field
    copy[#copy + 1] = string.format('%.0f', count)
  end
  write('_retry_count', counts.retries)
  if counts.deliveries > 0 then
    write('_delivery_count', counts.deliveries)
  end
  if counts.failures > 0 then
    write('_failures', counts.failures)
  end
  if counts.deaths > 0 then
    write('_deaths', counts.deaths)
  end
  if counts.trial > 0 then
    write('_trial', counts.trial)
  end
  return copy
end

-- letterOf(fields, counts, why): the copy for the dead-letter stream. why{reason, owner ('': nobody knows), error ('': none)}
local function letterOf(fields, counts, why)
  -- Its trial is over.
  counts.trial = 0
  local letter = copyOf(fields, counts)
  local function write(field, value)
    if value ~= '' then
      letter[#letter + 1] = field
      letter[#letter + 1] = value
    end
  end
  write('_dlq_error', why.error)
  write('_dlq_owner', why.owner)
  local time = redis.call('TIME')
  write('_dlq_at', string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
  write('_dlq_reason', why.reason)
  return letter
end

-- spend(counts, cause): one retry, by a handler that 'failed' or an owner that is 'dead'; neither where nobody knows.
local function spend(counts, cause)
  counts.retries = counts.retries + 1
  if cause == 'failed' then
    counts.failures = counts.failures + 1
  elseif cause == 'dead' then
    counts.deaths = counts.deaths + 1
  end
end
