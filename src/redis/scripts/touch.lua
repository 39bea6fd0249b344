-- Makes what is pending for the caller look as if it had been delivered a short while ago. A consumer of the Go client (v0.4) that starts
-- takes whatever has been pending for long, without a look at locks. A page of the caller's own pending list at a time.
--
-- Never for less than what an entry may be owned under its id (see endings): one that was too old to be owned stays too old.
-- Only what is pending for the caller, and only behind the fence: XCLAIM by itself would take an entry back from whoever has been given it.
-- JUSTID keeps the count of deliveries. Where the payload is gone, Redis 7 and newer take the entry off the pending list.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4] text    entry id that the page begins at; '-': the first
-- ARGV[5] number  entries a page, at most 500
-- ARGV[6] ms      entries that have been pending for less are left as they are
--
-- Returns {id of the page's last entry, or '' when it was not full; how many were touched; ids of those that are gone}
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include entry-id
--@include count
--@include endings
local lbs, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local refused = fence(KEYS[2], ARGV[3])
if refused then
  return refused
end

local size, youngest = tonumber(ARGV[5]), tonumber(ARGV[6])
local page = redis.call('XPENDING', lbs, group, ARGV[4], '+', size, consumer)
local old, claim = {}, { lbs, group, consumer, 0 }
for i = 1, #page do
  if page[i][3] >= youngest then
    old[#old + 1] = page[i][1]
    claim[#claim + 1] = page[i][1]
  end
end
local last = #page == size and page[size][1] or ''
if #old == 0 then
  return { last, 0, {} }
end

claim[#claim + 1] = 'IDLE'
claim[#claim + 1] = WINDOW_MS
claim[#claim + 1] = 'JUSTID'
local touched = redis.call('XCLAIM', unpack(claim))
local gone, at = {}, 1
for i = 1, #old do
  if touched[at] == old[i] then
    at = at + 1
  else
    gone[#gone + 1] = old[i]
  end
end
return { last, #touched, gone }
