-- KEYS: the cells, then the timeline if there are events. ARGV: the number of cells; five words for each: the loaded
-- value or '', whether there was one, what to do (keep, set, drop), the new value, its life in ms ('' for ever); then
-- how many events to keep, for how long in ms, and the events. A key of an application's is read and written by the
-- functions of app.lua, which then stand before this: what is done to it begins with "app".
local n, now = tonumber(ARGV[1]), redis.call('TIME')
for i = 1, n do
  local held
  if ARGV[i * 5 - 1]:sub(1, 3) == 'app' then held = seen(KEYS[i]) else held = redis.call('GET', KEYS[i]) end
  if (held or '') ~= ARGV[i * 5 - 3] or (held and '1' or '0') ~= ARGV[i * 5 - 2] then return {0, now[1], now[2]} end
end
-- A command that this user may not call would end the script half-way, so all are asked for before the first.
local calls, first = {}, n * 5 + 2
for i = 1, n do
  local todo = ARGV[i * 5 - 1]
  if todo == 'set' then calls[#calls + 1] = {'SET', KEYS[i], '', 'PX', 1} end
  if todo == 'drop' or todo == 'app-drop' or todo == 'app-set' then calls[#calls + 1] = {'DEL', KEYS[i]} end
  if todo == 'app-set' then
    calls[#calls + 1] = ARGV[i * 5]:sub(1, 1) == 'h' and {'HSET', KEYS[i], '', ''} or {'SET', KEYS[i], ''}
    calls[#calls + 1] = {'PEXPIREAT', KEYS[i], 1}
  end
end
if KEYS[n + 1] then
  calls[#calls + 1] = {'LPUSH', KEYS[n + 1], ''}
  calls[#calls + 1] = {'LTRIM', KEYS[n + 1], 0, 1}
  calls[#calls + 1] = {'PEXPIRE', KEYS[n + 1], 1}
end
for _, call in ipairs(calls) do
  if not redis.acl_check_cmd(unpack(call)) then
    return redis.error_reply("NOPERM this user has no permissions to run the '" .. string.lower(call[1]) .. "' command")
  end
end
-- The timeline first: of all that is written here, only it can fail, on a key of another type.
if KEYS[n + 1] then
  for i = first + 2, #ARGV do redis.call('LPUSH', KEYS[n + 1], ARGV[i]) end
  redis.call('LTRIM', KEYS[n + 1], 0, ARGV[first] - 1)
  redis.call('PEXPIRE', KEYS[n + 1], ARGV[first + 1])
end
for i = 1, n do
  local todo, value, life = ARGV[i * 5 - 1], ARGV[i * 5], ARGV[i * 5 + 1]
  if todo == 'set' and life == '' then redis.call('SET', KEYS[i], value)
  elseif todo == 'set' then redis.call('SET', KEYS[i], value, 'PX', life)
  elseif todo == 'app-set' then place(KEYS[i], value)
  elseif todo == 'drop' or todo == 'app-drop' then redis.call('DEL', KEYS[i]) end
end
return {1, now[1], now[2]}
