-- heldBack(lbs, group, consumer, id, idle, deliveries): how often the entry counts as delivered to this consumer, for which it is pending, should
-- the consumer die without owning it (see move-entry). 0: nobody has begun with it, so that it is not what the consumer dies of; 1: somebody has.
-- Redis keeps the number beside the pending entry. Its idle time stays as it is. Where the user may not use XCLAIM, everything counts.
local function heldBack(lbs, group, consumer, id, idle, deliveries)
  redis.pcall('XCLAIM', lbs, group, consumer, 0, id, 'IDLE', idle, 'RETRYCOUNT', deliveries, 'JUSTID')
end
