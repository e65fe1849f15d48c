-- What a script sees of the outside: modules of actions, log, facts, variables, `this`.
--
-- One VM serves many tasks, so nothing here belongs to a task: `vars`, `params`, `values` and their
-- like are stand-ins that look at the call that runs now, or at the load.
local sloth = ...

local error, ipairs, next, pcall, rawequal, rawget, rawlen, rawset, select, setmetatable, tostring, type =
  error, ipairs, next, pcall, rawequal, rawget, rawlen, rawset, select, setmetatable, tostring, type
local find, gmatch, sub, tointeger = string.find, string.gmatch, string.sub, math.tointeger
local concat, pack, unpack = table.concat, table.pack, table.unpack
local current, encode, encode_all, fail = sloth.current, sloth.encode, sloth.encode_all, sloth.fail
local env, text_of = sloth.env, sloth.text_of
local is_loading, noted, of_a_host = sloth.is_loading, sloth.noted, sloth.of_a_host
local options = {} -- of the load: side, environ, vars, values, entry

-- Arguments -----------------------------------------------------------------------------------

-- Split a table into its list and its named part; nil for a part that is empty.
local function parts(value)
  local named, items
  local n = rawlen(value)
  for key, item in next, value do
    if type(key) == "string" then
      named = named or {}
      named[key] = item
    elseif type(key) == "number" and key >= 1 and key <= n then
      items = items or {}
      items[key] = item
    else
      return nil, nil, true
    end
  end
  return items, named
end

local function is_options(value)
  return type(value) == "table" and rawequal(text_of(value), value) and not sloth.stand_ins[value]
    and not rawequal(value, sloth.null)
end

-- How many of n values count: exec.run(…) as the last one, as in json.decode(exec.run(…)), brings its stderr and whether
-- it failed, which nobody means there.
local function meant(values, n)
  local result, stderr, has_failed = values[n - 2], values[n - 1], values[n]
  if type(has_failed) ~= "boolean" or type(stderr) ~= "string" or type(result) ~= "table" then return n end
  local is_of_exec = not rawequal(text_of(result), result) and rawget(result, "stderr") == stderr
  return is_of_exec and rawget(result, "success") ~= has_failed and n - 2 or n
end

-- The convention of module calls, as two JSON texts: positional values and named ones.
-- { a = 1 } is named; { "x", "y" } one list; { "x", a = 1 } the value x and named; a last table
-- with string keys is named. An empty last table is neither, and said as such.
local function arguments(n, ...)
  local args = { ... }
  n = meant(args, n)
  while n > 0 and args[n] == nil do n = n - 1 end
  local last = args[n]
  if not is_options(last) then return encode_all(unpack(args, 1, n)), "{}" end
  local items, named, odd = parts(last)
  if odd then error("a table of options has names, and a list has 1, 2, 3 … as keys", 0) end
  if items == nil then
    return encode_all(unpack(args, 1, n - 1)), encode(named or {}), named == nil
  end
  if named == nil then return encode_all(unpack(args, 1, n)), "{}" end
  if n > 1 then error("the options behind positional values cannot be a list as well", 0) end
  return encode_all(#items == 1 and items[1] or items), encode(named)
end

-- Modules -------------------------------------------------------------------------------------

local CALLABLE = { exec = "run" } -- exec(…) is exec.run(…)

local pure = {}
for name in gmatch(sloth.pure, "%S+") do pure[name] = true end

local function needs_no_host(module, action)
  return pure[module] and action ~= "sleep"
end

-- What the call of an action gives, packed.
local function performed(module, action, where, self, ...)
  local name = module .. "." .. action
  if is_loading() and not needs_no_host(module, action) then return pack(noted(name, where)) end
  local ok, args, named, empty
  if rawequal(self, env[module]) then -- module:action(…)
    ok, args, named, empty = pcall(arguments, select("#", ...), ...)
  else
    ok, args, named, empty = pcall(arguments, select("#", ...) + 1, self, ...)
  end
  if not ok then
    if args == sloth.OUT_OF_MEMORY then error(args, 0) end
    fail(name .. ": " .. args, where)
  end
  return pack(sloth.request(module, action, args, named, where, empty))
end

local function call_action(module, action, where, ...)
  return sloth.settled(module, action, performed(module, action, where, ...))
end

sloth.actions_of = {} -- module → its actions so far; those that are written in Lua are put there

local function native_module(name)
  local actions = {}
  sloth.actions_of[name] = actions
  return setmetatable({}, {
    __name = "module " .. name,
    __metatable = false,
    __index = function(_, action)
      if type(action) ~= "string" then return nil end
      sloth.remember_line()
      local found = actions[action]
      if not found then
        found = function(...) return call_action(name, action, sloth.caller_line(), ...) end
        actions[action] = found
      end
      return found
    end,
    __call = function(_, ...)
      if not CALLABLE[name] then error(name .. " is a module: call one of its actions", 2) end
      return call_action(name, CALLABLE[name], sloth.caller_line(), ...)
    end,
  })
end

-- A result that stands for something at its path: `repo:pull()` is git.pull(repo.path). What changes it returns the
-- object, so that calls can be chained; what looks, its value.
function sloth.as_object(result, module)
  return setmetatable(result, {
    __metatable = false,
    __index = function(_, action)
      if type(action) ~= "string" then return nil end
      sloth.remember_line()
      return function(object, ...)
        local values = performed(module, action, sloth.caller_line(), object.path, ...)
        if type(values[1]) == "table" and rawget(values[1], "changed") ~= nil then values[1] = object end
        return sloth.settled(module, action, values)
      end
    end,
  })
end

function sloth.act(module, action, where, ...)
  return call_action(module, action, where, ...)
end

-- Log -----------------------------------------------------------------------------------------

local function show(value)
  if type(value) == "table" and rawequal(text_of(value), value) and not rawequal(value, sloth.null) then
    return encode(value)
  end
  return tostring(value)
end

-- log.table gets its tables as they are, all others one text.
local function say(level, separator, ...)
  local where, is_table = sloth.caller_line(), level == "table"
  if is_table and not is_loading() then return sloth.request("log", level, encode_all(...), "{}", where) end
  local texts, values = {}, { ... }
  for i = 1, meant(values, select("#", ...)) do texts[i] = show(values[i]) end
  if not is_loading() then
    sloth.request("log", level, encode_all(concat(texts, separator)), "{}", where)
  else
    local said = current().load.said
    said[#said + 1] = { is_table and "info" or level, concat(texts, separator), where }
  end
end

-- What the top level said, for the person who loads the file; a plain script says it when it runs.
function sloth.speak(said)
  if options.side == "host" then return end
  for _, line in ipairs(said) do sloth.request("log", line[1], encode_all(line[2]), "{}", line[3]) end
end

env.log = setmetatable({}, {
  __name = "module log",
  __metatable = false,
  __index = function(_, level)
    sloth.remember_line()
    return function(first, ...)
      if rawequal(first, env.log) then say(level, " ", ...) else say(level, " ", first, ...) end
    end
  end,
})

function env.print(...)
  say("info", "\t", ...)
end

sloth.say = say

-- Stand-ins -----------------------------------------------------------------------------------

-- Variables may be many and large, and a task looks at few: what Python gave the machine to hold is kept as text, a value
-- apart, and each call opens what it looks at.
local held, of_all = {}, {} -- name → (variable → text); name → value that all calls share
local texts_of = setmetatable({}, { __mode = "k" }) -- table of a call → the texts that it opens

local function opened(variables)
  local texts = texts_of[variables]
  for name in next, texts or {} do local _ = variables[name] end
  return variables
end

local function unopened(texts)
  local seen = {}
  local variables = setmetatable({}, {
    __index = function(self, name)
      local text = not seen[name] and texts[name]
      if not text then return nil end
      seen[name] = true
      local value = sloth.decode(text)
      rawset(self, name, value)
      return value
    end,
    __newindex = function(self, name, value)
      seen[name] = true
      rawset(self, name, value)
    end,
  })
  texts_of[variables] = texts
  return variables
end

function sloth.hold(name, text)
  held[name], of_all[name] = sloth.decode(text), nil
end

local function groups()
  if of_all.groups == nil then
    of_all.groups = {}
    for name, text in next, held.groups or {} do of_all.groups[name] = sloth.decode(text) end
  end
  return of_all.groups
end

-- A table that is another one at any time: data() gives it, extra the names that are not data.
local function stand_in(name, data, extra, call)
  local proxy = setmetatable({}, {
    __name = name,
    __metatable = false,
    __call = call,
    __index = function(_, key)
      local value = data()[key]
      if value == nil and extra then return extra[key] end
      return value
    end,
    __newindex = function(_, key, value) data()[key] = value end,
    __pairs = function() return next, opened(data()), nil end,
    __len = function() return #data() end,
  })
  sloth.stand_ins[proxy] = function() return opened(data()) end
  return proxy
end

local function variables()
  local call = current()
  if not call.vars then
    local context = call.context
    call.vars = context.held and unopened(held[context.held]) or sloth.decode(call.vars_text)
    for name, value in next, context.own or {} do call.vars[name] = value end
  end
  return call.vars
end

local function values()
  return options.values
end

env.vars = stand_in("vars", variables)
env.params = stand_in("params", function()
  if is_loading() then return of_a_host("params", sloth.caller_line()) end
  return current().context.params
end)
env.values = stand_in("values", values, {
  get = function(path, default)
    local found = values()
    for key in gmatch(path, "[^.]+") do
      if type(found) ~= "table" then return default end
      local value = found[key]
      if value == nil then value = found[tointeger(key)] end
      found = value
    end
    if found == nil then return default end
    return found
  end,
}, function(_, defaults)
  sloth.set_values(defaults, sloth.caller_line())
  return env.values
end)

-- Facts are asked for when they are used, once in the life of the VM.
local facts = {}

local function fact(name)
  if is_loading() then return of_a_host("facts." .. name, sloth.caller_line()) end
  if facts[name] == nil then
    facts[name] = sloth.request("facts", "get", encode_all(name), "{}", sloth.caller_line())
  end
  return facts[name]
end

-- facts.get("os") is facts.os; the other forms give tables: get of several names, all, names.
local function facts_by_call(action, ...)
  if action == "get" and select("#", ...) == 1 and type((...)) == "string" then return fact((...)) end
  if is_loading() then of_a_host("facts." .. action) end
  return call_action("facts", action, sloth.caller_line(), ...)
end

env.facts = setmetatable({}, {
  __name = "facts",
  __metatable = false,
  __index = function(_, name)
    sloth.remember_line()
    if type(name) ~= "string" then return nil end
    if name == "get" or name == "all" or name == "names" then
      return function(...) return facts_by_call(name, ...) end
    end
    if find(name, "^get_.") then
      return function() return fact(sub(name, 5)) end
    end
    return fact(name)
  end,
})

-- Secrets likewise. secrets.get(name) is secrets.name, for names that are made up or have a dash.
local secrets = {}

local function secret(name, where)
  if type(name) ~= "string" then fail("secrets.get wants the name of a secret", where) end
  if is_loading() then return of_a_host("secrets." .. name, where) end
  if secrets[name] == nil then
    local value, why = sloth.request("secrets", "get", encode_all(name), "{}", where)
    if value == nil then fail(why, where) end
    secrets[name] = value
  end
  return secrets[name]
end

env.secrets = setmetatable({}, {
  __name = "secrets",
  __metatable = false,
  __index = function(_, name)
    sloth.remember_line()
    if name == "get" then return function(wanted) return secret(wanted, sloth.caller_line()) end end
    return secret(name, sloth.caller_line())
  end,
})

local OF_A_HOST = { inventory_hostname = true, groups = true }

-- Modules of the Go sloth-runner that are not there: files that call them load, and the calls say so.
local absent = {}
for name in gmatch(sloth.absent, "%S+") do absent[name] = native_module(name) end
sloth.absent_modules = absent

setmetatable(env, {
  __metatable = false,
  __index = function(_, name)
    if not OF_A_HOST[name] then return sloth.lua_module(name) or absent[name] end
    if is_loading() then return of_a_host(name, sloth.caller_line()) end
    if name == "groups" then return groups() end
    return current().context[name]
  end,
})

-- notify, os.getenv ---------------------------------------------------------------------------

function env.notify(...)
  if is_loading() then return noted("notify", sloth.caller_line()) end
  sloth.request("task", "notify", encode_all(...), "{}", sloth.caller_line())
end

-- What is due runs now, as at the end. It may itself be the command of a task.
function env.flush_handlers()
  if is_loading() then return noted("flush_handlers", sloth.caller_line()) end
  sloth.request("task", "flush_handlers", "[]", "{}", sloth.caller_line())
end

function env.export(outputs)
  local where = sloth.caller_line()
  if is_loading() then return noted("export", where) end
  sloth.request("task", "export", "[]", encode(sloth.data(outputs, "export", where)), where)
end

function env.os.getenv(name)
  if type(name) ~= "string" then error("bad argument #1 to 'getenv' (string expected)", 2) end
  local load = current().load
  if load then load.environ[name] = true end
  return options.environ[name]
end

for name in gmatch(sloth.modules, "%S+") do
  if rawget(env, name) == nil then env[name] = native_module(name) end
end

sloth.options = options
