-- Clears what is remembered of entries that are gone: of streams that were announced, of touches, and of cancels. Such records count for nothing; this only
-- keeps the hashes from growing. A page of one of them at a time.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] hash    announced: data stream name -> entry id; see ensure
-- KEYS[3] hash    touches: entry id, or name in the group -> how often; see ensure
-- KEYS[4] hash    cancels: entry id -> 1; name in the group -> how often; see cancel
-- ARGV[1] text    group
-- ARGV[2] text    which: announced | touches | cancels
-- ARGV[3] text    where the page begins, as HSCAN takes it; 0: at the beginning
-- ARGV[4] number  fields a page, about
--
-- Returns {where the next page begins, 0: there is none; how many fields were cleared}
--@include entry-id
--@include count
--@include endings
--@include last-delivered
--@include standing
local lbs, group, which = KEYS[1], ARGV[1], ARGV[2]
local hash = which == 'announced' and KEYS[2] or which == 'touches' and KEYS[3] or KEYS[4]
local page = redis.call('HSCAN', hash, ARGV[3], 'COUNT', ARGV[4])
local flat, gone = page[2], {}
local entries = #flat > 0 and standings(lbs, group)

local function isThere(id)
  if not entries.error then
    local holder = entries.holderOf(id)
    return holder or holder == nil and entries.isNew(id)
  end
  -- The user may not ask for groups. What is stranded counts as there: `ensure` knows better, and its users may.
  return redis.call('XPENDING', lbs, group, id, id, 1)[1] or redis.call('XRANGE', lbs, id, id)[1]
end

local members
local function isMember(consumer)
  if not members then
    members = {}
    local rows = redis.call('XINFO', 'CONSUMERS', lbs, group)
    for i = 1, #rows do
      for at = 1, #rows[i], 2 do
        if rows[i][at] == 'name' then
          members[rows[i][at + 1]] = true
        end
      end
    end
  end
  return members[consumer]
end

for i = 1, #flat, 2 do
  local field, value = flat[i], flat[i + 1]
  local isKept
  if which == 'announced' then
    isKept = field == '' or (isId(value) and isThere(value))
  elseif isId(field) then
    isKept = isThere(field)
  else
    isKept = isMember(field)
  end
  if not isKept then
    gone[#gone + 1] = field
  end
end
local cleared = #gone > 0 and redis.call('HDEL', hash, unpack(gone)) or 0
return { page[1], cleared }
