-- Counts what is pending for the caller, a page at a time: what a heartbeat's look costs grows with what the caller holds, and with nothing else.
--
-- KEYS[1] stream  load balancer stream
-- ARGV[1] text    group
-- ARGV[2] text    consumer: the caller's name in the group
-- ARGV[3] text    entry id that the page begins at; -: the first
-- ARGV[4] count   entries of the page; at most 1000 keeps Redis below 1 ms
-- ARGV[5...] names in the group of others
--
-- Returns {how many entries of the page are pending for the caller; id of the last of them, '': there are no more; the names of those others for whom
--          something is pending}
local page = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4], ARGV[2])
local others = {}
for i = 5, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[i]) > 0 then
    others[#others + 1] = ARGV[i]
  end
end
return { #page, #page == tonumber(ARGV[4]) and page[#page][1] or '', others }
