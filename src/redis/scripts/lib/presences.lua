-- The index of presences: a sorted set, name in the group of an incarnation -> when its presence runs out, by Redis's clock. It says who has to be looked at, and
-- decides nothing: presence does. Whoever keeps presence writes it along, so that nobody has to ask for the presence of everyone.
--
-- indexPresence(index, consumer, untilMs): writes it where there is an index. A heartbeat makes none: while a slot is moved, presence may be on its new
-- server already and the index not yet, and an index made there would be in the way of the one that comes. See find-dead, which makes it.
local function indexPresence(index, consumer, untilMs)
  if redis.pcall('EXISTS', index) == 1 then
    redis.pcall('ZADD', index, untilMs, consumer)
  end
end
