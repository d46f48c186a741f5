-- What is written beside a change: lines of a feed, and sums. It never keeps the change from taking effect: where the user
-- may not write it, or a key is of another type, it is left out.
--
-- Reads what comes from this word on, one part for each of the last KEYS: 'feed', its lifetime in ms, how many lines it
-- keeps, how many come, and of each how many words it has, and these; or 'sums', and what sums.lua reads. Answers with
-- nothing where the words are wrong.
local function besides(key, word)
  local parts = {}
  while key <= #KEYS do
    local part = {kind = ARGV[word], key = KEYS[key]}
    if part.kind == 'sums' then
      part.add, word = sums_at(word + 1)
      if not part.add then return nil end
    elseif part.kind == 'feed' then
      local life, most, lines = unpack(ARGV, word + 1, word + 3)
      if not natural(life) or not natural(most) or not natural(lines) then return nil end
      part.life, word = life, word + 4
      for line = 1, lines do
        local size = ARGV[word]
        if not natural(size) or size % 2 ~= 0 or word + size > #ARGV then return nil end
        part[line] = {'XADD', part.key, 'MAXLEN', '~', most, '*', unpack(ARGV, word + 1, word + size)}
        word = word + size + 1
      end
    else
      return nil
    end
    parts[#parts + 1], key = part, key + 1
  end
  if word ~= #ARGV + 1 then return nil end
  return parts
end
local function write_one(part)
  if part.kind == 'feed' then
    -- A user who may not write it is not told so in the log of the server each time.
    if not redis6 and not redis.acl_check_cmd(unpack(part[1])) then return end
    for _, line in ipairs(part) do redis.call(unpack(line)) end
    redis.call('PEXPIRE', part.key, part.life)
  else
    if not redis6 and not redis.acl_check_cmd('HINCRBY', part.key, 'x', 1) then return end
    if not sums_chosen(part.key, part.add) then sums_added(part.key, part.add) end
  end
end
-- A part that fails in the middle takes nothing else with it.
local function write_besides(parts)
  for _, part in ipairs(parts) do pcall(write_one, part) end
end
