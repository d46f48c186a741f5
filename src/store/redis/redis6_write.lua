-- Before a script that writes, on Redis 6. There a script is refused for a full memory only at its first write, and only
-- where that write needs memory; nothing tells beforehand what a user may not call. So each command is tried first in a
-- form that it refuses after all these checks, and that changes nothing. `opening` is the first of them.
redis.replicate_commands()
local function harmless(name, key)
  if name == 'SET' then return {'SET', key, '', 'NX', 'XX'} end
  if name == 'HSET' then return {'HSET', key, 'field', 'value', 'field'} end
  if name == 'LTRIM' then return {'LTRIM', key, 'x', 'x'} end
  if name == 'HINCRBY' then return {'HINCRBY', key, 'field', 'x'} end
  if name == 'XADD' then return {'XADD', key, 'x', 'field', 'value'} end
  if name == 'HGETALL' then return {'HGETALL', key} end
  if name == 'HDEL' then return {'HDEL', key, ''} end
  return {name, key, 'x'}
end
-- Why a command would be refused, or nil.
local function refusal(name, key)
  local answer = redis.pcall(unpack(harmless(name, key)))
  local text = type(answer) == 'table' and answer.err
  if not text then return nil end
  for _, expected in ipairs({
    'syntax error', 'not an integer', 'wrong number of arguments for', 'Invalid stream ID'
  }) do
    if text:find(expected, 1, true) then return nil end
  end
  if text:find("can't run this command", 1, true) then
    return "NOPERM this user has no permissions to run the '" .. string.lower(name) .. "' command"
  end
  if text:find('The user executing the script', 1, true) then
    return 'NOPERM this user has no permissions to access one of the keys'
  end
  return (text:gsub('^@user_script: ?%d+: ?', ''):gsub('^%-', ''):gsub('%s+$', ''))
end
