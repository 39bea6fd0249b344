-- The same as redrive for one letter of a dead-letter stream that lives in another slot: its caller has read it there, and deletes it
-- there afterwards.
--
--   1. Caller A reads the letter, and so does caller B.
--   2. A calls this script and deletes the letter.
--   3. B calls this script: the mark says that it has been announced already. So does A again, if it died before it could delete.
--   The mark outlives whoever is slow.
--
-- KEYS[1] stream  load balancer stream
-- KEYS[2] string  mark: id of the entry that the letter was announced as
-- ARGV[1] ms      how long the mark is kept
-- ARGV[2...] pairs of field and value of the letter
--
-- Returns the id of its entry on the load balancer stream.
--@include own-fields
--@include count
--@include copy-entry
local lbs, mark = KEYS[1], KEYS[2]
local announced = redis.call('GET', mark)
if announced then
  return announced
end
local letter = {}
for i = 2, #ARGV do
  letter[#letter + 1] = ARGV[i]
end
local id = redis.call('XADD', lbs, '*', unpack(copyOf(letter, countsOf({}))))
redis.call('SET', mark, id, 'PX', ARGV[1])
return id
