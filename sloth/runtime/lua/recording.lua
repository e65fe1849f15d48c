-- What the top level of a file calls while it is loaded: noted, not made.
--
-- While a file is loaded no host is there to act on. A call is noted, and gives a value that holds nothing; then
-- the host evaluates the file once more, in a task, and makes the calls (loading.lua).
local sloth = ...

local debug, ipairs, rawequal, select, setmetatable, tostring, type =
  debug, ipairs, rawequal, select, setmetatable, tostring, type
local current, fail = sloth.current, sloth.fail

local function is_loading()
  local load = current().load
  return load ~= nil and not load.on_host
end

local nothing

local function no_more() return nil end

nothing = setmetatable({}, {
  __name = "value of a call that was not made",
  __metatable = false,
  __index = function(_, key) if type(key) ~= "number" then return nothing end end,
  __newindex = function() end,
  __call = function(_, ...) -- a generic for calls with two nils, and has to end
    if select("#", ...) == 2 and (...) == nil then return nil end
    return nothing
  end,
  __pairs = function() return no_more end,
  __len = function() return 0 end,
  __tostring = function() return "" end,
  __concat = function(a, b)
    return (rawequal(a, nothing) and "" or tostring(a)) .. (rawequal(b, nothing) and "" or tostring(b))
  end,
})

local in_it = debug.getmetatable(nothing)
for _, operator in ipairs { "add", "sub", "mul", "div", "idiv", "mod", "pow", "unm" } do
  in_it["__" .. operator] = function() return 0 end
end
for _, comparison in ipairs { "lt", "le" } do
  in_it["__" .. comparison] = function() return false end
end

-- Note that the top level calls something of a host.
local function noted(what, where)
  local load = current().load
  if load.scope.workflows == nil then
    fail(what .. ": module call outside of a task: move it into a task's command", where)
  end
  load.calls[#load.calls + 1] = what
  return nothing
end

-- The same for what only a file without tasks may look at there, as its tasks would depend on it.
local function of_a_host(what, where)
  local load = current().load
  local text = what .. " belongs to a host, and the top level of a file is the same for all hosts: "
    .. "move this line into the task"
  load.of_a_host = load.of_a_host or { text = text, where = where }
  if load.scope.workflows == nil then fail(text, where) end
  return nothing
end

sloth.is_loading, sloth.noted, sloth.of_a_host = is_loading, noted, of_a_host
