-- Announces stranded entries anew: a copy of each, its retry count unchanged, takes its place. See `stranded`.
--
--   1. A Go consumer acknowledges e, and is about to delete it.   2. An operator adopts e.
--   Its work is done again then; so operators look twice, some time apart.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] text    group
-- ARGV[2...] entry ids; at most 100
--
-- Returns one item an entry: the id of its copy; '' when it is not stranded, or not there. Of the first entries only where these have many
-- bytes, as Redis stands still meanwhile: the caller asks again for the rest
--@include pending
--@include entry-id
--@include count
--@include endings
--@include own-fields
--@include copy-entry
--@include entry-size
--@include last-delivered
local lbs, group = KEYS[1], ARGV[1]
local last = lastDelivered(lbs, group)
-- No entry has this id. A user who may not delete is refused here, and not with a copy announced beside its original.
redis.call('XDEL', lbs, '0-0')
local MOST_BYTES = 1048576
local results, bytes = {}, 0
for i = 2, #ARGV do
  if bytes >= MOST_BYTES then
    break
  end
  local id = ARGV[i]
  local entry = redis.call('XRANGE', lbs, id, id)[1]
  results[i - 1] = ''
  bytes = bytes + (entry and entrySize(entry[2]) or 0)
  if entry and last and not isNewer(id, last) and not isPending(lbs, group, id) then
    local fields = entry[2]
    local copy = copyOf(fields, countsOf(fields))
    results[i - 1] = redis.call('XADD', lbs, '*', unpack(copy))
    redis.call('XDEL', lbs, id)
  end
end
return results
