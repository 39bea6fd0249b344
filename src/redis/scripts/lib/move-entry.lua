-- mover{...}: a function move(id, name, plan) that takes one pending entry out of its consumer's hands: a copy goes back on
-- the stream, or, when its retries are used up or it cannot be parsed, into the dead-letter stream.
--
-- The copy is added before the original is acknowledged: a script that fails in the middle (no memory left, say) has then
-- lost nothing. Fields are copied byte for byte and in order; only `_retry_count` and `_dlq_reason` are ours to write.
--
-- plan: 'keep' (count unchanged) | 'spend' (count + 1) | 'unparseable' (to the dead-letter stream as it is).
-- Returns {outcome, id of the copy, retry count of the copy}; outcome: requeued | deadLettered | gone (its payload was deleted or
-- trimmed from the stream by someone else: there is nothing left to give to anybody).
local function retryCount(fields)
  local count = 0
  for i = 1, #fields, 2 do
    if fields[i] == '_retry_count' then
      -- The last of several counts. Malformed, negative or absurd reads as 0.
      local digits = string.match(fields[i + 1], '^%+?(%d+)$')
      count = digits and #digits <= 15 and tonumber(digits) or 0
    end
  end
  return count
end

-- Lua passes fewer than 8000 arguments on. Of an entry with more fields and values than this the payload is kept and the rest is
-- cut off: it must not fail for ever, and with it everything that is moved in the same call.
local MOST_COPIED = 7900

local function copyOf(fields, count, reason)
  local copy = {}
  for i = 1, #fields, 2 do
    local isOurs = fields[i] == '_retry_count' or fields[i] == '_dlq_reason'
    local most = MOST_COPIED + (fields[i] == 'lbs-input' and 50 or 0)
    if not isOurs and #copy < most then
      copy[#copy + 1] = fields[i]
      copy[#copy + 1] = fields[i + 1]
    end
  end
  copy[#copy + 1] = '_retry_count'
  copy[#copy + 1] = string.format('%.0f', count)
  if reason then
    copy[#copy + 1] = '_dlq_reason'
    copy[#copy + 1] = reason
  end
  return copy
end

-- at{lbs, group, owners, ended, dlq, dlqMaxLen, maxRetries, from, by, why, record}
local function mover(at)
  local trimmed = 0

  local function finish(id, name)
    redis.call('XACK', at.lbs, at.group, id)
    redis.call('XDEL', at.lbs, id)
    if name ~= '' and redis.call('HGET', at.owners, name) == id then
      redis.call('HDEL', at.owners, name)
      at.ended.remember({ name, id })
    end
  end

  local function deadLetter(id, name, fields, count, reason)
    local copy = copyOf(fields, count, reason)
    local copyId
    if at.dlqMaxLen > 0 then
      local before = redis.call('XLEN', at.dlq)
      copyId = redis.call('XADD', at.dlq, 'MAXLEN', '~', at.dlqMaxLen, '*', unpack(copy))
      trimmed = trimmed + before + 1 - redis.call('XLEN', at.dlq)
    else
      copyId = redis.call('XADD', at.dlq, '*', unpack(copy))
    end
    finish(id, name)
    at.record({ op = 'deadLettered', id = id, name = name, from = at.from, by = at.by, copy = copyId, count = count, reason = reason })
    return { 'deadLettered', copyId, count }
  end

  local function move(id, name, plan)
    local entry = redis.call('XRANGE', at.lbs, id, id)[1]
    if not entry then
      finish(id, name)
      at.record({ op = 'gone', id = id, name = name, from = at.from, by = at.by })
      return { 'gone', '', 0 }
    end
    local fields = entry[2]
    local count = retryCount(fields)
    if plan == 'unparseable' then
      return deadLetter(id, name, fields, count, 'unparseable')
    end
    if plan == 'spend' then
      count = count + 1
      if count > at.maxRetries then
        return deadLetter(id, name, fields, count, 'max_retries_exceeded')
      end
    end
    local copyId = redis.call('XADD', at.lbs, '*', unpack(copyOf(fields, count, nil)))
    finish(id, name)
    at.record({ op = 'requeued', id = id, name = name, from = at.from, by = at.by, copy = copyId, count = count, why = at.why })
    return { 'requeued', copyId, count }
  end

  local function summary(results)
    return { results, trimmed, redis.call('XLEN', at.dlq) }
  end

  return move, summary
end
