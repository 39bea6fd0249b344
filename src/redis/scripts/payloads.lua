-- Says where the load balancer stream begins and how long it is, and which of these entries are no longer on it. What is pending below its
-- beginning has been trimmed away; where more is pending than there is, something has been deleted. Payloads themselves stay here; but Redis
-- copies each one that is looked at, and stands still meanwhile, so that a call looks at about 1 MiB of them.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1...] entry ids to look for; at most 100
--
-- Returns {id of the stream's first entry ('': it has none); its length; the ids that are not on it; how many of the ids, from the first on,
-- have been looked for: the caller asks again for the rest}
--@include own-fields
--@include entry-size
--@include read-ahead
local lbs = KEYS[1]
local MOST_BYTES = 1048576
local first = redis.call('XRANGE', lbs, '-', '+', 'COUNT', 1)[1]
local gone, bytes, looked = {}, 0, 0
local read = reader(lbs)
for i = 1, #ARGV do
  if bytes >= MOST_BYTES then
    break
  end
  local entry = read(ARGV[i])
  if entry then
    bytes = bytes + entrySize(entry[2])
  else
    gone[#gone + 1] = ARGV[i]
  end
  looked = i
end
return { first and first[1] or '', redis.call('XLEN', lbs), gone, looked }
