-- Acknowledges and deletes entries whose letters have been added to the dead-letter stream. Harmless whenever it is executed: it names the
-- letter that has been written.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] list    history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    caller: who has written the letters, for the history
-- ARGV[3] text    reason that the entries were due for: max_retries_exceeded | delivery_limit | rejected | unparseable | tooLarge
-- ARGV[4...] four items an entry: its id (ascending), its data stream's name ('' when it has none), the id of its letter, its
--            retry count
--
-- Returns one item an entry: 1 finished; 0 it was not due any more, so another one has written a letter too
--@include pending
--@include history
--@include due
local lbs, group, caller, reason = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local record = historian(KEYS[2])
local due = dueConsumer(reason)
local ids = {}
for i = 4, #ARGV, 4 do
  ids[#ids + 1] = ARGV[i]
end
local pending = pendingFor(lbs, group, due, ids, 0)
local results = {}
for i = 1, #ids do
  local id, at = ids[i], 4 * i
  if pending[id] then
    redis.call('XACK', lbs, group, id)
    redis.call('XDEL', lbs, id)
    record({
      op = 'deadLettered', id = id, name = ARGV[at + 1], from = due, by = caller,
      copy = ARGV[at + 2], count = tonumber(ARGV[at + 3]), reason = reason,
    })
    results[i] = 1
  else
    results[i] = 0
  end
end
return results
