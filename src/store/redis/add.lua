-- KEYS: a hash. ARGV: what sums.lua reads, and then the fields to answer with, or '*' for all of them.
local now = redis.call('TIME')
local add, word = sums_at(1)
if not add or #KEYS ~= 1 then return redis.error_reply('ERR an addition with a wrong word') end
local why = refusal('HINCRBY', KEYS[1]) or refusal('PEXPIRE', KEYS[1]) or refusal('HDEL', KEYS[1])
if ARGV[word] == '*' then why = why or refusal('HGETALL', KEYS[1]) end
why = why or sums_chosen(KEYS[1], add)
if why then return redis.error_reply(why) end
sums_added(KEYS[1], add)
local answer = {1, now[1], now[2]}
if ARGV[word] == '*' then
  for _, part in ipairs(redis.call('HGETALL', KEYS[1])) do answer[#answer + 1] = part end
else
  for at = word, #ARGV do
    answer[#answer + 1] = ARGV[at]
    answer[#answer + 1] = redis.call('HGET', KEYS[1], ARGV[at]) or '0'
  end
end
return answer
