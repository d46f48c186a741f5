-- As load.lua, where some of the keys are an application's: ARGV says which.
local now = redis.call('TIME')
local answer = {now[1], now[2]}
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'app' then answer[i + 2] = seen(key) else answer[i + 2] = redis.call('GET', key) end
end
return answer
