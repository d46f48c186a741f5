-- Which of the commands of a commit this user may not call. It changes nothing, and yet counts as a script that could: a
-- replica, a server whose memory is full or whose disk fails refuses it as it refuses a commit. KEYS: a record and a
-- timeline that nobody has, then the keys of an application, where codes are in them.
local refused = {}
local function say(name) refused[#refused + 1] = name end
-- nil, or what else than a missing right stands in the way.
local function try(name, key)
  local why = refusal(name, key)
  if why and why:sub(1, 6) ~= 'NOPERM' then return why end
  if why then say(name) end
end
local function reads(words)
  if not redis6 then return redis.acl_check_cmd(unpack(words)) end
  local answer = redis.pcall(unpack(words))
  return type(answer) ~= 'table' or not answer.err
end
local steps = {{'SET', KEYS[1]}, {'LTRIM', KEYS[2]}, {'PEXPIRE', KEYS[2]}}
for i = 3, #KEYS do
  for _, name in ipairs({'SET', 'HSET', 'PEXPIRE', 'PEXPIREAT'}) do steps[#steps + 1] = {name, KEYS[i]} end
end
for _, step in ipairs(steps) do
  local why = try(step[1], step[2])
  if why then return redis.error_reply(why) end
end
-- On Redis 6 it cannot be tried without being done: what is pushed is taken away again, and told to no replica.
if not opening then
  try('LPUSH', KEYS[2])
elseif #refused == 0 then
  redis.set_repl(redis.REPL_NONE)
  local pushed = redis.pcall('LPUSH', KEYS[2], '')
  if type(pushed) == 'table' then say('LPUSH') else redis.call('LTRIM', KEYS[2], 1, -1) end
end
local looks = {{'TIME'}, {'GET', KEYS[1]}}
for i = 3, #KEYS do
  for _, words in ipairs({
    {'TYPE', KEYS[i]}, {redis6 and 'PTTL' or 'PEXPIRETIME', KEYS[i]}, {'GETRANGE', KEYS[i], 0, 1}, {'HLEN', KEYS[i]},
    {'HGETALL', KEYS[i]}
  }) do looks[#looks + 1] = words end
end
for _, words in ipairs(looks) do
  if not reads(words) then say(words[1]) end
end
return refused
