-- Numbers that are added to the fields of a hash. Everything that could fail comes before the first write.
-- Reads from ARGV what is added, from this word on: when the lifetime begins (first, last), the lifetime in ms, how many
-- fields fill the hash; how many fields are removed, and their names; how many are added to, and of each its name, the
-- number, and '' or the field that gets it where this one is not there and the hash is full. Answers with it and with the
-- next word, or with nothing where the words are wrong.
local function sums_at(word)
  local from, life, most, gone = unpack(ARGV, word, word + 3)
  if (from ~= 'first' and from ~= 'last') or not natural(life) or not natural(most) or not count(gone) then return nil end
  local add = {from = from, life = life, most = tonumber(most), gone = {}, fields = {}}
  word = word + 4
  if word + gone > #ARGV then return nil end
  for at = word, word + gone - 1 do add.gone[#add.gone + 1] = ARGV[at] end
  word = word + gone
  local all = ARGV[word]
  if not natural(all) or word + all * 3 > #ARGV then return nil end
  for at = word + 1, word + all * 3, 3 do
    local by = ARGV[at + 1]
    if not by:find('^%-?%d+$') or #by > 16 then return nil end
    add.fields[#add.fields + 1] = {ARGV[at], by, ARGV[at + 2]}
  end
  return add, word + all * 3 + 1
end
-- Chooses the fields, and looks whether each holds a number.
local function sums_chosen(key, add)
  local size = redis.call('HLEN', key)
  add.left = redis.call('PTTL', key)
  for _, field in ipairs(add.fields) do
    local held = redis.call('HGET', key, field[1])
    if not held and field[3] ~= '' and size >= add.most then
      field[1] = field[3]
      held = redis.call('HGET', key, field[1])
    end
    if held and (not held:find('^%-?%d+$') or #held > 16) then return 'ERR hash value is not an integer' end
    -- Two of them may be one and the same: then this is one too many, and the hash is only full a little earlier.
    if not held then size = size + 1 end
  end
end
local function sums_added(key, add)
  if #add.gone > 0 then redis.call('HDEL', key, unpack(add.gone)) end
  for _, field in ipairs(add.fields) do redis.call('HINCRBY', key, field[1], field[2]) end
  if add.from == 'last' or add.left < 0 then redis.call('PEXPIRE', key, add.life) end
end
