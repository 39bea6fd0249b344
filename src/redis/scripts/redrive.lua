-- Announces dead letters anew: what each holds goes back on the load balancer stream as if it had never been retried, and the letter is
-- deleted. For a dead-letter stream that lives in the same slot.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] stream  dead-letter stream
-- ARGV[1...] ids of letters
--
-- Returns one item a letter: the id of its entry on the load balancer stream; '' when there is no such letter any more. Of the first letters
-- only where these have many bytes, as Redis stands still meanwhile: the caller asks again for the rest.
--@include own-fields
--@include count
--@include copy-entry
--@include entry-size
local lbs, dlq = KEYS[1], KEYS[2]
-- No letter has this id. A user who may not delete is refused here, and not with a letter announced that cannot be deleted.
redis.call('XDEL', dlq, '0-0')
local MOST_BYTES = 1048576
local results, bytes = {}, 0
for i = 1, #ARGV do
  if bytes >= MOST_BYTES then
    break
  end
  local id = ARGV[i]
  local letter = redis.call('XRANGE', dlq, id, id)[1]
  results[i] = ''
  if letter then
    bytes = bytes + entrySize(letter[2])
    results[i] = redis.call('XADD', lbs, '*', unpack(copyOf(letter[2], countsOf({}))))
    redis.call('XDEL', dlq, id)
  end
end
return results
