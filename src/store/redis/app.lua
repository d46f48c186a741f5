-- Its end in ms since 1970, or -1.
local function till(key)
  if not redis6 then return redis.call('PEXPIRETIME', key) end
  -- Redis 6 tells only what is left. The clock goes on meanwhile: it must show the same millisecond before and after.
  while true do
    local before = redis.call('TIME')
    local left = redis.call('PTTL', key)
    local after = redis.call('TIME')
    if left < 0 then return left end
    local ms = before[1] * 1000 + math.floor(before[2] / 1000)
    if ms == after[1] * 1000 + math.floor(after[2] / 1000) then return ms + left end
  end
end
-- What an application's key holds, as one string: type, end in ms or -1, and content; of a hash the fields in order,
-- each part behind its length. What could be no code is only named, behind a question mark.
local function seen(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  local head = string.format('%.0f:', till(key))
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
-- Adds what makes a key hold what such a string says; false: it says nothing of the kind, and nothing is added.
local function place(write, key, value)
  local kind, ends, rest = value:match('^([sh])(%-?%d+):(.*)$')
  if not kind or (ends ~= '-1' and not (ends:find('^%d+$') and #ends <= 16)) then return false end
  local parts, from = {}, 1
  while kind == 'h' and from <= #rest do
    local length = rest:match('^(%d+):', from)
    if not length or #length > 9 then return false end
    local last = from + #length + tonumber(length)
    if last > #rest then return false end
    parts[#parts + 1], from = rest:sub(from + #length + 1, last), last + 1
  end
  if kind == 'h' and (#parts == 0 or #parts % 2 == 1) then return false end
  write('PEXPIRE', key, -1)
  if kind == 's' then write('SET', key, rest) end
  for i = 1, #parts, 2 do write('HSET', key, parts[i], parts[i + 1]) end
  if ends ~= '-1' then write('PEXPIREAT', key, ends) end
  return true
end
