-- Adds one letter to a dead-letter stream that lives in another slot than the load balancer stream.
--
-- KEYS[1] stream  dead-letter stream
-- ARGV[1] count   dlqMaxLen: the dead-letter stream is trimmed to about this many entries; 0: never
-- ARGV[2...] pairs of field and value, as they are to stand there
--
-- Returns {id of the letter, number of dead letters trimmed away, length of the dead-letter stream}
--@include add-letter
local letter = {}
for i = 2, #ARGV do
  letter[#letter + 1] = ARGV[i]
end
return { addLetter(KEYS[1], tonumber(ARGV[1]), letter) }
