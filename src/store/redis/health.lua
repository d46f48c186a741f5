#!lua
-- Which of the commands of a commit this user may not call. It writes nothing, and yet counts as a script that could:
-- a replica, a server whose memory is full or whose disk fails refuses it as it refuses a commit.
local calls = {
  {'TIME'}, {'GET', KEYS[1]}, {'SET', KEYS[1], '', 'PX', 1}, {'DEL', KEYS[1]},
  {'LPUSH', KEYS[2], ''}, {'LTRIM', KEYS[2], 0, 1}, {'PEXPIRE', KEYS[2], 1}
}
-- The keys of an application, where codes are in them.
for i = 3, #KEYS do
  for _, call in ipairs({
    {'TYPE', KEYS[i]}, {'PEXPIRETIME', KEYS[i]}, {'GETRANGE', KEYS[i], 0, 1}, {'HLEN', KEYS[i]}, {'HGETALL', KEYS[i]},
    {'DEL', KEYS[i]}, {'SET', KEYS[i], ''}, {'HSET', KEYS[i], '', ''}, {'PEXPIREAT', KEYS[i], 1}
  }) do calls[#calls + 1] = call end
end
local refused = {}
for _, call in ipairs(calls) do
  if not redis.acl_check_cmd(unpack(call)) then refused[#refused + 1] = call[1] end
end
return refused
