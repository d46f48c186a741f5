-- In place of beside.lua, where there is nothing beside a change.
local function besides(key, word)
  if key <= #KEYS or word ~= #ARGV + 1 then return nil end
  return {}
end
local function write_besides() end
