-- What is written beside a change that took effect on another server. KEYS and ARGV: what beside.lua reads.
local parts = #KEYS > 0 and besides(1, 1)
if not parts then return redis.error_reply('ERR a wrong word beside a change') end
write_besides(parts)
return {1}
