-- Makes the letters of entries that are due for the dead-letter stream, and keeps everybody else from making them for a while: claiming an
-- entry again sets its idle time back to 0.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] list    history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    caller: who writes the letters, for the history
-- ARGV[3] text    reason that the entries are due for: max_retries_exceeded | delivery_limit | rejected | unparseable | tooLarge
-- ARGV[4] ms      minIdle: entries idle for less are left alone, as somebody is writing their letters; 0: whatever their idle time
-- ARGV[5...] entry ids (ascending); then, where the caller has decided it itself, '', what spent the last retry (failed | dead), who owned the
--                 entries, and in the same order what the handler of each threw ('': nothing)
--
-- Returns one item an entry: {its retry count, the fields and values of its letter}; {} when it is not due, or idle for too short
-- a time; {0} when it is gone: its payload was deleted by someone else, and it is acknowledged. Of the first entries only where these have
-- many bytes: the caller asks again for the rest.
--@include pending
--@include history
--@include own-fields
--@include count
--@include copy-entry
--@include entry-size
--@include due
--@include marks
local lbs, group, caller, reason = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local record = historian(KEYS[2])
local due = dueConsumer(reason)
local room, hasLetter = 262144, false
local ids = {}
for i = 5, #ARGV do
  if ARGV[i] == '' then
    break
  end
  ids[#ids + 1] = ARGV[i]
end
-- Where the caller knows, they stand behind the ids.
local known = 5 + #ids
local cause, owner = ARGV[known + 1], ARGV[known + 2]
local pending, marks = pendingFor(lbs, group, due, ids, tonumber(ARGV[4]))
local results = {}
for i = 1, #ids do
  local id = ids[i]
  local entry = pending[id] and redis.call('XRANGE', lbs, id, id)[1]
  local size = entry and entrySize(entry[2]) or 0
  if size > room and hasLetter then
    break
  end
  room = room - size
  results[i] = {}
  if entry then
    hasLetter = true
    redis.call('XCLAIM', lbs, group, due, 0, id, 'JUSTID')
    -- As in the script that decided.
    local counts = countsOf(entry[2])
    if reason == 'delivery_limit' then
      counts.deliveries = counts.deliveries + deliveriesOf(marks[id])
    elseif reason == 'max_retries_exceeded' then
      -- Only what was owned has a retry to spend.
      if isProven(marks[id]) then
        counts = countsOf({})
      end
      spend(counts, cause)
    elseif reason == 'rejected' then
      counts.failures = counts.failures + 1
    end
    results[i] = { counts.retries, letterOf(entry[2], counts, { reason = reason, owner = owner or '', error = ARGV[known + 2 + i] or '' }) }
  elseif pending[id] then
    redis.call('XACK', lbs, group, id)
    results[i] = { 0 }
    record({ op = 'gone', id = id, name = '', from = due, by = caller })
  end
end
return results
