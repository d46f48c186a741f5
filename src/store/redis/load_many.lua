-- The time, and the values of many slots of one server at one moment. What cannot be read of a key is in its place, as a list.
local now = redis.call('TIME')
local answer = {now[1], now[2]}
for i, key in ipairs(KEYS) do
    local value = redis.pcall('GET', key)
    if type(value) == 'table' then value = {tostring(value['err'])} end
    answer[i + 2] = value
end
return answer
