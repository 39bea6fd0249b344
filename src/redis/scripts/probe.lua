-- Tries every command that the scripts and actors use, harmlessly, and names those that the user may not run, and those that the server does
-- not have: renamed or removed by its configuration.
-- ACL rules hold inside scripts, so this asks the server itself and needs no right to read the rules. Keys that may not be
-- touched are refused before a script begins; commands that a script may not use at all (CLIENT, …) the caller tries.
--
-- On the streams it names the id 0-0 alone: the only one that no entry can have.
--
-- KEYS[1] stream  load balancer stream: written with commands that change nothing
-- KEYS[2] stream  dead-letter stream: likewise; the load balancer stream again where that lives in another slot
-- KEYS[3] any     scratch key in the load balancer stream's slot, deleted at the end
-- ARGV[1] text    group
-- ARGV[2] flag    1: a history is kept
-- ARGV[3] flag    1: the dead-letter stream lives in another slot, so that entries wait for it
--
-- Returns the refused commands, and those that are not there as 'missing <command>'
local found, seen = {}, {}
local function try(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then
    local text = string.lower(reply.err)
    local prefix
    -- Redis 6.2 and 7.0 say 'The user executing the script can't …', later ones 'ACL failure in script: …'.
    if string.find(text, 'noperm', 1, true) or string.find(text, 'acl failure', 1, true)
      or string.find(text, 'user executing the script', 1, true) then
      prefix = ''
    -- Valkey leaves the product's name out.
    elseif string.find(text, 'unknown %w* ?command called from') then
      prefix = 'missing '
    end
    local container = prefix == '' and (command == 'XGROUP' or command == 'XINFO')
    local name = container and command .. ' ' .. (...) or command
    if prefix and not seen[name] then
      seen[name] = true
      found[#found + 1] = prefix .. name
    end
  end
end
local NO_ID = '0-0'
local lbs, dlq, scratch, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
try('XLEN', lbs)
try('XRANGE', lbs, NO_ID, NO_ID)
try('XPENDING', lbs, group, NO_ID, NO_ID, 1)
try('XACK', lbs, group, NO_ID)
try('XDEL', lbs, NO_ID)
try('XLEN', dlq)
try('XDEL', dlq, NO_ID)
try('DEL', scratch)
try('XADD', scratch, '*', 'probe', '1')
try('XGROUP', 'CREATE', scratch, group, '0')
try('XREADGROUP', 'GROUP', group, 'probe', 'COUNT', 1, 'STREAMS', scratch, '>')
if ARGV[3] == '1' then
  try('XCLAIM', scratch, group, 'probe', 0, NO_ID, 'JUSTID')
end
try('XGROUP', 'DELCONSUMER', scratch, group, 'probe')
try('XINFO', 'CONSUMERS', scratch, group)
try('DEL', scratch)
try('HSET', scratch, 'a', 'b')
try('HSETNX', scratch, 'a', 'b')
try('HGET', scratch, 'a')
try('HMGET', scratch, 'a')
try('HSCAN', scratch, '0')
try('HDEL', scratch, 'a')
try('DEL', scratch)
try('ZADD', scratch, 1, 'a')
try('ZRANGE', scratch, 0, 0)
try('ZSCORE', scratch, 'a')
try('ZCARD', scratch)
try('ZSCAN', scratch, '0')
try('ZREM', scratch, 'a')
try('SET', scratch, '1', 'PX', 1000)
try('GET', scratch)
try('MGET', scratch)
try('EXISTS', scratch)
try('PTTL', scratch)
try('PEXPIRE', scratch, 1000)
try('DEL', scratch)
try('TIME')
if ARGV[2] == '1' then
  try('RPUSH', scratch, 'a')
  try('DEL', scratch)
end
return found
