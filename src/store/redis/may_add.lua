-- Which of the commands that write the feed and sums this user may not call. KEYS: a key that nobody has.
local refused = {}
for _, name in ipairs({'XADD', 'HINCRBY', 'HDEL', 'PEXPIRE'}) do
  local why = refusal(name, KEYS[1])
  if why and why:sub(1, 6) ~= 'NOPERM' then return redis.error_reply(why) end
  if why then refused[#refused + 1] = name end
end
for _, words in ipairs({{'PTTL', KEYS[1]}, {'HLEN', KEYS[1]}, {'HGET', KEYS[1], 'x'}, {'HGETALL', KEYS[1]}}) do
  local allowed
  if redis6 then
    local answer = redis.pcall(unpack(words))
    allowed = type(answer) ~= 'table' or not answer.err
  else
    allowed = redis.acl_check_cmd(unpack(words))
  end
  if not allowed then refused[#refused + 1] = words[1] end
end
return refused
