-- assert(condition, message) as in Lua, and assert.equals(…) and its like, which tell what they saw and where.
local sloth = ...

local assert, ipairs, next, pcall, rawequal, setmetatable, tostring, type =
  assert, ipairs, next, pcall, rawequal, setmetatable, tostring, type
local find, format = string.find, string.format
local env, fail, near, text_of = sloth.env, sloth.fail, sloth.near, sloth.text_of

local MAX_SHOWN = 400

local function show(value)
  local text = text_of(value)
  if type(text) == "string" then return format("%q", text) end
  if type(value) == "table" then
    local ok, encoded = pcall(sloth.encode, value)
    text = ok and encoded or "a table"
  else
    text = tostring(value)
  end
  return #text > MAX_SHOWN and text:sub(1, MAX_SHOWN) .. "…" or text
end

-- The path to the first difference of two values, or nil when they are equal all the way down.
local function difference(a, b, path, seen)
  local x, y = text_of(a), text_of(b)
  if x == y then return nil end
  if type(x) ~= "table" or type(y) ~= "table" then return path, x, y end
  if seen[x] == y then return nil end
  seen[x] = y
  for key, value in next, x do
    local inner, first, second = difference(value, y[key], path .. "." .. tostring(key), seen)
    if inner then return inner, first, second end
  end
  for key, value in next, y do
    if x[key] == nil then return path .. "." .. tostring(key), nil, value end
  end
  return nil
end

local function check(holds, message, text, where)
  if not holds then fail(message ~= nil and tostring(message) .. ": " .. text or text, where) end
  return true
end

local function contains(holder, item)
  holder = text_of(holder)
  if type(holder) == "string" then return find(holder, tostring(text_of(item)), 1, true) ~= nil end
  if type(holder) ~= "table" then return false end
  for _, value in next, holder do
    if difference(value, item, "", {}) == nil then return true end
  end
  return false
end

local asserts = {}

local function define(names, holds, says)
  for _, name in ipairs(names) do
    asserts[name] = function(first, second, message)
      local where = sloth.caller_line()
      local fine = holds(first, second)
      return check(fine, message, fine or says(first, second), where)
    end
  end
end

-- Those of one value take the message second.
local function define_of_one(names, holds, says)
  for _, name in ipairs(names) do
    asserts[name] = function(value, message)
      local where = sloth.caller_line()
      return check(holds(value), message, show(value) .. " " .. says, where)
    end
  end
end

define_of_one({ "is_true" }, function(value) return value == true end, "is not true")
define_of_one({ "is_false" }, function(value) return value == false end, "is not false")
define_of_one({ "is_nil" }, function(value) return value == nil end, "is not nil")
define_of_one({ "is_not_nil", "not_nil", "exists" }, function(value) return value ~= nil end, "is nil")
define_of_one({ "is_truthy", "truthy" }, function(value) return value and true end, "is neither true nor a value")
define_of_one({ "is_falsy", "falsy" }, function(value) return not value end, "is neither false nor nil")

for _, kind in ipairs { "string", "number", "boolean", "table", "function" } do
  define_of_one({ "is_" .. kind }, function(value) return type(text_of(value)) == kind end, "is no " .. kind)
end

define({ "equals", "equal", "are_equal", "same", "are_same" }, function(a, b)
  return difference(a, b, "", {}) == nil
end, function(a, b)
  local path, x, y = difference(a, b, "", {})
  if path == "" then return show(a) .. " is not " .. show(b) end
  return show(x) .. " is not " .. show(y) .. " at " .. path .. ": " .. show(a) .. " and " .. show(b)
end)
define({ "not_equals", "not_equal", "are_not_equal", "not_same" }, function(a, b)
  return difference(a, b, "", {}) ~= nil
end, function(a) return "both are " .. show(a) end)
define({ "contains" }, contains, function(a, b) return show(a) .. " does not contain " .. show(b) end)
define({ "not_contains" }, function(a, b)
  return not contains(a, b)
end, function(a, b) return show(a) .. " contains " .. show(b) end)
define({ "matches", "match" }, function(text, pattern)
  return find(tostring(text_of(text)), pattern) ~= nil
end, function(a, b) return show(a) .. " does not match " .. show(b) end)
define({ "greater_than" }, function(a, b) return a > b end, function(a, b) return show(a) .. " is not above " .. show(b) end)
define({ "less_than" }, function(a, b) return a < b end, function(a, b) return show(a) .. " is not below " .. show(b) end)

-- The function fails, and its error contains the text.
local function has_error(fn, wanted, message)
  local where = sloth.caller_line()
  local ok, why = sloth.safe_pcall(fn)
  check(not ok, message, "the function did not fail", where)
  local text = tostring(type(why) == "table" and (why.message or why.error) or why)
  if wanted ~= nil then check(find(text, wanted, 1, true), message, show(text) .. " does not contain " .. show(wanted), where) end
  return true
end

asserts.has_error, asserts.throws, asserts.error = has_error, has_error, has_error

-- Whether the action was called, with at least these arguments.
local function was_called(action, wanted, where)
  local calls = sloth.ask_test("calls", sloth.encode_all(action), where)
  for _, call in ipairs(calls) do
    local fits = true
    for key, value in next, wanted or {} do
      if difference(call.args[key], value, "", {}) ~= nil then fits = false end
    end
    if fits then return true, calls end
  end
  return false, calls
end

function asserts.called(action, wanted, message)
  local where = sloth.caller_line()
  local found, calls = was_called(action, wanted, where)
  local text = found or #calls == 0 and action .. " was not called" or action .. " was not called with " .. show(wanted)
    .. ", but with " .. show(calls[#calls].args)
  return check(found, message, text, where)
end

function asserts.not_called(action, wanted, message)
  local where = sloth.caller_line()
  return check(not was_called(action, wanted, where), message, action .. " was called", where)
end

env.assert = setmetatable({}, {
  __name = "assert",
  __metatable = false,
  __call = function(_, ...) return assert(...) end,
  __index = function(_, name)
    sloth.remember_line()
    if not asserts[name] then fail("there is no assert." .. tostring(name) .. near(tostring(name), asserts), sloth.current().seen) end
    return asserts[name]
  end,
})
