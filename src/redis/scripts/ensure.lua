-- Announces data streams, but for those that wait on the stream already, or are in somebody's hands. Those that are owned it touches: their owner
-- is told, and `done` can be asked to refuse what was touched since.
--
-- Only this script writes the hash of what is announced. Others add to the stream without a word: producers, consumers that requeue, of every
-- version and of the Go client, operators. Ids only grow, so what was added since the last call is read first, up to the end of the stream.
--
--   1. A finishes e, of name n.   2. A producer ensures n: the record names e, which is gone. It counts for nothing, n is announced as e'.
--   or: 1'. The producer ensures n: e is A's, and is touched.   2'. A's `done` of e, if it is asked to, finds the touch.
--   Either way somebody who begins, or goes on, after n was ensured has n.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    owners
-- KEYS[3] hash    announced: data stream name -> entry id, which may be gone; the field '' holds the format's version and the id up to which the
--                 stream has been read
-- KEYS[4] hash    touches: entry id -> how often it was touched; name in the group -> how often any of its entries was
-- ARGV[1] text    group
-- ARGV[2] text    traceparent of what is added; '': none
-- ARGV[3] text    tracestate; '': none
-- ARGV[4...] pairs of data stream name and payload; at most 500
--
-- Returns two items a stream: the id of its entry, and 1 announced by this call | 0 it waits | 2 it is owned, and has been touched. Of the first
-- streams only, or of none, where much had to be read, as Redis stands still meanwhile: the caller asks again for the rest
-- Refuses with SWPROTOCOL.
--@include entry-id
--@include count
--@include endings
--@include last-delivered
--@include standing
--@include announced-name
local lbs, owners, announced, touches = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, traceparent, tracestate = ARGV[1], ARGV[2], ARGV[3]
local MOST_READ, MOST_BYTES = 1000, 1048576
local bytes = 0

local function read(from, to)
  local entry = redis.call('XRANGE', lbs, from, to, 'COUNT', 1)[1]
  for i = 1, entry and #entry[2] or 0 do
    bytes = bytes + #entry[2][i]
  end
  return entry
end

local state = redis.call('HGET', announced, '')
local mark = state and string.match(state, '^v1 (%d+%-%d+)$')
if state and not isId(mark) then
  return redis.error_reply('SWPROTOCOL what is announced is written in another format: ' .. state)
end
local writes = {}
local function write(name, id)
  writes[#writes + 1] = name
  writes[#writes + 1] = id
end
local function save()
  if mark then
    write('', 'v1 ' .. mark)
    redis.call('HSET', announced, unpack(writes))
  end
  writes = {}
end

local count = 0
while count < MOST_READ and bytes <= MOST_BYTES do
  local entry = read(mark and '(' .. mark or '-', '+')
  if not entry then
    break
  end
  mark, count = entry[1], count + 1
  local name = announcedName(entry[2])
  if name then
    write(name, mark)
  end
end
if count > 0 then
  save()
end
if count == MOST_READ or bytes > MOST_BYTES then
  return {}
end

local names, payloads = { '' }, { '' }
for i = 4, #ARGV, 2 do
  names[#names + 1] = ARGV[i]
  payloads[#payloads + 1] = ARGV[i + 1]
end
local recorded = redis.call('HMGET', announced, unpack(names))
local owning = redis.call('HMGET', owners, unpack(names))
if owning[1] and string.sub(owning[1], 1, 3) ~= 'v1 ' then
  return redis.error_reply('SWPROTOCOL owners are written in another format: ' .. owning[1])
end

local known = {}
for i = 2, #names do
  local id = isId(owning[i]) and owning[i] or recorded[i]
  if isId(id) then
    known[#known + 1] = id
  end
end
local entries = #known > 0 and standings(lbs, group)
if entries and entries.error then
  return entries.error
end
if entries then
  entries.ask(known)
end
local touched, added, results = {}, {}, {}
local isAnew = false

-- The entry that has this name, and 0 or 2 as above.
local function existing(name, id, owner)
  if added[name] then
    return added[name], 0
  end
  if isId(owner) then
    local holder = entries.holderOf(owner)
    if holder then
      touched[owner] = (touched[owner] or 0) + 1
      touched[holder] = (touched[holder] or 0) + 1
      return owner, 2
    end
  end
  if isId(id) and id ~= owner then
    local holder = entries.holderOf(id)
    -- Nobody will be given what has no payload.
    if (holder or holder == nil and entries.isNew(id)) and read(id, id) then
      return id, 0
    end
  end
  return nil, 1
end

for i = 2, #names do
  local name = names[i]
  local id, outcome = existing(name, recorded[i], owning[i])
  if not id then
    local fields = { 'lbs-input', payloads[i] }
    if traceparent ~= '' then
      fields[3], fields[4] = 'traceparent', traceparent
      if tracestate ~= '' then
        fields[5], fields[6] = 'tracestate', tracestate
      end
    end
    id = redis.call('XADD', lbs, '*', unpack(fields))
    added[name] = id
    write(name, id)
    -- The stream is not the one that has been read: it was deleted, and Redis's clock set back.
    isAnew = isAnew or (mark and not isNewer(id, mark))
    mark = id
  end
  results[#results + 1] = id
  results[#results + 1] = outcome
  if bytes > MOST_BYTES then
    break
  end
end
if isAnew then
  redis.call('DEL', announced)
  mark = '0-0'
end
if next(added) then
  save()
end

local fields = {}
for field in pairs(touched) do
  fields[#fields + 1] = field
end
if #fields > 0 then
  local before, counts = redis.call('HMGET', touches, unpack(fields)), {}
  for i = 1, #fields do
    counts[#counts + 1] = fields[i]
    counts[#counts + 1] = string.format('%.0f', countOf(before[i]) + touched[fields[i]])
  end
  redis.call('HSET', touches, unpack(counts))
end
return results
