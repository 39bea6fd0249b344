-- Pauses data streams, or resumes them: nobody is given one that is paused. Its entries are parked when they are read (acquire), and who owns it goes
-- on. What was parked goes back on the stream when a consumer finds it (unpark).
--
-- KEYS[1] hash    paused names: data stream name -> since when (epoch ms)
-- KEYS[2] zset    how many entries of each name are parked; see lib/parking.lua
-- ARGV[1] text    what: pause | resume
-- ARGV[2...] data stream names; at most 500
--
-- Returns two items a name: 1 it was not paused before, or is not any more; 0 nothing has changed; and how many entries of it are parked
--@include count
local paused, isPause = KEYS[1], ARGV[1] == 'pause'
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local results = {}
for i = 2, #ARGV do
  local name = ARGV[i]
  results[#results + 1] = isPause and redis.call('HSETNX', paused, name, now) or redis.call('HDEL', paused, name)
  results[#results + 1] = countOf(redis.call('ZSCORE', KEYS[2], name))
end
return results
