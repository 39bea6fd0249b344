-- Says where the load balancer stream begins and how long it is, and which of these entries are no longer on it. What is pending below its
-- beginning has been trimmed away; where more is pending than there is, something has been deleted. Payloads themselves stay here.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1...] entry ids to look for; at most 100
--
-- Returns {id of the stream's first entry ('': it has none); its length; the ids that are not on it}
local lbs = KEYS[1]
local first = redis.call('XRANGE', lbs, '-', '+', 'COUNT', 1)[1]
local gone = {}
for i = 1, #ARGV do
  if #redis.call('XRANGE', lbs, ARGV[i], ARGV[i]) == 0 then
    gone[#gone + 1] = ARGV[i]
  end
end
return { first and first[1] or '', redis.call('XLEN', lbs), gone }
