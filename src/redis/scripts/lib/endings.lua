-- Needs entry-id and count.
-- endings(even, odd): which entry owned a data stream's name last, remembered for 10 to 20 seconds, so that fencing tokens only grow.
--
--   1. A owns e1. B has been delivered e2 of the same name, and is slow to verify it.
--   2. A hands e1 over: its copy e1' is newer than e2. C owns e1' and finishes it.
--   3. B verifies e2. The name is free, but e2 is older than the token that C had: refused, and requeued under a new id.
--
-- Deliveries come in order, so only an entry that is pending and not yet verified can be older than one that has been owned
-- meanwhile; and one that was delivered longer ago than is remembered here is refused likewise (see isTooOld).
--
-- Two hashes (data stream name -> entry id) take turns, each for a window of time; the field '' holds the window's number.
-- Where Redis's clock goes back, the window stands still, and nothing is forgotten early.
local WINDOW_MS = 10000
-- Windows by which a clock may have gone back: ten days.
local MOST_AHEAD = 86400

-- Of digits as Redis writes them the longer text is the larger number. Numbers here have 53 bits, and halves of ids 64.
local function isLarger(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end

local function isNewer(a, b)
  local aMs, aSequence = string.match(a, '^0*(%d+)-0*(%d+)$')
  local bMs, bSequence = string.match(b, '^0*(%d+)-0*(%d+)$')
  if aMs ~= bMs then
    return isLarger(aMs, bMs)
  end
  return isLarger(aSequence, bSequence)
end

-- Whether an entry was delivered so long ago (idle, ms) that an owner of its name may have been forgotten since.
local function isTooOld(idle)
  return idle >= WINDOW_MS
end

-- 0 for what is no number: it is then written anew.
local function windowOf(key)
  return countOf(redis.call('HGET', key, ''))
end

local function endings(even, odd)
  local self = {}
  local present

  -- The hash of the present window, which is found once: Redis's clock stands still for a script.
  local function ready()
    if present then
      return present
    end
    local time = redis.call('TIME')
    local now = math.floor(tonumber(time[1]) * 1000 / WINDOW_MS)
    local evenWindow = windowOf(even)
    local oddWindow = windowOf(odd)
    -- No window is far ahead of the clock, unless somebody wrote it: it would never end.
    if math.max(evenWindow, oddWindow) > now + MOST_AHEAD then
      evenWindow, oddWindow = 0, 0
    end
    local window = math.max(now, evenWindow, oddWindow)
    local key = window % 2 == 0 and even or odd
    if window ~= (window % 2 == 0 and evenWindow or oddWindow) then
      redis.call('DEL', key)
      redis.call('HSET', key, '', window)
      -- A service that falls silent leaves nothing behind.
      redis.call('PEXPIRE', key, 3 * WINDOW_MS)
    end
    present = key
    return key
  end

  -- remember({name, id, name, id, ...})
  function self.remember(pairsOfNameAndId)
    if #pairsOfNameAndId > 0 then
      redis.call('HSET', ready(), unpack(pairsOfNameAndId))
    end
  end

  -- last(names): a function of a position in `names` that gives the newest id remembered for it, or nil.
  function self.last(names)
    local inEven = redis.call('HMGET', even, unpack(names))
    local inOdd = redis.call('HMGET', odd, unpack(names))
    return function(position)
      local a, b = inEven[position], inOdd[position]
      a, b = isId(a) and a, isId(b) and b
      if a and b then
        return isNewer(a, b) and a or b
      end
      return a or b or nil
    end
  end

  return self
end
