-- What a key is, how long it will be there, how large it is, and what is in it, as far as that is small. Bytes enough for
-- the largest record of ours, and fields enough for any code.
local function look(key)
  local kind = redis.call('TYPE', key).ok
  local seen = {kind, string.format('%.0f', redis.call('PTTL', key))}
  if kind == 'string' then
    seen[3] = string.format('%.0f', redis.call('STRLEN', key))
    seen[4] = redis.call('GETRANGE', key, 0, 262143)
  elseif kind == 'list' then
    seen[3] = string.format('%.0f', redis.call('LLEN', key))
    seen[4] = redis.call('LINDEX', key, 0)
  elseif kind == 'hash' then
    local size = redis.call('HLEN', key)
    seen[3] = string.format('%.0f', size)
    if size <= 64 then
      for _, field in ipairs(redis.call('HKEYS', key)) do
        seen[#seen + 1] = field
        seen[#seen + 1] = redis.call('HSTRLEN', key, field) <= 4096 and redis.call('HGET', key, field) or ''
      end
    end
  else
    seen[3] = '0'
  end
  return seen
end
