-- Takes entries that have not been given to anybody yet: as many as the caller's fair part is, by the last round of balancing. So they go to those with most room
-- for their weight, and not to whoever asks first.
--
--   1. Of three with the same weight A owns 104, B 99 and C none. 97 entries come back from a dead consumer.   2. C takes: there are 300 in all, so that 100 are its
--   part. It is given all that wait.   3. A takes: its part is less than it owns, and it is given none.
--
-- Where others have more room and do not take (they are dead, and nobody knows it yet, or they are stuck), some are given whatever the part: a first entry has
-- waited for longer than the caller's patience, and nothing has been given out since the caller looked, which is as long ago.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    balance (see end-round)
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] number  entries it has room for
-- ARGV[4] number  weight of the caller
-- ARGV[5] number  load of the caller, as it said last
-- ARGV[6] number  streams that it has got since
-- ARGV[7] ms      patience, a quarter of the caller's heartbeat
-- ARGV[8] text    id up to which everything had been given out when the caller looked, a patience ago or longer; '': it did not
-- ARGV[9] flag    1: asks up to where everything has been given out; 0: the user may not run XINFO GROUPS, and each time stands in the ACL log
--
-- Returns {how many were allowed; the part, which is below 0 for one who has more than its share, '': no round says; the id up to which everything had been given out,
--          '': it was not asked, 'refused': the user may not; the entries, each as {id; {field; value; ...}}}
--@include last-delivered
--@include now
local lbs, group, wanted = KEYS[1], ARGV[1], tonumber(ARGV[3])
-- What is given to one who has its share already, for each time its patience that the first entry has waited.
local LEAST = 16
local patience = math.max(1, tonumber(ARGV[7]))
local now = nowMs()

local function fairPart()
  local round = redis.pcall('HGET', KEYS[2], '')
  if type(round) ~= 'string' then
    return nil
  end
  local due, weight, others, perStream = string.match(round, '^v1 (%d+) %S+ %S+ %S+ (%S+) (%S+) (%S+) ')
  due, weight, others, perStream = tonumber(due), tonumber(weight), tonumber(others), tonumber(perStream)
  if not (due and weight and others and perStream and weight > 0 and perStream > 0) then
    return nil
  end
  -- Nobody makes rounds any more.
  if now > due + 4 * patience then
    return nil
  end
  local total = math.max(0, redis.call('XLEN', lbs) - others)
  local share = tonumber(ARGV[4]) * total / weight
  local part = math.ceil(share - tonumber(ARGV[5]) / perStream - tonumber(ARGV[6]))
  return math.max(-1000000000, math.min(1000000000, part))
end

-- How many are given to the caller whatever its part is.
local function overdue(delivered)
  if delivered ~= ARGV[8] then
    return 0
  end
  -- Behind the largest id there is nothing, and Redis refuses to look.
  local first = redis.pcall('XRANGE', lbs, '(' .. delivered, '+', 'COUNT', 1)[1]
  if not first then
    return 0
  end
  local waited = now - tonumber(string.match(first[1], '^%d+'))
  -- Added before Redis's clock was set back: it cannot be told for how long.
  if waited < 0 then
    return LEAST
  end
  return LEAST * math.floor(waited / patience)
end

local part, delivered = fairPart(), ''
local allowed = math.min(wanted, math.max(0, part or wanted))
if allowed < math.min(wanted, LEAST) and ARGV[9] == '1' then
  local groups = redis.pcall('XINFO', 'GROUPS', lbs)
  local found = not groups.err and groupIn(groups, group)
  if found then
    delivered = found['last-delivered-id']
    allowed = math.min(wanted, math.max(allowed, overdue(delivered)))
  elseif groups.err and not string.find(groups.err, 'no such key', 1, true) then
    delivered = 'refused'
  else
    -- There is no such group: the read says so.
    allowed = wanted
  end
end
if allowed <= 0 then
  return { 0, part or '', delivered, {} }
end
local read = redis.call('XREADGROUP', 'GROUP', group, ARGV[2], 'COUNT', allowed, 'STREAMS', lbs, '>')
return { allowed, part or '', delivered, read and read[1][2] or {} }
