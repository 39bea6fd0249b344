-- entrySize(fields): bytes of an entry's fields and values, without those that are ours: a copy is as large as what the producer added. Needs
-- own-fields.
local function entrySize(fields)
  local size = 0
  for i = 1, #fields, 2 do
    local name = fields[i]
    if not COUNTS[name] and not FACTS[name] then
      size = size + #name + #fields[i + 1]
    end
  end
  return size
end
