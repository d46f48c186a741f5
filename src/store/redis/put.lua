-- KEYS: one key. ARGV: how long it is to be there in ms (-1: forever), what it is, and all that is to be in it: a value; lines,
-- the oldest first; or fields and sums in turn. Nothing is written where anything is. The first write is the only one that can
-- be refused: whether a lifetime may be set is looked at before it.
if redis.call('TYPE', KEYS[1]).ok ~= 'none' then return {0} end
local life, kind = ARGV[1], ARGV[2]
if life ~= '-1' and not natural(life) then return {0} end
local why = refusal('PEXPIRE', KEYS[1])
if why then return redis.error_reply(why) end
if kind == 'string' then
  redis.call('SET', KEYS[1], ARGV[3])
elseif kind == 'list' then
  for i = 3, #ARGV do redis.call('LPUSH', KEYS[1], ARGV[i]) end
else
  for i = 3, #ARGV - 1, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
if life ~= '-1' then redis.call('PEXPIRE', KEYS[1], life) end
return {1}
