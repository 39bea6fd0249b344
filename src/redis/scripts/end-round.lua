-- Ends a round of balancing: writes down what it found, and what each is to hand over. Heartbeats bring it to everyone.
--
-- KEYS[1] hash    balance (see begin-round)
-- ARGV[1] ms      when the next round is due, epoch ms, as begin-round said
-- ARGV[2] text    what this round found, without that
-- ARGV[3...] in turn names in the group, and what each is to hand over
--
-- Returns 1: written; 0: another round has begun meanwhile, and nothing was written
local balance, due = KEYS[1], ARGV[1]
local last = redis.pcall('HGET', balance, '')
if type(last) ~= 'string' or string.match(last, '^v1 (%d+)') ~= due then
  return 0
end
redis.call('DEL', balance)
redis.call('HSET', balance, '', 'v1 ' .. due .. ' ' .. ARGV[2])
for i = 3, #ARGV, 2 do
  redis.call('HSET', balance, ARGV[i], ARGV[i + 1])
end
return 1
