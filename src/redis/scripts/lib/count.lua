-- countOf(text): a count as somebody has written it; 0 for what is none: anybody may write there.
local function countOf(text)
  local digits = type(text) == 'string' and string.match(text, '^%+?(%d+)$')
  return digits and #digits <= 15 and tonumber(digits) or 0
end
