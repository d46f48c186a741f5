-- The time and the values of one slot, from one node at one moment.
local now = redis.call('TIME')
local answer = {now[1], now[2]}
for i, key in ipairs(KEYS) do answer[i + 2] = redis.call('GET', key) end
return answer
