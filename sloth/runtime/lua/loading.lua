-- A workflow file as a whole: what it declares as plain data, and what its top level does on a host.
--
-- A file whose top level calls modules is evaluated twice. When it is loaded the calls are only noted; if tasks came of
-- it, or none (then the file is a plain script), a task of its own evaluates the file again on the host, makes the calls,
-- and puts the functions of this second time in the place of the first.
local sloth = ...
local options = sloth.options

local error, ipairs, next, rawget, tostring, type = error, ipairs, next, rawget, tostring, type
local find = string.find
local concat, sort, unpack = table.concat, table.sort, table.unpack
local encode, env, fail, list = sloth.encode, sloth.env, sloth.fail, sloth.list

local loaded = {} -- names of the globals that were there when the load was done
local closures = {} -- number → { function, where }, in the order of the program
local declared -- the workflows of the load, as data

-- Scopes: where tasks and handlers gather, one for the files of the workflow, one for each role. --

function sloth.scope()
  return sloth.current().load.scope
end

function sloth.warn(text, where)
  local warnings = sloth.current().load.warnings
  warnings[#warnings + 1] = (where ~= "" and where .. ": " or "") .. text
end

local function new_state(on_host)
  return {
    on_host = on_host, environ = {}, warnings = list(), calls = {}, said = {}, tests = list(),
    scope = { tasks = {}, handlers = {}, workflows = {} },
  }
end

-- Declarations as plain data ------------------------------------------------------------------

-- owner: what a function of ours stands for, such as flush_handlers, which was written nowhere in the file.
local function reference(fn, owner)
  local file, line, last = sloth.defined_at(fn)
  if owner and not sloth.is_of_script(fn) then file, line, last = owner.file, owner.line, owner.line end
  closures[#closures + 1] = { fn, file .. ":" .. tostring(line) }
  return { ["function"] = #closures, file = file, line = line, last = last }
end

sloth.reference = reference

local SLOTS = {
  "command", "run_if", "abort_if", "changed_if", "failed_if", "pre_hook", "post_hook", "on_success", "on_failure",
  "on_retry", "on_timeout", "on_skip", "on_complete",
}

-- A function that takes a host is asked for each of them.
local function declared_delegation(value)
  if type(value) == "function" then
    local found = reference(value)
    found.per_host = sloth.first_parameter(value) == "host"
    return found
  end
  if type(value) ~= "table" or value.choose == nil then return value end
  local found = {}
  for key, item in next, value do found[key] = item end
  found.choose = reference(value.choose)
  return found
end

local function by_name(specs)
  local found = {}
  for _, spec in ipairs(specs) do found[spec.name] = spec end
  return found
end

local function declared_tasks(specs, built)
  local tasks = list()
  for i, spec in ipairs(specs) do
    local task = sloth.declared_task(spec, built)
    task.delegate_to = declared_delegation(task.delegate_to)
    for _, slot in ipairs(SLOTS) do
      if type(task[slot]) == "function" then task[slot] = reference(task[slot], task) end
    end
    tasks[i] = task
  end
  return tasks
end

local function declared_handlers(specs)
  local handlers = list()
  for i, spec in ipairs(specs) do
    handlers[i] = { name = spec.name, file = spec.file, line = spec.line, command = reference(spec.command, spec),
      listen = spec.listen or list() }
  end
  return handlers
end

-- The tasks that a workflow can name: those of the file that are built, and its own.
local function within_reach(own, built)
  local known = by_name(own)
  for name, spec in next, built do known[name] = spec end
  return known
end

local function declared_workflow(spec, built)
  local workflow, hooks = {}, {}
  for key, value in next, spec do workflow[key] = value end
  for _, name in ipairs { "on_start", "on_task_start", "on_task_complete", "on_complete" } do
    if spec.hooks[name] then hooks[name] = reference(spec.hooks[name]) end
  end
  if type(spec.clean_workdir) == "function" then workflow.clean_workdir = reference(spec.clean_workdir) end
  if spec.delegate_to == nil then spec.delegate_to = sloth.current().load.delegate_to end
  workflow.delegate_to = declared_delegation(spec.delegate_to)
  workflow.kind = nil
  workflow.hooks = hooks
  workflow.tasks = declared_tasks(spec.tasks, within_reach(spec.tasks, built))
  workflow.handlers = declared_handlers(spec.handlers)
  workflow.roles = list()
  for i, role in ipairs(spec.roles) do workflow.roles[i] = { role = role.role, vars = role.vars, tags = role.tags } end
  return workflow
end

local function declared_workflows(scope)
  local workflows, built = list(), by_name(scope.tasks)
  for i, spec in ipairs(scope.workflows) do workflows[i] = declared_workflow(spec, built) end
  return workflows
end

-- The second evaluation, on the host ------------------------------------------------------------

local function relink(old, new, owner)
  for _, slot in ipairs(SLOTS) do
    local before, now = old[slot], new[slot]
    if type(before) == "table" and before["function"] then
      if type(now) ~= "table" or not now["function"] then
        fail(owner .. " has no " .. slot .. " when its file is evaluated on this host")
      end
      closures[before["function"]] = closures[now["function"]]
    end
  end
end

local function relink_all(kind, old, new)
  local found = by_name(new)
  for _, item in ipairs(old) do
    local owner = kind .. " '" .. item.name .. "'"
    if not found[item.name] then
      fail(owner .. " does not exist when its file is evaluated on this host: the top level must not depend on the machine")
    end
    relink(item, found[item.name], owner)
  end
end

local function name_undefined(state)
  if #state.scope.workflows > 0 or #state.scope.tasks == 0 then return end
  local spec = sloth.new_workflow(sloth.stem(options.entry), sloth.shown_as(options.entry) .. ":1")
  spec.tasks, spec.handlers = state.scope.tasks, state.scope.handlers
  state.scope.workflows = { spec }
end

-- Evaluate the entry with its calls made; the values of the file.
local function evaluate_on_host()
  local call = sloth.current()
  local state = new_state(true)
  call.load = state
  sloth.forget_imports()
  local returned = sloth.evaluate(options.entry, sloth.read(options.entry, ""), "")
  sloth.define_groups()
  sloth.find_named_tasks(state.scope)
  local extra = #declared == 0 and (state.scope.workflows[1] or state.scope.tasks[1])
  if extra then
    fail(extra.kind .. " '" .. extra.name .. "' is there only when its file is evaluated on a host: "
      .. "the top level must not depend on the machine", extra.file .. ":" .. tostring(extra.line))
  end
  name_undefined(state)
  local found = by_name(declared_workflows(state.scope))
  for _, workflow in ipairs(declared) do
    if #workflow.tasks > 0 then
      local again = found[workflow.name] or { tasks = {}, handlers = {} }
      relink_all("task", workflow.tasks, again.tasks)
      relink_all("handler", workflow.handlers, again.handlers)
    end
  end
  return unpack(returned, 1, returned.n)
end

local function top_level()
  closures[#closures + 1] = { evaluate_on_host, sloth.shown_as(options.entry) .. ":1" }
  return { ["function"] = #closures, file = sloth.shown_as(options.entry), line = 1 }
end

-- The load ------------------------------------------------------------------------------------

local function warn_of_mistakes(scope)
  local used = {}
  for _, workflow in ipairs(scope.workflows) do
    for _, task in ipairs(workflow.tasks) do used[task] = true end
  end
  for _, task in ipairs(scope.tasks) do
    local where = task.file .. ":" .. tostring(task.line)
    if task.command == nil and task.uses == nil then
      sloth.warn("task '" .. task.name .. "' has no command: it does nothing", where)
    end
    if #scope.workflows > 0 and not used[task] then
      sloth.warn("task '" .. task.name .. "' is built, but no workflow has it", where)
    end
  end
  if options.side == "host" then return end
  if #scope.workflows == 0 then sloth.warn_of_sharing(scope.tasks) end
  for _, workflow in ipairs(scope.workflows) do sloth.warn_of_sharing(workflow.tasks) end
end

-- What a role gives to one that it needs; the workflow's own word wins, and two roles have to agree.
local function give(use, given, giver, where)
  for name, value in next, given do
    local before = use.givers[name]
    if before == nil then
      use.vars[name], use.givers[name] = value, giver
    elseif before ~= "" and encode(use.vars[name]) ~= encode(value) then
      fail("roles '" .. before .. "' and '" .. giver .. "' want different values of " .. name .. " for role '" .. use.role
        .. "': say in the workflow which it is", where)
    end
  end
end

-- Roles in the order in which they run: each once, behind those that it needs.
local function with_dependencies(workflow, where)
  local ordered, uses, open = list(), {}, {}
  for _, use in ipairs(workflow.roles) do
    if uses[use.role] then fail("workflow '" .. workflow.name .. "' has the role '" .. use.role .. "' twice", where) end
    uses[use.role] = use
    use.givers = {}
    for name in next, use.vars do use.givers[name] = "" end
  end
  local taken = {}
  local function take(use)
    for i, name in ipairs(open) do
      if name == use.role then
        fail("roles depend on each other in a circle: " .. concat(open, " → ", i) .. " → " .. name, where)
      end
    end
    if taken[use.role] then return end
    open[#open + 1] = use.role
    use.needs = list()
    for i, need in ipairs(sloth.decode(sloth.read("meta:" .. use.role, where) or "[]")) do
      local other = uses[need.role] or { role = need.role, vars = {}, givers = {}, tags = list(), implied = true }
      uses[need.role] = other
      give(other, need.vars, use.role, where)
      use.needs[i] = need.role
      take(other)
    end
    open[#open], taken[use.role] = nil, true
    ordered[#ordered + 1] = use
  end
  for _, use in ipairs(workflow.roles) do take(use) end
  for _, use in ipairs(ordered) do use.givers = nil end
  return ordered
end

local function load_role(load_state, name, needs_others, where)
  local scope, found = { tasks = {}, handlers = {} }, false
  for _, part in ipairs { "handlers", "tasks" } do
    for _, ending in ipairs { ".sloth", ".lua" } do
      local path = "role:" .. name .. "/" .. part .. "/main" .. ending
      local text = sloth.read(path, where)
      if text ~= nil then
        load_state.scope, found = scope, true
        sloth.evaluate(path, text, where)
        break
      end
    end
  end
  if not found and not needs_others then
    fail("role '" .. name .. "' has no tasks/main.sloth and no handlers/main.sloth", where)
  end
  return { tasks = declared_tasks(scope.tasks, by_name(scope.tasks)), handlers = declared_handlers(scope.handlers) }
end

local function load_roles(state, workflows)
  local roles = {}
  for _, workflow in ipairs(workflows) do
    local where = workflow.file .. ":" .. tostring(workflow.line)
    workflow.roles = with_dependencies(workflow, where)
    for _, use in ipairs(workflow.roles) do
      roles[use.role] = roles[use.role] or load_role(state, use.role, #use.needs > 0, where)
    end
  end
  return roles
end

-- Whether a file whose evaluation ended with this error is a script that only a host can follow: something hung on the
-- result of a call that was not made. A name that nobody knows is a mistake everywhere.
local function needs_a_host(state, why)
  local touched = #state.calls > 0 or state.of_a_host ~= nil
  local is_plain = #state.scope.tasks == 0 and #state.scope.workflows == 0 and rawget(env, "TaskDefinitions") == nil
  local call = sloth.current()
  return touched and is_plain and not call.over and not call.syntax
    and not (type(why) == "string" and find(why, "nil value (global", 1, true))
end

-- Evaluate the entry. A failure is raised as it is, or else the file is a plain script.
local function evaluate_entry(state, text)
  local call = sloth.current()
  local ok, why = sloth.run_apart(sloth.evaluate, options.entry, text, "")
  if ok or needs_a_host(state, why) then
    call.apart = nil
    if not ok then call.importing = nil end
    return
  end
  if state.of_a_host and type(why) == "string" and not call.over and call.failure == nil then
    why, call.raised_at = state.of_a_host.where .. ": " .. state.of_a_host.text, state.of_a_host.where
  end
  sloth.speak(state.said)
  error(why, 0)
end

local function is_script(state)
  local scope = state.scope
  return #scope.workflows == 0 and #scope.tasks == 0 and #state.tests == 0
    and (#state.calls > 0 or state.of_a_host ~= nil or #state.said > 0)
end

local function script(state)
  local spec = sloth.new_workflow(sloth.stem(options.entry), sloth.shown_as(options.entry) .. ":1")
  spec.tasks = { { kind = "task", name = spec.name, file = spec.file, line = 1 } }
  spec.handlers = state.scope.handlers
  state.scope.workflows = { spec }
end

-- Evaluate the entry and the roles of its workflows; the program as JSON.
local function program()
  local state = new_state(false)
  local main = state.scope
  sloth.current().load, sloth.current().vars = state, options.vars
  local text = sloth.read(options.entry, "")
  if text == nil then fail("there is no workflow file " .. options.entry) end
  sloth.load_modules()
  evaluate_entry(state, text)
  sloth.define_groups()
  sloth.find_named_tasks(main)
  local plain = is_script(state)
  if plain then
    script(state)
  else
    if state.of_a_host then fail(state.of_a_host.text, state.of_a_host.where) end
    sloth.speak(state.said)
    warn_of_mistakes(main)
    name_undefined(state)
  end
  declared = declared_workflows(main)
  local top
  if plain then
    declared[1].tasks[1].command = top_level()
  elseif #state.calls > 0 and #declared > 0 then
    top = top_level()
  end
  local roles = load_roles(state, declared)
  sloth.add_environ(state.environ)
  local environ = list()
  for name in next, state.environ do environ[#environ + 1] = name end
  sort(environ)
  for name in next, env do loaded[name] = true end
  local tests, suites = sloth.declared_tests(state.tests)
  local encoded = encode {
    workflows = declared, roles = roles, environ = environ, warnings = state.warnings, tests = tests, suites = suites, top = top,
    values = state.values, stack = state.stack,
  }
  if plain then declared = list() end -- nothing to put functions into
  return encoded
end

-- What Python calls ---------------------------------------------------------------------------

local function start_load(id, seconds, given)
  for key, value in next, sloth.decode(given) do options[key] = value end
  return sloth.start(id, seconds, program, options.entry)
end

local function start_call(id, seconds, number, context, vars)
  local fn, where = unpack(closures[number])
  return sloth.start(id, seconds, sloth.run, where, fn, context, vars)
end

-- After a memory bomb: whatever scripts have put into globals since the load goes.
local function purge()
  for name in next, env do
    if not loaded[name] then env[name] = nil end
  end
end

sloth.start_load, sloth.start_call, sloth.purge = start_load, start_call, purge

-- Only the prelude's own locals still know what the sandbox leaves out.
local outside = _G
for name in next, outside do outside[name] = nil end
