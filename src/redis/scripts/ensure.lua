-- Announces data streams, but for those that wait on the stream already, or are in somebody's hands. Those that are owned it touches: their owner
-- is told, and `done` can be asked to refuse what was touched since.
--
--   1. A finishes e, of name n.   2. A producer ensures n: the record names e, which is gone. It counts for nothing, n is announced as e'.
--   or: 1'. The producer ensures n: e is A's, and is touched.   2'. A's `done` of e, if it is asked to, finds the touch.
--   Either way somebody who begins, or goes on, after n was ensured has n.
--
-- What is delayed, or parked, is announced: it will be given to somebody. What is cancelled and still in its owner's hands is not: n is announced as e', which waits
-- for the name.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] hash    announced; see lib/announcements.lua
-- KEYS[4] hash    touches: entry id -> how often it was touched; name in the group -> how often any of its entries was
-- KEYS[5] hash    cancels; see cancel
-- KEYS[6] stream  delayed entries; see lib/delayed.lua
-- KEYS[7] zset    when they are due
-- KEYS[8] zset    their names
-- KEYS[9] stream  parked entries; see lib/parking.lua
-- KEYS[10] zset   their names
-- KEYS[11] zset   how many of each name
-- KEYS[12] hash   whose turn it is
-- KEYS[13] hash   paused names
-- ARGV[1] text    group
-- ARGV[2] text    traceparent of what is added; '': none
-- ARGV[3] text    tracestate; '': none
-- ARGV[4...] pairs of data stream name and payload; at most 500
-- ARGV[last...] text  what the keys of wakes begin with; only when it wakes: what is ensured has been appended to
--
-- Where it wakes, the owner of what is touched finds the name in a stream of its own, `{tag}:wakes:<consumer>`, that it reads while it waits for entries. That is
-- a hint: what is refused there is left out.
--
-- Returns two items a stream: the id of its entry, and 1 announced by this call | 0 it waits, on the stream or parked | 2 it is owned, and has been touched | 3 it is delayed. Of the first
-- streams only, or of none, where much had to be read, as Redis stands still meanwhile: the caller asks again for the rest
-- Refuses with SWPROTOCOL.
--@include entry-id
--@include count
--@include endings
--@include last-delivered
--@include standing
--@include announced-name
--@include read-ahead
--@include announcements
--@include delayed
--@include pending
--@include parking
local lbs, owners, touches, cancels = KEYS[1], KEYS[2], KEYS[4], KEYS[5]
local group, traceparent, tracestate = ARGV[1], ARGV[2], ARGV[3]
local announced = announcements(lbs, KEYS[3])
local delayed = delayedEntries(KEYS[6], KEYS[7], KEYS[8])
local parking = parkingOf({ lbs = lbs, group = group, owners = owners, isStrict = true, keys = { KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13] } })
if announced.error then
  return announced.error
end
if not announced.readOn() then
  return {}
end

local wakes = #ARGV % 2 == 0 and ARGV[#ARGV]
local names, payloads, count = { '' }, { '' }, 1
for i = 4, #ARGV - (wakes and 1 or 0), 2 do
  count = count + 1
  names[count], payloads[count] = ARGV[i], ARGV[i + 1]
end
local owning = redis.call('HMGET', owners, unpack(names))
if owning[1] and string.sub(owning[1], 1, 3) ~= 'v1 ' then
  return redis.error_reply('SWPROTOCOL owners are written in another format: ' .. owning[1])
end

-- What is owned is seldom asked for in the other hash.
local known, knownCount, unowned, unownedAt, unownedCount = {}, 0, {}, {}, 0
for i = 2, count do
  local owner = owning[i]
  if owner and isId(owner) then
    knownCount = knownCount + 1
    known[knownCount] = owner
  else
    owning[i] = false
    unownedCount = unownedCount + 1
    unowned[unownedCount], unownedAt[unownedCount] = names[i], i
  end
end
local recorded = {}
if unownedCount > 0 then
  local found = announced.of(unowned)
  for at = 1, unownedCount do
    local id = isId(found[at]) and found[at]
    recorded[unownedAt[at]] = id
    if id then
      knownCount = knownCount + 1
      known[knownCount] = id
    end
  end
end
local entries = knownCount > 0 and standings(lbs, group)
if entries and entries.error then
  return entries.error
end
if entries then
  entries.ask(known)
end
local added, results, resultCount = {}, {}, 0
-- How often each field is touched, and all of these fields.
local touched, fields, fieldCount = {}, {}, 0

local function touch(field)
  local times = touched[field]
  if not times then
    fieldCount = fieldCount + 1
    fields[fieldCount], times = field, 0
  end
  touched[field] = times + 1
end

-- Tells its owner, once a call, of a stream that has been appended to.
local function wake(consumer, name)
  local key = wakes .. consumer
  redis.pcall('XADD', key, 'MAXLEN', '~', 1000, '*', 'stream', name)
  redis.pcall('PEXPIRE', key, 60000)
end

-- Most services cancel nothing.
local isCancelling
local function isCancelled(id)
  if isCancelling == nil then
    isCancelling = redis.call('EXISTS', cancels) == 1
  end
  return isCancelling and redis.call('HGET', cancels, id)
end

-- The id that is recorded for a name; nil: none is.
local function recordOf(name, i)
  if owning[i] then
    local id = announced.of({ name })[1]
    return isId(id) and id
  end
  return recorded[i]
end

-- The entry that has this name, and 0, 2 or 3 as above.
local function existing(name, i)
  if added[name] then
    return added[name], 0
  end
  local owner = owning[i]
  local holder = owner and entries.holderOf(owner)
  if holder and not isCancelled(owner) then
    if wakes and not touched[owner] then
      wake(holder, name)
    end
    touch(owner)
    touch(holder)
    return owner, 2
  end
  local id = recordOf(name, i)
  if id and id ~= owner then
    holder = entries.holderOf(id)
    -- Nobody will be given what has no payload.
    if (holder and not isCancelled(id) or holder == nil and entries.isNew(id)) and announced.read(id) then
      return id, 0
    end
  end
  local parked = parking.countIn(name) > 0 and parking.firstOf(name)
  if parked then
    return parked, 0
  end
  local later = delayed.ofName(name, 1)[1]
  if later then
    return 'delayed:' .. later, 3
  end
  return nil, 1
end

for i = 2, count do
  local name = names[i]
  local id, outcome = existing(name, i)
  if not id then
    local entry = { 'lbs-input', payloads[i] }
    if traceparent ~= '' then
      entry[3], entry[4] = 'traceparent', traceparent
      if tracestate ~= '' then
        entry[5], entry[6] = 'tracestate', tracestate
      end
    end
    id = announced.add(name, entry)
    added[name] = id
  end
  results[resultCount + 1] = id
  results[resultCount + 2] = outcome
  resultCount = resultCount + 2
  if announced.isFull() then
    break
  end
end
announced.save()

if fieldCount > 0 then
  local before, counts = redis.call('HMGET', touches, unpack(fields)), {}
  for i = 1, fieldCount do
    local field = fields[i]
    counts[2 * i - 1] = field
    counts[2 * i] = countOf(before[i]) + touched[field]
  end
  redis.call('HSET', touches, unpack(counts))
end
return results
