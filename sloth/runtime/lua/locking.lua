-- state.with_lock: a function that runs while its host holds a lock.
local sloth = ...

local error, rawequal, type = error, rawequal, type
local pack, unpack = table.pack, table.unpack
local act, caller_line, fail, is_loading, noted = sloth.act, sloth.caller_line, sloth.fail, sloth.is_loading, sloth.noted
local pcall = sloth.safe_pcall

-- with_lock(name, fn, wait), with_lock(name, wait, fn), and { wait = …, ttl = … } in place of wait.
local function with_lock(where, name, first, second)
  local body, terms = first, second
  if type(body) ~= "function" then body, terms = second, first end
  if type(name) ~= "string" or type(body) ~= "function" then
    fail("state.with_lock: wants the name of a lock and a function", where)
  end
  if type(terms) ~= "table" then terms = { wait = terms } end
  act("state", "lock", where, { name = name, wait = terms.wait, ttl = terms.ttl })
  local came = pack(pcall(body))
  act("state", "unlock", where, name)
  if not came[1] then error(came[2], 0) end
  return unpack(came, 2, came.n)
end

local actions = sloth.actions_of.state or {} -- a machine may have other modules than ours
function actions.with_lock(first, ...)
  local where = caller_line()
  if is_loading() then return noted("state.with_lock", where) end
  if rawequal(first, sloth.env.state) then return with_lock(where, ...) end
  return with_lock(where, first, ...)
end
