-- What a key is, and, of a set, how many members it has and at most so many of them (ARGV).
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'set' then return {kind} end
return {kind, redis.call('SCARD', KEYS[1]), redis.call('SRANDMEMBER', KEYS[1], ARGV[1])}
