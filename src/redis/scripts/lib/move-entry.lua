-- mover{...}: functions that take pending entries out of their consumer's hands. move(id, name, plan, about): a copy goes back on the
-- stream, or, when its retries are used up or no application can be given it, into the dead-letter stream. Needs copy-entry, entry-size,
-- add-letter, due, marks and read-ahead. summary(results) makes the reply. isFull() says that enough bytes have been moved in one call: Redis stands still
-- meanwhile, tens of milliseconds for each MiB. The caller then returns what has been done, and is called again for the rest.
--
-- The copy is added before the original is acknowledged: a script that fails in the middle (no memory left, say) has then
-- lost nothing.
--
-- plan: 'keep' (count unchanged) | 'spend' (count + 1, unless an owner has died of who knows what: lib/marks.lua) | 'rejected' | 'unparseable' | 'tooLarge' (to the dead-letter stream as it is).
-- about{delivered, isBeside, error, mark, isOwned}; isOwned: it is recorded as its name's owner; nil: nobody has looked. error: what the handler threw, as its letter is to say it; nil: nothing is known. mark: of an entry that its
-- consumer may own (lib/marks.lua); nil: none.
-- delivered: how often it was delivered under this id to a consumer that has died without owning it; nil: it has not, or that does not count.
-- That many are added to `_delivery_count`; too many, and it goes to the dead-letter stream as 'delivery_limit'. How many are allowed follows from
-- maxRetries: one less, so that what consumers die of is gone before the streams that they own have used up theirs. isBeside: it may have been
-- one of several that came with it (lib/marks.lua); three times as many are allowed then, since chance has innocent ones die together more than once:
--   1. A owns P, of which it dies, and has just read e1 to e9, which come after P. All are requeued.   2. So they come after P again: B reads
--   them, dies of P before it has marked them as not begun, and C does. They are counted each time, and none of them was begun with.
-- Whoever has owned it has shown that it can be: the count ends.
-- Returns {outcome, id of the copy, retry count of the copy}; outcome: requeued | deadLettered (with the reason as the fourth item) | gone (its
-- payload was deleted or trimmed from the stream by someone else: there is nothing left to give to anybody) | cancelled (it is finished, whatever the
-- plan: see cancel) | delayed (where there is at.delay: the second item is the id of what is delayed) | deadLetterDue (the dead-letter
-- stream lives in another slot: claimed for dueConsumer(reason); the second item is the reason).
--
-- at{lbs, group, owners, ended, dlq (lbs: it lives in another slot), dlqMaxLen, maxRetries, from, by, why, cause (of retries that are spent:
-- see spend), record, cancels (nil: what is cancelled is moved like the rest), parking (lib/parking.lua), delay(name, fields) (keeps the copy apart, and returns its id; nil: it goes
-- on the stream)}
local function mover(at)
  local MOST_BYTES = 1048576
  local function maxDeliveries(isBeside)
    return math.min(20, math.max(1, at.maxRetries - 1) * (isBeside and 3 or 1))
  end
  local isDlqLocal = at.dlq ~= at.lbs
  local trimmed, movedBytes = 0, 0
  local read = reader(at.lbs)

  local function isOwner(id, name)
    return name ~= '' and redis.call('HGET', at.owners, name) == id
  end

  local function clearOwner(id, name, wasOwner)
    if wasOwner then
      redis.call('HDEL', at.owners, name)
      at.ended.remember({ name, id })
    end
  end

  -- Most services cancel nothing.
  local isCancelling
  local function isCancelled(id)
    if isCancelling == nil then
      isCancelling = at.cancels ~= nil and redis.call('EXISTS', at.cancels) == 1
    end
    return isCancelling and redis.call('HGET', at.cancels, id)
  end

  -- Who waits for the name hears of it afterwards (moveOn), so that a history tells one after the other.
  local after = {}
  local function finish(id, name, isOwned, copy)
    redis.call('XACK', at.lbs, at.group, id)
    redis.call('XDEL', at.lbs, id)
    clearOwner(id, name, isOwned)
    after = { name, id, isOwned, copy }
  end

  local function moveOn()
    at.parking.over(after[1], after[2], after[3], after[4])
  end

  local function makeDue(id, name, count, reason, isOwned)
    local to = dueConsumer(reason)
    redis.call('XCLAIM', at.lbs, at.group, to, 0, id, 'JUSTID')
    clearOwner(id, name, isOwned)
    after = { name, id, isOwned }
    at.record({ op = 'deadLetterDue', id = id, name = name, from = at.from, by = at.by, to = to, count = count, reason = reason })
    return { 'deadLetterDue', reason, count }
  end

  local function deadLetter(id, name, fields, counts, reason, about, isOwned)
    local count = counts.retries
    if not isDlqLocal then
      return makeDue(id, name, count, reason, isOwned)
    end
    local letter = letterOf(fields, counts, { reason = reason, owner = at.from, error = about.error or '' })
    local copyId, lost = addLetter(at.dlq, at.dlqMaxLen, letter)
    trimmed = trimmed + lost
    finish(id, name, isOwned)
    at.record({ op = 'deadLettered', id = id, name = name, from = at.from, by = at.by, copy = copyId, count = count, reason = reason })
    return { 'deadLettered', copyId, count, reason }
  end

  local function take(id, name, plan, about)
    about = about or {}
    local isOwned = about.isOwned
    if isOwned == nil then
      isOwned = isOwner(id, name)
    end
    local entry = read(id)
    if not entry then
      finish(id, name, isOwned)
      at.record({ op = 'gone', id = id, name = name, from = at.from, by = at.by })
      return { 'gone', '', 0 }
    end
    local fields = entry[2]
    movedBytes = movedBytes + entrySize(fields)
    local counts = countsOf(fields)
    if isCancelled(id) then
      finish(id, name, isOwned)
      redis.call('HDEL', at.cancels, id)
      at.record({ op = 'cancelled', id = id, name = name, from = at.from, by = at.by })
      return { 'cancelled', '', counts.retries }
    end
    if isOwned then
      counts.deliveries = 0
    end
    if plan == 'rejected' then
      counts.failures = counts.failures + 1
    end
    if plan ~= 'keep' and plan ~= 'spend' then
      return deadLetter(id, name, fields, counts, plan, about, isOwned)
    end
    local proven = isOwned and isProven(about.mark)
    if proven then
      counts = countsOf({})
    end
    if plan == 'spend' then
      spend(counts, at.cause)
      local isOver = counts.retries > at.maxRetries
      local isTried = isOver and isOwned and at.cause == 'dead' and at.maxRetries > 0
      local trial = isTried and nextTrial(about.mark, counts.trial)
      if trial then
        -- The retry is not spent: nobody knows whether it was to blame.
        counts.retries, counts.trial = counts.retries - 1, trial
      elseif isOver then
        return deadLetter(id, name, fields, counts, 'max_retries_exceeded', about, isOwned)
      end
    end
    local delivered = about.delivered or 0
    counts.deliveries = counts.deliveries + delivered
    if delivered > 0 and counts.deliveries > maxDeliveries(about.isBeside) then
      return deadLetter(id, name, fields, counts, 'delivery_limit', about, isOwned)
    end
    local copy = copyOf(fields, counts)
    local copyId = at.delay and at.delay(name, copy) or redis.call('XADD', at.lbs, '*', unpack(copy))
    finish(id, name, isOwned, not at.delay and copyId or nil)
    at.record({
      op = at.delay and 'delayed' or 'requeued', id = id, name = name, from = at.from, by = at.by, copy = copyId, count = counts.retries, why = at.why,
      deliveries = counts.deliveries > 0 and counts.deliveries or nil, proven = proven or nil, trial = counts.trial > 0 and counts.trial or nil,
    })
    return { at.delay and 'delayed' or 'requeued', copyId, counts.retries }
  end

  local function move(id, name, plan, about)
    local result = take(id, name, plan, about)
    moveOn()
    return result
  end

  local function summary(results)
    return { results, trimmed, isDlqLocal and redis.call('XLEN', at.dlq) or 0 }
  end

  local function isFull()
    return movedBytes >= MOST_BYTES
  end

  return move, summary, isFull
end
