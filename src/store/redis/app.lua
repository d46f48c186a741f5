-- What an application's key holds, as one string: type, end in ms or -1, and content; of a hash the fields in order,
-- each part behind its length. What could be no code is only named, behind a question mark.
local function seen(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  local head = string.format('%.0f:', redis.call('PEXPIRETIME', key))
  if kind == 'string' then
    local text = redis.call('GETRANGE', key, 0, 65536)
    if #text > 65536 then return '?long string' end
    return 's' .. head .. text
  elseif kind == 'hash' then
    if redis.call('HLEN', key) > 64 then return '?large hash' end
    local all, fields, values = redis.call('HGETALL', key), {}, {}
    for i = 1, #all, 2 do fields[#fields + 1], values[all[i]] = all[i], all[i + 1] end
    table.sort(fields)
    local parts = {'h' .. head}
    for _, field in ipairs(fields) do
      parts[#parts + 1] = #field .. ':' .. field .. #values[field] .. ':' .. values[field]
    end
    return table.concat(parts)
  end
  return '?' .. kind
end
-- Makes a key hold what such a string says.
local function place(key, value)
  local at = value:find(':', 1, true)
  local kind, till, rest = value:sub(1, 1), value:sub(2, at - 1), value:sub(at + 1)
  redis.call('DEL', key)
  if kind == 's' then redis.call('SET', key, rest) else
    local parts, from = {}, 1
    while from <= #rest do
      local colon = rest:find(':', from, true)
      local last = colon + tonumber(rest:sub(from, colon - 1))
      parts[#parts + 1], from = rest:sub(colon + 1, last), last + 1
    end
    for i = 1, #parts, 2 do redis.call('HSET', key, parts[i], parts[i + 1]) end
  end
  if till ~= '-1' then redis.call('PEXPIREAT', key, till) end
end
