-- Looks for names that are parked and free: a page of them. What ends an ownership lets the next entry go by itself (lib/parking.lua); this finds
-- what was lost on the way, and what was ended by clients that know nothing of it.
--
--   1. A Go consumer finishes the entry whose turn it was.   2. A sees that nobody owns the name: the next one goes back on the stream.
--   or: 2'. A and B see it: the second one finds that it is somebody's turn.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] stream  parked entries; see lib/parking.lua
-- KEYS[4] zset    their names
-- KEYS[5] zset    how many of each name
-- KEYS[6] hash    whose turn it is
-- KEYS[7] hash    paused names
-- KEYS[8] list    history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group, for the history
-- ARGV[3] text    which: parked (names that are free are found) | turns (turns of entries that are gone are forgotten, where nothing is parked)
-- ARGV[4] text    where the page begins, as ZSCAN and HSCAN take it; 0: at the beginning
-- ARGV[5] number  names a page, about
--
-- Returns {where the next page begins, 0: there is none; how many entries went back, or how many turns were forgotten}
--@include entry-id
--@include count
--@include endings
--@include pending
--@include last-delivered
--@include history
--@include parking
local lbs, owners, counts, turns = KEYS[1], KEYS[2], KEYS[5], KEYS[6]
-- Not every user may ask for groups.
local groups = redis.pcall('XINFO', 'GROUPS', lbs)
local found = not groups.err and groupIn(groups, ARGV[1])
local parking = parkingOf({
  lbs = lbs, group = ARGV[1], owners = owners, by = ARGV[2], record = historian(KEYS[8]),
  keys = { KEYS[3], KEYS[4], counts, turns, KEYS[7] }, delivered = found and found['last-delivered-id'] or nil,
})
local isParked = ARGV[3] == 'parked'
local page = isParked and redis.call('ZSCAN', counts, ARGV[4], 'COUNT', ARGV[5]) or redis.call('HSCAN', turns, ARGV[4], 'COUNT', ARGV[5])
local changed = 0
for i = 1, #page[2], 2 do
  local name, value = page[2][i], page[2][i + 1]
  if isParked then
    if parking.isStuck(name) and parking.release(name) then
      changed = changed + 1
    end
  elseif parking.countIn(name) == 0 and not parking.isToCome(value) then
    changed = changed + redis.call('HDEL', turns, name)
  end
end
return { page[1], changed }
