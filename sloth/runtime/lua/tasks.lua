-- Tasks: built by methods, task("name"):command(…):build(), or written as tables, whose keys are the same words.
-- Wrong names and types are errors here, with their line.
local sloth = ...

local ipairs, next, pairs, pcall, rawequal, setmetatable, tostring, type =
  ipairs, next, pairs, pcall, rawequal, setmetatable, tostring, type
local find, match, math_type, tointeger = string.find, string.match, math.type, math.tointeger
local env, expect, fail, list, mismatch = sloth.env, sloth.expect, sloth.fail, sloth.list, sloth.mismatch
local data, duration, flag, names, near = sloth.data, sloth.duration, sloth.flag, sloth.names, sloth.near
local place, specs, string_or_function, text_of = sloth.place, sloth.specs, sloth.string_or_function, sloth.text_of

-- Methods: (spec, where, values…). A spec holds what was said, and nothing else. ----------------

local methods = {}

local function text(value, what, where) return expect(value, "string", what, where) end
local function closure(value, what, where) return expect(value, "function", what, where) end

-- What decides about a result: a shell string, a function, or plainly true or false.
local function decision(value, what, where)
  if type(value) == "boolean" then return value end
  return string_or_function(value, what, where)
end

local function plain(value, what, where)
  local ok, encoded = pcall(sloth.encode, value)
  if not ok then fail(what .. ": " .. encoded, where) end
  return sloth.decode(encoded)
end

-- Who runs a task for others: a name, a list, a table that says how to choose, or a function.
local function delegation(value, what, where)
  value = text_of(value)
  if specs[value] or (type(value) ~= "string" and type(value) ~= "table" and type(value) ~= "function") then
    mismatch(what, "a host, a list, a table or a function", value, where)
  end
  if type(value) == "function" then return value end
  if type(value) == "string" or value.choose == nil then return plain(value, what, where) end
  local data_alone = {}
  for key, item in next, value do data_alone[key] = item end
  data_alone.choose = nil
  local checked = plain(data_alone, what, where)
  checked.choose = closure(value.choose, what .. ": choose", where)
  return checked
end

-- How many hosts at a time: a number, a percentage, or a list of them.
local function sizes(value, what, where)
  local given = plain(value, what, where)
  for _, one in ipairs(type(given) == "table" and sloth.length(given) and given or { given }) do
    if not tointeger(one) and (type(one) ~= "string" or not match(one, "^%d+%%?$")) then
      mismatch(what, 'a number of hosts or a percentage such as "25%"', one, where)
    end
  end
  return given
end

for name, check in pairs {
  description = text, workdir = text, category = text, register = text, timeout = duration,
  command = string_or_function, run_if = string_or_function, abort_if = string_or_function,
  changed_if = decision, failed_if = decision, params = data,
  pre_hook = closure, post_hook = closure, on_success = closure, on_failure = closure, on_retry = closure,
  on_timeout = closure, on_skip = closure, on_complete = closure,
  async = flag, ignore_errors = flag, stream = flag, run_once = flag, delegate_to = delegation,
  serial = sizes,
} do
  methods[name] = function(spec, where, value) spec[name] = check(value, name, where) end
end

for _, name in ipairs { "tags", "depends_on", "notify", "artifacts", "consumes", "next_if_fail", "secrets" } do
  methods[name] = function(spec, where, ...) spec[name] = names(name, where, ...) end
end

for _, name in ipairs { "ai_optimization", "learning_mode" } do
  methods[name] = function(spec, where, value)
    spec.metadata = spec.metadata or {}
    if value == nil then value = true end
    spec.metadata[name] = plain(value, name, where)
  end
end

for synonym, name in pairs {
  run = "command", condition = "run_if", on_fail = "on_failure", pre_exec = "pre_hook", post_exec = "post_hook",
} do
  methods[synonym] = methods[name]
end

function methods.shell(spec, where, value) spec.command = expect(value, "string", "shell", where) end

function methods.hosts(spec, where, ...) spec.hosts = sloth.host_pattern("hosts", where, ...) end

-- The outputs that a task promises: names, or a table whose keys are the names.
function methods.outputs(spec, where, value, ...)
  if type(value) == "table" and not specs[value] and not sloth.length(value) then value = sloth.sorted_keys(value) end
  spec.outputs = names("outputs", where, value, ...)
end

function methods.env(spec, where, value)
  spec.env = data(value, "env", where)
  for key, item in next, spec.env do
    if type(item) == "table" then mismatch("env: " .. key, "a string", item, where) end
    spec.env[key] = tostring(item)
  end
end

local STRATEGIES = { fixed = true, linear = true, exponential = true }

local function retries_of(spec)
  spec.retries = spec.retries or {}
  return spec.retries
end

local retry_keys = {
  count = function(retries, where, value)
    local count = math_type(value) and tointeger(value)
    if not count or count < 0 then mismatch("retries", "a whole number from 0", value, where) end
    retries.count = count
  end,
  strategy = function(retries, where, value)
    text(value, "the strategy of retries", where)
    if not STRATEGIES[value] then fail("unknown retry strategy '" .. value .. "'" .. near(value, STRATEGIES), where) end
    retries.strategy = value
  end,
  delay = function(retries, where, value) retries.delay = duration(value, "retry_delay", where) end,
  max_delay = function(retries, where, value) retries.max_delay = duration(value, "max_retry_delay", where) end,
}

function methods.retries(spec, where, count, strategy)
  local retries = retries_of(spec)
  if type(count) == "table" and not specs[count] and sloth.length(count) ~= 0 then
    for _, key in ipairs(sloth.sorted_keys(count)) do
      if not retry_keys[key] then fail("retries: unknown key " .. key .. near(key, retry_keys), where) end
      retry_keys[key](retries, where, count[key])
    end
    return
  end
  retry_keys.count(retries, where, count)
  if strategy ~= nil then retry_keys.strategy(retries, where, strategy) end
end

function methods.retry_delay(spec, where, value) retry_keys.delay(retries_of(spec), where, value) end
function methods.max_retry_delay(spec, where, value) retry_keys.max_delay(retries_of(spec), where, value) end

function methods.become(spec, where, value)
  value = text_of(value)
  if value == nil then value = true end
  if type(value) ~= "boolean" and type(value) ~= "string" then mismatch("become", "true, false or a user", value, where) end
  spec.become = value
end

function methods.user(spec, where, value) spec.become = expect(value, "string", "user", where) end

-- Another task whose settings this one starts from: its name, what was built, or a table. Looked up when all is known.
function methods.uses(spec, where, value)
  value = text_of(value)
  local other = specs[value]
  if type(value) ~= "string" and not (other and other.kind == "task") and (other or type(value) ~= "table") then
    mismatch("uses", "a task, its name or its table", value, where)
  end
  spec.uses = { spec = other, value = value, where = where }
end

function methods.build(spec)
  if spec.built then return end
  spec.built = true
  local built = sloth.scope().tasks
  built[#built + 1] = spec
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

local function new_spec(name, where)
  local file, line = place(where)
  return { kind = "task", name = name, file = file, line = line }
end

-- Tables --------------------------------------------------------------------------------------

local METHODS_ONLY = { build = true, shell = true }

local function apply(spec, value, where)
  for _, key in ipairs(sloth.sorted_keys(value)) do
    if key ~= "name" then
      if methods[key] and not METHODS_ONLY[key] then
        methods[key](spec, where, value[key])
      else
        sloth.unknown_key("task '" .. spec.name .. "'", key, methods, where)
      end
    end
  end
  return spec
end

-- A task as a table, or as its command alone.
local function task_of_table(name, value, where)
  local spec = new_spec(name, where)
  value = text_of(value)
  if type(value) == "table" then return apply(spec, value, where) end
  spec.command = string_or_function(value, "task '" .. name .. "'", where)
  return spec
end

-- task("n"), which :build() ends; or the whole of it at once: task("n", {…}), task("n", fn), task({ name = "n", … }).
function env.task(name, settings)
  local where = sloth.caller_line()
  if sloth.current().load == nil then fail("task() declares a task: it belongs to the top level of a file", where) end
  if type(name) == "table" and settings == nil and not specs[name] and rawequal(text_of(name), name) then
    name, settings = name.name, name
  end
  name = expect(name, "string", "task", where)
  if not find(name, "%S") then fail("a task needs a name", where) end
  if settings == nil then return builder("task", name, methods, new_spec(name, where)) end
  local spec = task_of_table(name, settings, where)
  methods.build(spec)
  return builder("task", name, methods, spec)
end

-- What `uses` brings: settings of the other task where this one says nothing; params are merged. ---

local IDENTITY = { kind = true, name = true, file = true, line = true, built = true, uses = true }

local function used_task(uses, built)
  local value = uses.value
  if uses.spec then return uses.spec end
  if type(value) == "string" then
    if not built[value] then fail("uses: there is no task '" .. value .. "'" .. near(value, built), uses.where) end
    return built[value]
  end
  return task_of_table(text_of(value.name) or "used", value, uses.where)
end

-- A spec with all that it uses in it. built: name → spec.
local function complete(spec, built, depth)
  if spec.uses == nil then return spec end
  depth = depth or 0
  if depth > 20 then fail("uses: tasks use each other in a circle", spec.uses.where) end
  local base = complete(used_task(spec.uses, built), built, depth + 1)
  local merged = {}
  for key, value in next, base do
    if not IDENTITY[key] then merged[key] = value end
  end
  for key, value in next, spec do merged[key] = value end
  for _, key in ipairs { "params", "retries" } do
    if base[key] and spec[key] then
      merged[key] = {}
      for _, from in ipairs { base[key], spec[key] } do
        for name, value in next, from do merged[key][name] = value end
      end
    end
  end
  merged.uses = nil
  return merged
end

-- A task as plain data: what was said, and defaults for what every task has.
local function declared_task(spec, built)
  local task = { tags = list(), depends_on = list(), notify = list(), env = {}, params = {}, ignore_errors = false }
  for key, value in next, complete(spec, built) do task[key] = value end
  local retries = { count = 0 }
  for key, value in next, task.retries or {} do retries[key] = value end
  task.retries, task.become = retries, task.become or nil
  task.kind, task.built, task.uses = nil, nil, nil
  return task
end

sloth.builder, sloth.task_of_table, sloth.declared_task = builder, task_of_table, declared_task
sloth.plain, sloth.closure, sloth.delegation = plain, closure, delegation
