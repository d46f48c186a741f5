-- Stands before a script for a server older than Redis 7, which knows no `#!lua` line. `redis.setresp` came with Redis 6.0.
if not redis.setresp then return redis.error_reply('OLDREDIS') end
