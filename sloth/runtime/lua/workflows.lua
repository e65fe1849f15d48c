-- Workflows, handlers and roles: what a file declares beside its tasks.
local sloth = ...

local ipairs, next, rawget, select, tostring, type = ipairs, next, rawget, select, tostring, type
local builder, data, env, expect, fail, list = sloth.builder, sloth.data, sloth.env, sloth.expect, sloth.fail, sloth.list
local flag, mismatch, names, near = sloth.flag, sloth.mismatch, sloth.names, sloth.near
local place, plain, specs = sloth.place, sloth.plain, sloth.specs

local function at_top_level(what, where)
  if sloth.current().load == nil then fail(what .. " belongs to the top level of a file", where) end
end

-- Handlers and roles --------------------------------------------------------------------------

local handler_methods = {}

-- Topics: what else it can be notified by, as can others.
function handler_methods.listen(spec, where, ...) spec.listen = names("listen", where, ...) end

function handler_methods.build() end -- it is known from the start

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
  return builder("handler", name, handler_methods, spec)
end

local function make_role(name, vars, where)
  return {
    kind = "role", role = expect(name, "string", "role", where), tags = list(),
    vars = vars == nil and {} or data(vars, "the variables of a role", where),
  }
end

local role_methods = {}

-- All of its tasks have these, and those of the roles that it needs.
function role_methods.tags(spec, where, ...) spec.tags = names("tags", where, ...) end

function env.role(name, vars)
  local where = sloth.caller_line()
  local spec = make_role(name, vars, where)
  return builder("role", spec.role, role_methods, spec)
end

local ROLE_KEYS = { role = true, vars = true, tags = true }

-- "name", { role = "name", vars = {…}, tags = {…} } or role("name", {…}):tags(…)
local function as_role(value, where)
  if type(value) == "string" then return make_role(value, nil, where) end
  if type(value) ~= "table" then mismatch("a role", "a name or { role = …, vars = …, tags = … }", value, where) end
  local spec = specs[value]
  if spec and spec.kind == "role" then return spec end
  for key in next, value do
    if not ROLE_KEYS[key] then
      fail("roles: unknown key " .. tostring(key) .. near(tostring(key), ROLE_KEYS), where)
    end
  end
  local made = make_role(value.role, value.vars, where)
  if value.tags ~= nil then role_methods.tags(made, where, value.tags) end
  return made
end

-- The tasks of a workflow: built ones, their names, tables, or a mix -----------------------------

-- A name stands for a task that may be built further below: it is looked up when all are known.
local function named_task(name, where)
  return { kind = "name of a task", name = name, where = where }
end

function sloth.find_named_tasks(scope)
  local built = {}
  for _, spec in ipairs(scope.tasks) do built[spec.name] = spec end
  for _, workflow in ipairs(scope.workflows or {}) do
    for i, spec in ipairs(workflow.tasks) do
      if spec.kind ~= "task" then
        if not built[spec.name] then
          fail("tasks: there is no task '" .. spec.name .. "'" .. near(spec.name, built), spec.where)
        end
        workflow.tasks[i] = built[spec.name]
      end
    end
  end
end

local function as_task(number, value, where)
  local spec = specs[value]
  if spec and spec.kind == "task" then return spec end
  value = sloth.text_of(value)
  if type(value) == "string" then return named_task(value, where) end
  local what = "tasks: item " .. tostring(number)
  if spec or type(value) ~= "table" then mismatch(what, "a task", value, where) end
  local name = sloth.text_of(rawget(value, "name"))
  if type(name) ~= "string" then fail(what .. " has no name", where) end
  return sloth.task_of_table(name, value, sloth.written(value, name, where))
end

local function is_plain_table(value)
  return type(value) == "table" and not specs[value] and sloth.text_of(value) == value
end

-- Items in their order, then what has names for keys in the order of the source.
local function tasks_of(value, where)
  if not is_plain_table(value) then mismatch("tasks", "a list or a table of tasks", value, where) end
  local found = {}
  for i, item in ipairs(value) do found[i] = as_task(i, item, where) end
  local file, line = place(where)
  for _, entry in ipairs(sloth.in_source_order(value, sloth.text_of_file(file), line)) do
    local item = value[entry.key]
    local spec = specs[item]
    if not (spec and spec.kind == "task") then
      spec = sloth.task_of_table(entry.key, item, file .. ":" .. tostring(entry.line))
    end
    found[#found + 1] = spec
  end
  return found
end

-- The workflow's parts ------------------------------------------------------------------------

local methods = {}

for _, name in ipairs { "description", "version", "workdir" } do
  methods[name] = function(spec, where, value) spec[name] = expect(value, "string", name, where) end
end

for _, name in ipairs { "on_start", "on_task_start", "on_task_complete", "on_complete" } do
  methods[name] = function(spec, where, value) spec.hooks[name] = expect(value, "function", name, where) end
end

function methods.tags(spec, where, ...) spec.tags = names("tags", where, ...) end
function methods.hosts(spec, where, ...) spec.hosts = sloth.host_pattern("hosts", where, ...) end
function methods.variables(spec, where, value) spec.variables = data(value, "variables", where) end
function methods.metadata(spec, where, value) spec.metadata = plain(value, "metadata", where) end
function methods.delegate_to(spec, where, value) spec.delegate_to = sloth.delegation(value, "delegate_to", where) end

function methods.create_workdir_before_run(spec, where, value)
  spec.create_workdir = flag(value, "create_workdir_before_run", where)
end

function methods.clean_workdir_after_run(spec, where, value)
  if type(value) ~= "function" then value = flag(value, "clean_workdir_after_run", where) end
  spec.clean_workdir = value
end

-- A list, or its items one by one.
local function listed(value, ...)
  if select("#", ...) > 0 or specs[value] then return { value, ... } end
  return value
end

function methods.tasks(spec, where, ...) spec.tasks = tasks_of(listed(...), where) end

function methods.handlers(spec, where, ...)
  local value = listed(...)
  if not is_plain_table(value) or not sloth.length(value) then
    mismatch("handlers", "a list of handlers", value, where)
  end
  spec.handlers = {}
  for i, item in ipairs(value) do
    local handler = specs[item]
    if not handler or handler.kind ~= "handler" then
      fail("handlers: item " .. tostring(i) .. " is not made by handler(…)", where)
    end
    spec.handlers[i] = handler
  end
end

function methods.roles(spec, where, value)
  if not is_plain_table(value) or not sloth.length(value) then
    mismatch("roles", "a list of names or of { role = …, vars = …, tags = … }", value, where)
  end
  spec.roles = list()
  for i, item in ipairs(value) do spec.roles[i] = as_role(item, where) end
end

local IN_CONFIG = { "create_workdir_before_run", "clean_workdir_after_run" }

function methods.config(spec, where, value)
  expect(value, "table", "config", where)
  local settings = {}
  for key, item in next, value do settings[key] = item end
  for _, key in ipairs(IN_CONFIG) do -- these may be functions, and stand here or beside the tasks
    if settings[key] ~= nil then methods[key](spec, where, settings[key]) end
    settings[key] = nil
  end
  spec.config = data(settings, "config", where)
end

function methods.build() end -- a workflow is registered once it is defined

local function apply(spec, parts, where)
  for _, key in ipairs(sloth.sorted_keys(parts)) do
    if key ~= "name" then
      if key ~= "build" and methods[key] then
        methods[key](spec, where, parts[key])
      else
        sloth.unknown_key("workflow '" .. spec.name .. "'", key, methods, where)
      end
    end
  end
  if parts[1] ~= nil and parts.tasks == nil then -- { description = …, task, task }
    local items = {}
    for i, item in ipairs(parts) do items[i] = item end
    methods.tasks(spec, where, items)
  end
end

local function new_workflow(name, where)
  local file, line = place(where)
  return {
    kind = "workflow", name = name, file = file, line = line, hooks = {}, roles = list(), config = {}, variables = {},
    tasks = {}, handlers = {}, tags = list(),
  }
end

-- what: the form that is used, for messages
local function define(what, name, parts, where)
  at_top_level(what, where)
  name = expect(name, "string", what, where)
  local spec = new_workflow(name, where)
  local defined = sloth.scope().workflows
  if defined == nil then fail("a role defines tasks and handlers, no workflow", where) end
  defined[#defined + 1] = spec
  if parts ~= nil then apply(spec, expect(parts, "table", "workflow '" .. name .. "'", where), where) end
  return builder("workflow", name, methods, spec)
end

-- The same name again goes on with what it named before.
local function defined_before(name)
  for _, spec in ipairs(sloth.scope().workflows or {}) do
    if spec.name == name then return spec end
  end
  return nil
end

sloth.define, sloth.defined_before, sloth.new_workflow, sloth.fill_workflow = define, defined_before, new_workflow, apply
sloth.workflow_methods, sloth.at_top_level = methods, at_top_level
