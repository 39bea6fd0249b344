-- Redis counts how often each pending entry was delivered, and nobody needs that number once the entry is owned. It is a mark then, which its
-- owner writes (script mark). So a mark costs no key, goes with the entry when it is acknowledged, and is looked at where the entry is moved.
--
--   0  proven: in the hands of this owner for provenAfterMs. Its counts are over, whatever takes it out of these hands.
--   1  none: as it was delivered
--
-- Of an entry that is not owned it is how often it counts as delivered: 0 for one that its consumer has not begun with (lib/marked.lua).

-- isProven(mark), of an entry that is owned
local function isProven(mark)
  return mark == 0
end
