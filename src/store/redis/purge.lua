-- Removes a key if it still is what was seen (ARGV). What was set anew has a longer life than was left of the old.
local seen = look(KEYS[1])
if #seen ~= #ARGV then return {0} end
for i = 1, #ARGV do
  if i ~= 2 and seen[i] ~= ARGV[i] then return {0} end
end
local was, is = tonumber(ARGV[2]), tonumber(seen[2])
if (was < 0) ~= (is < 0) or is > was then return {0} end
redis.call('UNLINK', KEYS[1])
return {1}
