-- Announces data streams after a delay: they are kept apart until then, and given to everyone by end-delays.
--
-- KEYS[1] stream  delayed entries; see lib/delayed.lua
-- KEYS[2] zset    when they are due
-- KEYS[3] zset    their names
-- ARGV[1] text    delays (ms), with spaces between them, in the order of the streams
-- ARGV[2] text    traceparent of what is added; '': none
-- ARGV[3] text    tracestate; '': none
-- ARGV[4...] pairs of data stream name and payload; at most 500
--
-- Returns the ids of what is delayed, as 'delayed:<id>'
--@include entry-id
--@include delayed
local delayed = delayedEntries(KEYS[1], KEYS[2], KEYS[3])
local traceparent, tracestate = ARGV[2], ARGV[3]
local delayOf = string.gmatch(ARGV[1], '%d+')
local ids = {}
for i = 4, #ARGV, 2 do
  local fields = { 'lbs-input', ARGV[i + 1] }
  if traceparent ~= '' then
    fields[3], fields[4] = 'traceparent', traceparent
    if tracestate ~= '' then
      fields[5], fields[6] = 'tracestate', tracestate
    end
  end
  ids[#ids + 1] = delayed.add(ARGV[i], fields, tonumber(delayOf()))
end
return ids
