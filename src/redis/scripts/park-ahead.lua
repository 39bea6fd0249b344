-- Parks entries that nobody has been given yet, for as long as the next one is an entry that would be parked (see acquire). So a consumer reads on behind a
-- hot name in full batches, however few streams it has room for: what is parked takes no room.
--
-- The first entry that is to be given to an application stays on the stream, for whoever has room for it. So does one whose name is not certain here, one of
-- more than 64 KiB, and one that is cancelled: these are read, and dealt with, one by one.
--
--   1. A owns e1 of n, and has room for one more stream. 10,000 entries of n follow, then one of m.   2. A reads e2 of n: it is parked. So the next ones are
--   parked here, 128 at a time, without being sent to A.   3. A reads the entry of m, and owns it.
--
-- What is read here is pending for the caller until it is parked. Where Redis refuses to add it a second time, it stays pending for the caller, who adopts it.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  presence of the caller
-- KEYS[3] hash    owners: data stream name -> entry id
-- KEYS[4] hash    cancels: entry id -> 1
-- KEYS[5] stream  parked entries; see lib/parking.lua
-- KEYS[6] zset    their names
-- KEYS[7] zset    how many of each name
-- KEYS[8] hash    whose turn it is
-- KEYS[9] hash    paused names
-- KEYS[10] list   history; only when one is kept
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  generation of the caller
-- ARGV[4] number  entries, at most
-- ARGV[5] text    queue | coalesce: what becomes of an entry while another one of its name waits
--
-- Returns {how many were parked; how many were finished, as another one of their name waits; how many stayed pending for the caller; 1: there may be more, 0: the
-- next one is to be read, or there is none, or the user may not ask; the id of the last one, '': none}
-- Refuses with SWLAPSED, SWSTALE <generation>, SWPROTOCOL.
--@include fence
--@include pending
--@include entry-id
--@include count
--@include endings
--@include last-delivered
--@include announced-name
--@include history
--@include parking
local MOST_ENTRY_BYTES = 65536
local MOST_BYTES = 1048576
local FIRST_PAGE = 8
local lbs, owners, cancels = KEYS[1], KEYS[3], KEYS[4]
local group, consumer, most = ARGV[1], ARGV[2], tonumber(ARGV[4])
local refused = fence(KEYS[2], ARGV[3])
if refused then
  return refused
end
local format = redis.call('HGET', owners, '')
if format and string.sub(format, 1, 3) ~= 'v1 ' then
  return redis.error_reply('SWPROTOCOL owners are written in another format: ' .. format)
end

-- Not every user may ask for groups.
local groups = redis.pcall('XINFO', 'GROUPS', lbs)
local found = not groups.err and groupIn(groups, group)
local parking = parkingOf({
  lbs = lbs, group = group, owners = owners, by = consumer, record = historian(KEYS[10]), isCoalescing = ARGV[5] == 'coalesce',
  keys = { KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9] }, delivered = found and found['last-delivered-id'] or nil,
})
if not found or not parking.mayMove() then
  return { 0, 0, 0, 0, '' }
end

local states = {}
local function stateOf(name)
  local state = states[name]
  if not state then
    local owner, turn = redis.call('HGET', owners, name), parking.whose(name)
    state = {
      owner = owner,
      why = parking.isPaused(name) and 'paused' or isId(owner) and isPending(lbs, group, owner) and 'owned' or nil,
      turn = turn and parking.isToCome(turn) and turn,
    }
    states[name] = state
  end
  return state
end

-- Why an entry of this name is to be parked; nil: it is not.
local function whyAside(name, id)
  local state = stateOf(name)
  if state.owner == id then
    -- Its own owner's, which somebody works on: the group was set back.
    return nil
  end
  return state.why or state.turn and state.turn ~= id and 'turn' or nil
end

-- Its name, where it is to be parked.
local function nameAside(id, fields)
  local bytes = 0
  for i = 1, #fields do
    bytes = bytes + #fields[i]
  end
  if bytes > MOST_ENTRY_BYTES or not parking.mayHold(fields) or redis.call('HGET', cancels, id) then
    return nil
  end
  local name = announcedName(fields)
  return name and whyAside(name, id) and name, bytes
end

local names, count, bytes = {}, 0, 0
local last, isLast = found['last-delivered-id'], false
-- A few at first: they may be large.
local page = FIRST_PAGE
while count < most and bytes < MOST_BYTES and not isLast do
  local entries = redis.call('XRANGE', lbs, '(' .. last, '+', 'COUNT', math.min(page, most - count))
  isLast = #entries == 0
  for _, entry in ipairs(entries) do
    local name, size = nameAside(entry[1], entry[2])
    if not name or bytes >= MOST_BYTES then
      isLast = not name
      break
    end
    last, count, bytes = entry[1], count + 1, bytes + size
    names[last] = name
  end
  page = bytes < MOST_ENTRY_BYTES and most or FIRST_PAGE
end
if count == 0 then
  return { 0, 0, 0, 0, '' }
end

local read = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', lbs, '>')
if not read or read.err then
  return { 0, 0, 0, 0, '' }
end
local parked, coalesced, left = 0, 0, 0
for _, entry in ipairs(read[1][2]) do
  local id = entry[1]
  local name = names[id]
  local result = name and parking.setAside(name, id, whyAside(name, id), entry[2])
  if result == 3 then
    parked = parked + 1
  elseif result == 4 then
    coalesced = coalesced + 1
  else
    left = left + 1
  end
end
return { parked, coalesced, left, (isLast or left > 0) and 0 or 1, last }
