-- mover{...}: a function move(id, name, plan) that takes one pending entry out of its consumer's hands: a copy goes back on
-- the stream, or, when its retries are used up or it cannot be parsed, into the dead-letter stream. Needs copy-entry, add-letter and due.
--
-- The copy is added before the original is acknowledged: a script that fails in the middle (no memory left, say) has then
-- lost nothing.
--
-- plan: 'keep' (count unchanged) | 'spend' (count + 1) | 'unparseable' (to the dead-letter stream as it is).
-- Returns {outcome, id of the copy, retry count of the copy}; outcome: requeued | deadLettered | gone (its payload was deleted or
-- trimmed from the stream by someone else: there is nothing left to give to anybody) | deadLetterDue (the dead-letter stream
-- lives in another slot: claimed for dueConsumer(reason); the second item is the reason).
--
-- at{lbs, group, owners, ended, dlq (lbs: it lives in another slot), dlqMaxLen, maxRetries, from, by, why, record}
local function mover(at)
  local isDlqLocal = at.dlq ~= at.lbs
  local trimmed = 0

  local function clearOwner(id, name)
    if name ~= '' and redis.call('HGET', at.owners, name) == id then
      redis.call('HDEL', at.owners, name)
      at.ended.remember({ name, id })
    end
  end

  local function finish(id, name)
    redis.call('XACK', at.lbs, at.group, id)
    redis.call('XDEL', at.lbs, id)
    clearOwner(id, name)
  end

  local function makeDue(id, name, count, reason)
    local to = dueConsumer(reason)
    redis.call('XCLAIM', at.lbs, at.group, to, 0, id, 'JUSTID')
    clearOwner(id, name)
    at.record({ op = 'deadLetterDue', id = id, name = name, from = at.from, by = at.by, to = to, count = count, reason = reason })
    return { 'deadLetterDue', reason, count }
  end

  local function deadLetter(id, name, fields, reason)
    local letter, count = letterOf(fields, reason)
    if not isDlqLocal then
      return makeDue(id, name, count, reason)
    end
    local copyId, lost = addLetter(at.dlq, at.dlqMaxLen, letter)
    trimmed = trimmed + lost
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
    if plan == 'unparseable' then
      return deadLetter(id, name, fields, 'unparseable')
    end
    local count = retryCount(fields)
    if plan == 'spend' then
      count = count + 1
      if count > at.maxRetries then
        return deadLetter(id, name, fields, 'max_retries_exceeded')
      end
    end
    local copyId = redis.call('XADD', at.lbs, '*', unpack(copyOf(fields, count, nil)))
    finish(id, name)
    at.record({ op = 'requeued', id = id, name = name, from = at.from, by = at.by, copy = copyId, count = count, why = at.why })
    return { 'requeued', copyId, count }
  end

  local function summary(results)
    return { results, trimmed, isDlqLocal and redis.call('XLEN', at.dlq) or 0 }
  end

  return move, summary
end
