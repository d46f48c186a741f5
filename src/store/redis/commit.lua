-- KEYS: the cells, then the timeline if there are events, then what is written beside the change. ARGV: the number of
-- cells, and of keys beside; five words for each cell: the loaded value or '', whether there was one, what to do (keep, set,
-- drop), the new value, its life in ms ('' for ever); then, where there is a timeline, how many events to keep, for how long
-- in ms, how many come, whether there must be a line on top ('' where that does not matter), that line, how many of the
-- newest lines go, and the events; then what beside.lua reads. A key of an application's is read and written by the
-- functions of app.lua, which then stand before this: what is done to it begins with "app".
--
-- A script that fails in the middle keeps what it wrote. So everything that could fail is looked at before the first
-- write: the words, the values that were loaded, the rights of the user, the memory, the type of the timeline.
local n, m, now = tonumber(ARGV[1]), tonumber(ARGV[2]), redis.call('TIME')
local function bad(what) return redis.error_reply('ERR a change with a wrong ' .. what) end
if not count(ARGV[1]) then return bad('number of cells') end
if not count(ARGV[2]) then return bad('number of keys beside') end
local first, own = n * 5 + 3, #KEYS - m
if own > n + 1 or own < n or own == 0 then return bad('number of keys') end
local line = own > n and KEYS[own] or nil
if #ARGV < first - 1 then return bad('number of words') end

-- What is written: {name, key, …}, in this order.
local writes = {}
local function write(...) writes[#writes + 1] = {...} end
local flag, newest, lifetime
if line then
  local most, life, come, gone
  most, life, come, flag, newest, gone = unpack(ARGV, first, first + 5)
  if not natural(most) then return bad('number of events') end
  if not natural(life) then return bad('lifetime') end
  if not natural(come) or first + 5 + come > #ARGV then return bad('number of new events') end
  if flag ~= '' and flag ~= '0' and flag ~= '1' then return bad('flag of the newest line') end
  if not count(gone) or (gone ~= '0' and flag ~= '1') then return bad('number of lines that go') end
  if gone ~= '0' then
    -- What is pushed first is taken off again: whoever may not push has taken nothing off.
    write('LPUSH', line, ARGV[first + 6])
    write('LTRIM', line, gone + 1, -1)
  end
  for i = first + 6, first + 5 + come do write('LPUSH', line, ARGV[i]) end
  write('LTRIM', line, 0, most - 1)
  lifetime = {'PEXPIRE', line, life}
  writes[#writes + 1] = lifetime
  first = first + 6 + come
end
local parts = besides(own + 1, first)
if not parts then return bad('word beside it') end
for i = 1, n do
  local key, flag, todo, value, life = KEYS[i], unpack(ARGV, i * 5 - 1, i * 5 + 2)
  if flag ~= '0' and flag ~= '1' then return bad('flag') end
  if todo == 'set' then
    if life ~= '' and not natural(life) then return bad('lifetime') end
    if life == '' then write('SET', key, value) else write('SET', key, value, 'PX', life) end
  elseif todo == 'drop' or todo == 'app-drop' then
    -- It removes the key as DEL does, and can be tried without doing so.
    write('PEXPIRE', key, -1)
  elseif todo == 'app-set' then
    if not place(write, key, value) then return bad('value') end
  elseif todo ~= 'keep' and todo ~= 'app' then
    return bad('word')
  end
end

for i = 1, n do
  local held
  if ARGV[i * 5]:sub(1, 3) == 'app' then held = seen(KEYS[i]) else held = redis.call('GET', KEYS[i]) end
  if (held or '') ~= ARGV[i * 5 - 2] or (held and '1' or '0') ~= ARGV[i * 5 - 1] then return {0, now[1], now[2]} end
end

if line and flag ~= '' then
  local top = redis.call('LRANGE', line, 0, 0)[1]
  if (top or '') ~= newest or (top and '1' or '0') ~= flag then return {0, now[1], now[2]} end
  -- What was refused does not shorten what is kept.
  local left = redis.call('PTTL', line)
  if left > tonumber(lifetime[3]) then lifetime[3] = string.format('%.0f', left) end
end

local why = opening and refusal(opening, KEYS[1])
if why then return redis.error_reply(why) end
for _, call in ipairs(writes) do
  -- On Redis 6 this one has no form that does nothing, and comes first of those that do something.
  if not (opening and call[1] == 'LPUSH') then
    why = refusal(call[1], call[2])
    if why then return redis.error_reply(why) end
  end
end
-- It takes nothing away, and fails where the key is no list.
if line then
  local kept = redis.pcall('LTRIM', line, 0, -1)
  if kept.err then return redis.error_reply(kept.err) end
end
for _, call in ipairs(writes) do redis.call(unpack(call)) end
write_besides(parts)
return {1, now[1], now[2]}
