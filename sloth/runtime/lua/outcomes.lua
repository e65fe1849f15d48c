-- What a call's values are to the variables that take them.
--
-- A change returns its result and its message; a query its value, or nil and why. People who come from Go write
-- `local result, err = fs.write(…)` and `if err then`, others `local ok, message = pkg.install(…)` and show the message:
-- the names tell which is meant. So a variable that is called an error gets nothing when the call went well, and the
-- reason when it did not, wherever it stands. exec is left alone: its second value is stderr.
--
-- Which variables take the values tells the compiled code of the function that waits for them: it has the call in the
-- line where the function stands, in the register behind those that are in use. A function that only returns what a call
-- gave (a tail call) is no longer there; then it is the one that called it.
local sloth = ...

local getmetatable, ipairs, rawget, setmetatable, type = getmetatable, ipairs, rawget, setmetatable, type
local getinfo, getlocal, getupvalue = debug.getinfo, debug.getlocal, debug.getupvalue
local find, gmatch, lower = string.find, string.gmatch, string.lower
local max, unpack = math.max, table.unpack
local instruction = sloth.instruction

local MOVE, SETUPVAL, GETFIELD, SETTABUP, SETFIELD, SELF, CALL = 0, 10, 14, 15, 18, 20, 68

local function is_error(name)
  name = lower(name)
  return name == "e" or find(name, "^err") or find(name, "_err$") or find(name, "error$")
end

-- The variables that are alive before an instruction, in the order of their registers.
local function variables_at(it, number)
  local alive = {}
  for _, one in ipairs(it.variables) do
    if one.from > number then break end
    if number < one.to then alive[#alive + 1] = one end
  end
  return alive
end

-- The variable that an instruction behind a call stores one of its values in, and the register of that value; nothing
-- when it stores none. A field of a table is no variable.
local function stored(it, number, fn)
  local operation, a, b, c = instruction(it, number)
  if operation == MOVE then
    local variable = variables_at(it, number)[a + 1]
    return b, variable and variable.name
  elseif operation == SETUPVAL then
    return a, (getupvalue(fn, b + 1))
  elseif operation == SETTABUP then
    return c, getupvalue(fn, a + 1) == "_ENV" and it.keys[b] or nil
  elseif operation > SETTABUP and operation <= SETFIELD then
    return c
  end
end

-- The place of the error among the `count` variables that take the values of a call, which are in the registers from
-- `first`: new locals, or variables that are set by the instructions that follow.
local function place_of_error(it, number, fn, first, count)
  local alive = variables_at(it, number + 1)
  for place = 1, count do
    local variable = alive[first + place]
    if variable and variable.from == number + 1 and is_error(variable.name) then return place end
  end
  for following = number + 1, it.count - 1 do
    local register, name = stored(it, following, fn)
    if not register or register < first or register >= first + count then return nil end
    if name and is_error(name) then return register - first + 1 end
  end
end

-- The name by which a function was taken from its module into a register, or nil.
local function looked_up(it, number, register)
  for before = number - 1, 0, -1 do
    local operation, a, _, c = instruction(it, before)
    if a == register and (operation == GETFIELD or operation == SELF) then return it.keys[c] end
  end
end

local codes = setmetatable({}, { __mode = "k" }) -- function → its code, and its calls by their lines; read once

local function code_of(fn)
  if codes[fn] then return codes[fn] end
  local it = sloth.compiled(fn)
  it.calls = {}
  for number = 0, it.count - 1 do
    local line = it.lines[number]
    if instruction(it, number) == CALL then
      it.calls[line] = it.calls[line] or {}
      it.calls[line][#it.calls[line] + 1] = number
    end
  end
  codes[fn] = it
  return it
end

-- The place of the error among the variables that wait for what the function at `level` returns, or nil.
local function error_taken(level, action)
  local info = getinfo(level, "fl")
  local fn = info and info.func
  if not fn or info.currentline < 1 or not sloth.is_of_script(fn) then return nil end
  local register = 0
  while getlocal(level, register + 1) do register = register + 1 end
  local it, other = code_of(fn), nil
  for _, number in ipairs(it.calls[info.currentline] or {}) do
    local _, a, _, c = instruction(it, number)
    if a == register and c > 1 then
      local place = place_of_error(it, number, fn, register, c - 1)
      if looked_up(it, number, register) == action then return place end
      other = other or place
    end
  end
  return other
end

-- A table that tells of a host can be asked for its success, as the result of a change can; what stands in it does not
-- change. As a text the result of a change is its message. In data of users `success` is a key like any other.
local OF_USERS = { event = true, facts = true, log = true, metrics = true, secrets = true, state = true }
for name in gmatch(sloth.pure, "%S+") do OF_USERS[name] = true end

local SUCCESS = { __metatable = false, __index = { success = true, failed = false } }
local CHANGE = { __metatable = false, __tostring = function(self) return rawget(self, "message") or "done" end }

local function can_be_asked(module, first)
  if OF_USERS[module] or type(first) ~= "table" or getmetatable(first) ~= nil or sloth.length(first) then return end
  setmetatable(first, rawget(first, "success") == nil and SUCCESS or CHANGE)
end

local function failed(first)
  return not first or type(first) == "table" and rawget(first, "failed") == true
end

-- The values of a call, as those who take them name them. It is to be called as the last thing that those do who were called
-- by a script: then the function that waits for the values stands next on the stack, and they come into its first free register.
function sloth.settled(module, action, values)
  can_be_asked(module, values[1])
  local place = module ~= "exec" and values.n > 1 and error_taken(3, action)
  if not place then return unpack(values, 1, values.n) end
  if not failed(values[1]) then
    values[place] = nil
  elseif place > 2 then
    values[place] = values[2]
  end
  return unpack(values, 1, max(values.n, place))
end
