-- KEYS: one key. What it is, how long it will be there in ms, and all that is in it.
local kind = redis.call('TYPE', KEYS[1]).ok
local answer = {kind, string.format('%.0f', redis.call('PTTL', KEYS[1]))}
local parts = {}
if kind == 'string' then
  parts = {redis.call('GET', KEYS[1])}
elseif kind == 'list' then
  parts = redis.call('LRANGE', KEYS[1], 0, -1)
elseif kind == 'hash' then
  parts = redis.call('HGETALL', KEYS[1])
end
for _, part in ipairs(parts) do answer[#answer + 1] = part end
return answer
