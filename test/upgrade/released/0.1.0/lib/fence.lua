-- fence(presence, generation): nil when the caller may act, else the error reply to return.
--
-- Presence says that the process is there; its generation says which of its command connections is the present one. A
-- command that was given up on and that Redis executes late carries an older generation and is refused here, so it can
-- undo nothing that was decided since.
local function fence(presence, generation)
  local held = redis.call('GET', presence)
  if not held then
    return redis.error_reply('SWLAPSED presence has expired')
  end
  if string.sub(held, 1, 3) ~= 'v1:' then
    return redis.error_reply('SWPROTOCOL presence is written in another format: ' .. held)
  end
  if held ~= 'v1:' .. generation then
    return redis.error_reply('SWSTALE ' .. string.sub(held, 4))
  end
  return nil
end
