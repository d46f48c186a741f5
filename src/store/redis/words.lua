-- What a word of ARGV is. 999,999,999,999,999 ms are 31,000 years, and far from what a server adds up.
local function natural(word) return word and #word <= 15 and word:find('^[1-9]%d*$') ~= nil end
local function count(word) return word == '0' or natural(word) end
