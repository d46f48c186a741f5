-- Which of the commands that read privacyIDEA's keys this user may not call.
local refused = {}
for _, call in ipairs({
  {'TYPE', KEYS[1]}, {'SCARD', KEYS[1]}, {'SRANDMEMBER', KEYS[1], 1},
  {'PEXPIRETIME', KEYS[1]}, {'GETRANGE', KEYS[1], 0, 1}, {'HLEN', KEYS[1]}, {'HGETALL', KEYS[1]}
}) do
  if not redis.acl_check_cmd(unpack(call)) then refused[#refused + 1] = call[1] end
end
return refused
