-- Before a script that writes, on Redis 7 and later: the `#!lua` line has it refused whole when memory is full, on a
-- replica or with a failing disk, and what a user may not call is asked for.
local opening = nil
local function sample(name, key)
  if name == 'SET' then return {'SET', key, '', 'PX', 1} end
  if name == 'HSET' then return {'HSET', key, '', ''} end
  if name == 'LTRIM' then return {'LTRIM', key, 0, 1} end
  if name == 'HINCRBY' then return {'HINCRBY', key, '', 1} end
  if name == 'XADD' then return {'XADD', key, '*', '', ''} end
  if name == 'LPUSH' then return {'LPUSH', key, ''} end
  if name == 'HGETALL' then return {'HGETALL', key} end
  return {name, key, 1}
end
-- Why a command would be refused, or nil.
local function refusal(name, key)
  if redis.acl_check_cmd(unpack(sample(name, key))) then return nil end
  return "NOPERM this user has no permissions to run the '" .. string.lower(name) .. "' command"
end
