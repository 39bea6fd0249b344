-- isId(text): whether it is an entry id as Redis writes them, 64 bits on both sides. Anybody may write into a hash; what is no id counts as
-- none, since every command on the stream refuses it, and with it whatever else the script does.
local MOST = '18446744073709551615'

local function isHalf(digits)
  return #digits < #MOST or (#digits == #MOST and digits <= MOST)
end

local function isId(text)
  if not text then
    return false
  end
  local ms, sequence = string.match(text, '^(%d+)-(%d+)$')
  return ms ~= nil and isHalf(ms) and isHalf(sequence)
end
