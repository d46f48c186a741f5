-- Which of the commands that only read this user may not call. KEYS: one that nobody has. ARGV: the commands.
local samples = {
  GET = {}, STRLEN = {}, TYPE = {}, PTTL = {}, PEXPIRETIME = {}, GETRANGE = {0, 1}, HLEN = {}, HGETALL = {}, HKEYS = {},
  HSTRLEN = {'x'}, HGET = {'x'}, LLEN = {}, LINDEX = {0}, LRANGE = {0, 1}, SCARD = {}, SRANDMEMBER = {1},
  XRANGE = {'-', '+'}, XREVRANGE = {'+', '-'}
}
local function sample(name)
  if name == 'SCAN' then return {'SCAN', '0', 'COUNT', '1'} end
  return {name, KEYS[1], unpack(samples[name])}
end
local refused = {}
for _, name in ipairs(ARGV) do
  if name == 'PEXPIRETIME' and redis6 then name = 'PTTL' end
  local words = sample(name)
  local allowed
  if redis6 then
    local answer = redis.pcall(unpack(words))
    allowed = type(answer) ~= 'table' or not answer.err
  else
    allowed = redis.acl_check_cmd(unpack(words))
  end
  if not allowed then refused[#refused + 1] = name end
end
return refused
