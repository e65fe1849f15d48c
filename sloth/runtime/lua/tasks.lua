-- The task builder: task("name"):command(…):build(). Wrong names and types are errors here, with their line.
local sloth = ...

local ipairs, next, pairs, pcall, select, setmetatable, tostring, type =
  ipairs, next, pairs, pcall, select, setmetatable, tostring, type
local byte, find, lower, match = string.byte, string.find, string.lower, string.match
local math_type, min, tointeger = math.type, math.min, math.tointeger
local concat, sort = table.concat, table.sort
local env, fail, list, text_of = sloth.env, sloth.fail, sloth.list, sloth.text_of

-- Names nobody knows --------------------------------------------------------------------------

local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal
    diagonal, row[0] = row[0], i
    for j = 1, #b do
      local cost = byte(a, i) == byte(b, j) and 0 or 1
      diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

-- ": did you mean 'x'?" for the nearest of the names, or nothing; and the names in order.
local function nearest(name, names)
  local sorted = {}
  for known in next, names do
    if type(known) == "string" then sorted[#sorted + 1] = known end
  end
  sort(sorted)
  local best, least = nil, #name // 3 + 2
  for _, known in ipairs(sorted) do
    local d = #name <= 64 and distance(lower(name), known) or least
    if d < least then best, least = known, d end
  end
  return best and ": did you mean '" .. best .. "'?" or "", sorted
end

-- The nearest of the names, or all of them.
local function near(name, names)
  local hint, sorted = nearest(name, names)
  return hint ~= "" and hint or "; there are " .. concat(sorted, ", ")
end

-- Types ---------------------------------------------------------------------------------------

local ARTICLE = { ["function"] = "a function", table = "a table", string = "a string", number = "a number",
  boolean = "true or false", ["nil"] = "nothing" }

local specs = setmetatable({}, { __mode = "k" }) -- builder → what was declared

local function mismatch(what, wanted, value, where)
  local spec = specs[value]
  local got = spec and "one " .. spec.kind or ARTICLE[type(value)] or "a " .. type(value)
  fail(what .. " wants " .. wanted .. ", got " .. got, where)
end

local function expect(value, kind, what, where)
  value = text_of(value)
  if type(value) ~= kind then mismatch(what, ARTICLE[kind], value, where) end
  return value
end

local function string_or_function(value, what, where)
  value = text_of(value)
  if type(value) ~= "string" and type(value) ~= "function" then
    mismatch(what, "a shell string or a function", value, where)
  end
  return value
end

local function duration(value, what, where)
  value = text_of(value)
  if type(value) ~= "string" and (type(value) ~= "number" or value <= 0) then
    mismatch(what, "a number of seconds above 0 or a string such as \"2m\"", value, where)
  end
  return value
end

-- Plain data by name, copied now, so that a mistake in it has its line.
local function data(value, what, where)
  expect(value, "table", what, where)
  for key in next, value do
    if type(key) ~= "string" then fail(what .. " wants { name = value, … }, got a value without a name", where) end
  end
  local ok, encoded = pcall(sloth.encode, value)
  if not ok then fail(what .. ": " .. encoded, where) end
  return sloth.decode(encoded)
end

-- Names as one string, several, a list, or objects that have a name.
local function names(what, where, ...)
  local found = {}
  local function add(value, depth)
    value = text_of(value)
    if type(value) == "string" then
      found[#found + 1] = value
    elseif specs[value] then
      found[#found + 1] = specs[value].name
    elseif type(value) == "table" and depth == 0 and sloth.length(value) then
      for _, item in ipairs(value) do add(item, 1) end
    else
      mismatch(what, "a name or a list of names", value, where)
    end
  end
  for i = 1, select("#", ...) do add((select(i, ...)), 0) end
  return list(found)
end

-- Methods: (spec, where, values…) --------------------------------------------------------------

local methods = {}

local function text(value, what, where) return expect(value, "string", what, where) end
local function closure(value, what, where) return expect(value, "function", what, where) end

for name, check in pairs {
  description = text, workdir = text, timeout = duration, command = string_or_function, run_if = string_or_function,
  abort_if = string_or_function, on_success = closure, on_failure = closure, params = data,
} do
  methods[name] = function(spec, where, value) spec[name] = check(value, name, where) end
end

methods.run, methods.condition, methods.on_fail = methods.command, methods.run_if, methods.on_failure

function methods.shell(spec, where, value) spec.command = expect(value, "string", "shell", where) end

function methods.tags(spec, where, ...) spec.tags = names("tags", where, ...) end
function methods.depends_on(spec, where, ...) spec.depends_on = names("depends_on", where, ...) end
function methods.notify(spec, where, ...) spec.notify = names("notify", where, ...) end
function methods.hosts(spec, where, ...) spec.hosts = concat(names("hosts", where, ...), ",") end

function methods.env(spec, where, value)
  spec.env = data(value, "env", where)
  for key, item in next, spec.env do
    if type(item) == "table" then mismatch("env: " .. key, "a string", item, where) end
    spec.env[key] = tostring(item)
  end
end

local STRATEGIES = { fixed = true, linear = true, exponential = true }

function methods.retries(spec, where, count, strategy)
  if math_type(count) ~= "integer" or count < 0 then mismatch("retries", "a whole number from 0", count, where) end
  if strategy ~= nil then
    text(strategy, "the strategy of retries", where)
    if not STRATEGIES[strategy] then fail("unknown retry strategy '" .. strategy .. "'" .. near(strategy, STRATEGIES), where) end
  end
  spec.retries.count, spec.retries.strategy = count, strategy
end

function methods.retry_delay(spec, where, value) spec.retries.delay = duration(value, "retry_delay", where) end
function methods.max_retry_delay(spec, where, value) spec.retries.max_delay = duration(value, "max_retry_delay", where) end

function methods.become(spec, where, value)
  value = text_of(value)
  if value == nil then value = true end
  if type(value) ~= "boolean" and type(value) ~= "string" then mismatch("become", "true, false or a user", value, where) end
  spec.become = value or nil
end

function methods.user(spec, where, value) spec.become = expect(value, "string", "user", where) end

for _, name in ipairs { "ignore_errors", "run_once" } do
  methods[name] = function(spec, where, value)
    if value == nil then value = true end
    spec[name] = expect(value, "boolean", name, where)
  end
end

-- Builders ------------------------------------------------------------------------------------

-- An object whose methods come from `methods`; an unknown one is an error with a near match.
local function builder(kind, name, known, spec)
  local object = setmetatable({}, {
    __name = kind,
    __metatable = false,
    __tostring = function() return kind .. " '" .. name .. "'" end,
    __newindex = function(_, key)
      fail(kind .. " '" .. name .. "': set " .. tostring(key) .. " with its method, :" .. tostring(key) .. "(…)", sloth.caller_line())
    end,
    __index = function(self, key)
      sloth.remember_line()
      local where = sloth.current().seen
      local method = known[key]
      if method == nil then
        fail(kind .. " '" .. name .. "': unknown method " .. tostring(key) .. near(tostring(key), known), where)
      end
      return function(receiver, ...)
        if receiver ~= self then fail("write :" .. key .. "(…) with a colon", where) end
        method(spec, where, ...)
        return self
      end
    end,
  })
  specs[object] = spec
  return object
end

local function place(where)
  local file, line = match(where, "^(.*):(%d+)$")
  return file or "", tointeger(line) or 0
end

function methods.build(spec)
  if spec.built then return end
  spec.built = true
  local built = sloth.scope().tasks
  built[#built + 1] = spec
end

function env.task(name)
  local where = sloth.caller_line()
  if sloth.current().load == nil then fail("task() declares a task: it belongs to the top level of a file", where) end
  expect(name, "string", "task", where)
  if not find(name, "%S") then fail("a task needs a name", where) end
  local file, line = place(where)
  local spec = {
    kind = "task", name = text_of(name), file = file, line = line, retries = { count = 0 }, ignore_errors = false,
    tags = list(), depends_on = list(), notify = list(), env = {}, params = {},
  }
  return builder("task", spec.name, methods, spec)
end

sloth.builder, sloth.specs, sloth.place = builder, specs, place
sloth.near, sloth.nearest, sloth.expect, sloth.mismatch, sloth.data, sloth.names = near, nearest, expect, mismatch, data, names
