-- announcedName(fields): the data stream's name in an entry that somebody else has added; nil where that is not certain. What is not certain may
-- be announced twice.
--
-- Both libraries write the name first. Any other order, escapes, and what names the member twice are left to the JSON decoder, unless it is long.
local MOST_DECODED = 65536

local function announcedName(fields)
  local payload
  for i = 1, #fields, 2 do
    if fields[i] == 'lbs-input' then
      if payload then
        return nil
      end
      payload = fields[i + 1]
    end
  end
  if not payload then
    return nil
  end
  local name, ending = string.match(payload, '^{"DataStreamName":"([^"\\%c]+)"()[,}]')
  if #payload > MOST_DECODED then
    return name
  end
  if name and not string.find(string.lower(payload), 'datastreamname', ending, true) then
    return name
  end
  local isJson, document = pcall(cjson.decode, payload)
  if not isJson or type(document) ~= 'table' then
    return nil
  end
  name = nil
  for member, value in pairs(document) do
    if type(member) == 'string' and string.lower(member) == 'datastreamname' then
      if name or type(value) ~= 'string' or value == '' then
        return nil
      end
      name = value
    end
  end
  return name
end
