-- workflow.define, handler and role: what a file declares beside its tasks.
local sloth = ...

local ipairs, next, setmetatable, tostring, type = ipairs, next, setmetatable, tostring, type
local concat, sort = table.concat, table.sort
local builder, data, env, expect, fail, list = sloth.builder, sloth.data, sloth.env, sloth.expect, sloth.fail, sloth.list
local mismatch, names, near, place, specs = sloth.mismatch, sloth.names, sloth.near, sloth.place, sloth.specs

local function at_top_level(what, where)
  if sloth.current().load == nil then fail(what .. " belongs to the top level of a file", where) end
end

-- Handlers and roles --------------------------------------------------------------------------

function env.handler(name, fn)
  local where = sloth.caller_line()
  at_top_level("handler()", where)
  name = expect(name, "string", "handler", where)
  local file, line = place(where)
  local spec = {
    kind = "handler", name = name, file = file, line = line,
    command = expect(fn, "function", "handler '" .. name .. "'", where),
  }
  local handlers = sloth.scope().handlers
  handlers[#handlers + 1] = spec
  return builder("handler", name, {}, spec)
end

local function make_role(name, vars, where)
  return {
    kind = "role", role = expect(name, "string", "role", where),
    vars = vars == nil and {} or data(vars, "the variables of a role", where),
  }
end

function env.role(name, vars)
  local where = sloth.caller_line()
  local spec = make_role(name, vars, where)
  return builder("role", spec.role, {}, spec)
end

-- "name", { role = "name", vars = {…} } or role("name", {…})
local function as_role(value, where)
  if type(value) == "string" then return make_role(value, nil, where) end
  if type(value) ~= "table" then mismatch("a role", "a name or { role = …, vars = … }", value, where) end
  local spec = specs[value]
  if spec and spec.kind == "role" then return spec end
  for key in next, value do
    if key ~= "role" and key ~= "vars" then
      fail("roles: unknown key " .. tostring(key) .. near(tostring(key), { role = true, vars = true }), where)
    end
  end
  return make_role(value.role, value.vars, where)
end

-- The workflow's parts ------------------------------------------------------------------------

local methods = {}

for _, name in ipairs { "description", "version", "workdir" } do
  methods[name] = function(spec, where, value) spec[name] = expect(value, "string", name, where) end
end

for _, name in ipairs { "on_start", "on_task_start", "on_task_complete", "on_complete" } do
  methods[name] = function(spec, where, value) spec.hooks[name] = expect(value, "function", name, where) end
end

function methods.hosts(spec, where, ...) spec.hosts = concat(names("hosts", where, ...), ",") end
function methods.variables(spec, where, value) spec.variables = data(value, "variables", where) end

local function objects(value, kind, what, where)
  if type(value) ~= "table" or specs[value] or not sloth.length(value) then
    mismatch(what, "a list of " .. what, value, where)
  end
  local found = {}
  for i, item in ipairs(value) do
    local spec = specs[item]
    if not spec or spec.kind ~= kind then
      fail(what .. ": item " .. tostring(i) .. " is not made by " .. kind .. "(…)", where)
    end
    found[i] = spec
  end
  return found
end

function methods.tasks(spec, where, value) spec.tasks = objects(value, "task", "tasks", where) end
function methods.handlers(spec, where, value) spec.handlers = objects(value, "handler", "handlers", where) end

function methods.roles(spec, where, value)
  if type(value) ~= "table" or specs[value] or not sloth.length(value) then
    mismatch("roles", "a list of names or of { role = …, vars = … }", value, where)
  end
  spec.roles = list()
  for i, item in ipairs(value) do spec.roles[i] = as_role(item, where) end
end

function methods.config(spec, where, value) spec.config = data(value, "config", where) end

function methods.build() end -- a workflow is registered once it is defined

local function define(name, parts)
  local where = sloth.caller_line()
  at_top_level("workflow.define()", where)
  name = expect(name, "string", "workflow.define", where)
  local file, line = place(where)
  local spec = {
    kind = "workflow", name = name, file = file, line = line, hooks = {}, roles = list(), config = {}, variables = {},
    tasks = {}, handlers = {},
  }
  local defined = sloth.scope().workflows
  if defined == nil then fail("a role defines tasks and handlers, no workflow", where) end
  defined[#defined + 1] = spec
  local object = builder("workflow", name, methods, spec)
  if parts == nil then return object end
  expect(parts, "table", "workflow '" .. name .. "'", where)
  local keys = {}
  for key in next, parts do keys[#keys + 1] = tostring(key) end
  sort(keys)
  for _, key in ipairs(keys) do
    if key == "build" or not methods[key] then
      fail("workflow '" .. name .. "': unknown key " .. key .. near(key, methods), where)
    end
    methods[key](spec, where, parts[key])
  end
  return object
end

local entries = { define = define }

env.workflow = setmetatable({}, {
  __name = "workflow",
  __metatable = false,
  __index = function(_, key)
    sloth.remember_line()
    if not entries[key] then
      fail("unknown workflow." .. tostring(key) .. near(tostring(key), entries), sloth.current().seen)
    end
    return entries[key]
  end,
})
