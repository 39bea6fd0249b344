-- Tries every command that the scripts and actors use, harmlessly, and names those that the user may not run.
-- ACL rules hold inside scripts, so this asks the server itself and needs no right to read the rules.
--
-- KEYS[1] stream  load balancer stream: written with commands that change nothing
-- KEYS[2] stream  dead-letter stream: likewise
-- KEYS[3] any     scratch key in the load balancer stream's slot, deleted at the end
-- ARGV[1] text    group
--
-- Returns the refused commands, each as '<command> on <key>'
local refused = {}
local function try(key, command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then
    local text = string.lower(reply.err)
    if string.find(text, 'noperm', 1, true) or string.find(text, 'acl failure', 1, true) or string.find(text, 'permission', 1, true) then
      refused[#refused + 1] = command .. ' on ' .. key
    end
  end
end
local lbs, dlq, scratch, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
try(lbs, 'XLEN', lbs)
try(lbs, 'XRANGE', lbs, '0-1', '0-1')
try(lbs, 'XPENDING', lbs, group, '0-1', '0-1', 1)
try(lbs, 'XACK', lbs, group, '0-1')
try(lbs, 'XDEL', lbs, '0-1')
try(dlq, 'XLEN', dlq)
try(dlq, 'XDEL', dlq, '0-1')
try(scratch, 'DEL', scratch)
try(scratch, 'XADD', scratch, '*', 'probe', '1')
try(scratch, 'XGROUP', 'CREATE', scratch, group, '0')
try(scratch, 'XREADGROUP', 'GROUP', group, 'probe', 'COUNT', 1, 'STREAMS', scratch, '>')
try(scratch, 'XGROUP', 'DELCONSUMER', scratch, group, 'probe')
try(scratch, 'XINFO', 'CONSUMERS', scratch, group)
try(scratch, 'DEL', scratch)
try(scratch, 'HSET', scratch, 'a', 'b')
try(scratch, 'HGET', scratch, 'a')
try(scratch, 'HMGET', scratch, 'a')
try(scratch, 'HSCAN', scratch, '0')
try(scratch, 'HDEL', scratch, 'a')
try(scratch, 'SET', scratch, '1', 'PX', 1000)
try(scratch, 'GET', scratch)
try(scratch, 'MGET', scratch)
try(scratch, 'EXISTS', scratch)
try(scratch, 'PTTL', scratch)
try(scratch, 'PEXPIRE', scratch, 1000)
try(scratch, 'DEL', scratch)
return refused
