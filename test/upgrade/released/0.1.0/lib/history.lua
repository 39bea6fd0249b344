-- historian(key): a function that appends one change of owner, as a JSON object, to the list `key`; one that does nothing
-- when there is no key. Written in the script that makes the change, so that the list's order is Redis's own.
-- `at` is Redis's clock in milliseconds, with microseconds as the fraction.
local function historian(key)
  if not key then
    return function() end
  end
  local time = redis.call('TIME')
  local at = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
  return function(event)
    -- cjson writes 14 significant digits, which would round milliseconds; `at` is put in as text.
    redis.call('RPUSH', key, '{"at":' .. string.format('%.3f', at) .. ',' .. string.sub(cjson.encode(event), 2))
  end
end
