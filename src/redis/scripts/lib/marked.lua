-- marked(lbs, group, consumer, id, idle, mark): writes the mark (lib/marks.lua) of an entry that is pending for this consumer: the number that
-- Redis keeps of how often it was delivered. Its idle time stays as it is. Where the user may not use XCLAIM, nothing is written: everything
-- counts as delivered once, and nothing is ever proven. Returns whether the entry is there: where its payload was deleted by somebody else, Redis 7
-- and newer take it off the pending list instead.
local function marked(lbs, group, consumer, id, idle, mark)
  local claimed = redis.pcall('XCLAIM', lbs, group, consumer, 0, id, 'IDLE', idle, 'RETRYCOUNT', mark, 'JUSTID')
  return claimed.err ~= nil or #claimed > 0
end
