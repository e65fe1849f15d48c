-- Evaluating files: the entry, what it imports, its roles; and the declarations as plain data.
local sloth = ...
local options = sloth.options

local ipairs, next, tostring, type = ipairs, next, tostring, type
local byte, find, gmatch, gsub, match, sub =
  string.byte, string.find, string.gmatch, string.gsub, string.match, string.sub
local concat, sort = table.concat, table.sort
local load = load
local encode, env, fail, list = sloth.encode, sloth.env, sloth.fail, sloth.list

local loaded = {} -- names of the globals that were there when the load was done
local closures = {} -- number → function, in the order of the program

-- Scopes: where tasks and handlers gather, one for the files of the workflow, one for each role. --

function sloth.scope()
  return sloth.current().load.scope
end

function sloth.warn(text, where)
  local warnings = sloth.current().load.warnings
  warnings[#warnings + 1] = (where ~= "" and where .. ": " or "") .. text
end

-- Paths ---------------------------------------------------------------------------------------

local function folder(path)
  return match(path, "^(.*)/[^/]*$") or ""
end

-- `relative` as seen from a file, without "." and "..". What leads outside keeps its "..": the
-- reader refuses it.
local function resolve(from, relative)
  local parts = {}
  local whole = folder(from)
  for part in gmatch(whole .. "/" .. relative, "[^/]+") do
    local last = parts[#parts]
    if part == ".." and last and last ~= ".." and not find(last, "^role:") then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return (byte(whole, 1) == 47 and "/" or "") .. concat(parts, "/")
end

-- How people know a file: a role's by its folder.
local function shown_as(path)
  return (gsub(path, "^role:", "roles/"))
end

local paths = {} -- how people know it → path

-- Sources -------------------------------------------------------------------------------------

local function clean(text)
  if sub(text, 1, 3) == "\xEF\xBB\xBF" then text = sub(text, 4) end
  if sub(text, 1, 1) == "#" then text = "--" .. text end
  return text
end

-- Where Lua stops reading is where the token ends that it complains about.
local function position(text, message)
  local consumed = 0
  load(function()
    consumed = consumed + 1
    local char = sub(text, consumed, consumed)
    return char ~= "" and char or nil
  end, "=", "t")
  local near = match(message, "near '(.*)'$")
  local at = consumed
  if near then
    for start = consumed, 1, -1 do
      if sub(text, start, start + #near - 1) == near then
        at = start
        break
      end
    end
  end
  local line, column = 1, at
  for newline in gmatch(sub(text, 1, at - 1), "()\n") do line, column = line + 1, at - newline end
  return line, column
end

local function syntax_error(text, file, message)
  local line, column = position(text, message)
  local where = file .. ":" .. tostring(line)
  sloth.current().syntax = { where = where .. ":" .. tostring(column), text = gsub(message, "^.-:%d+: ", "", 1) }
  fail(sloth.current().syntax.text, where)
end

local function read(path, where)
  return sloth.ask('{"read":' .. encode(path) .. "}", where)
end

local function compile(path, text)
  local file = shown_as(path)
  paths["@" .. file] = path
  text = clean(text)
  local chunk, why = sloth.compile(text, file)
  if chunk == nil then syntax_error(text, file, why) end
  return chunk
end

-- Import and require --------------------------------------------------------------------------

local values = {} -- path → { value of the file }

local function here()
  local stack = sloth.current().importing
  return paths[sloth.caller_file()] or (stack and stack[#stack]) or options.entry
end

local function evaluate(path, text, where)
  local call = sloth.current()
  local stack = call.importing or {} -- innermost last
  call.importing = stack
  for i, open in ipairs(stack) do
    if open == path then fail("import cycle: " .. concat(stack, " → ", i) .. " → " .. path, where) end
  end
  local chunk = compile(path, text)
  stack[#stack + 1] = path
  local value = chunk()
  stack[#stack] = nil
  if value == nil then value = true end
  values[path] = { value }
  return value
end

function env.import(relative)
  local where, from = sloth.caller_line(), here()
  sloth.expect(relative, "string", "import", where)
  local path = resolve(from, relative)
  if values[path] then return values[path][1] end
  local text = read(path, where)
  if text == nil then fail("import: there is no file " .. shown_as(path), where) end
  return (evaluate(path, text, where))
end

function env.require(name)
  local where, from = sloth.caller_line(), here()
  sloth.expect(name, "string", "require", where)
  if type(env[name]) == "table" then return env[name] end
  local relative = gsub(name, "%.", "/") .. ".lua"
  local tried = {}
  for i, place in ipairs { relative, "modules/" .. relative } do
    local path = resolve(from, place)
    if values[path] then return values[path][1] end
    local text = read(path, where)
    if text ~= nil then return (evaluate(path, text, where)) end
    tried[i] = shown_as(path)
  end
  fail("require: there is no module " .. name .. " and no file " .. concat(tried, " or "), where)
end

-- Declarations as plain data ------------------------------------------------------------------

local function reference(fn)
  closures[#closures + 1] = fn
  local file, line = sloth.defined_at(fn)
  return { ["function"] = #closures, file = file, line = line }
end

local SLOTS = { "command", "run_if", "abort_if", "on_success", "on_failure" }

local function declared_task(spec)
  local task = {}
  for key, value in next, spec do task[key] = value end
  task.kind, task.built = nil, nil
  for _, slot in ipairs(SLOTS) do
    if type(task[slot]) == "function" then task[slot] = reference(task[slot]) end
  end
  return task
end

local function declared_handler(spec)
  return { name = spec.name, file = spec.file, line = spec.line, command = reference(spec.command) }
end

local function each(specs, declare)
  local declared = {}
  for i, spec in ipairs(specs) do declared[i] = declare(spec) end
  return list(declared)
end

local function declared_workflow(spec)
  local workflow, hooks = {}, {}
  for key, value in next, spec do workflow[key] = value end
  for _, name in ipairs { "on_start", "on_task_start", "on_task_complete", "on_complete" } do
    if spec.hooks[name] then hooks[name] = reference(spec.hooks[name]) end
  end
  workflow.kind = nil
  workflow.hooks = hooks
  workflow.tasks = each(spec.tasks, declared_task)
  workflow.handlers = each(spec.handlers, declared_handler)
  workflow.roles = list()
  for i, role in ipairs(spec.roles) do workflow.roles[i] = { role = role.role, vars = role.vars } end
  return workflow
end

-- Files of the workflow -----------------------------------------------------------------------

local function workflows_of(scope, path)
  if #scope.workflows > 0 or #scope.tasks == 0 then return scope.workflows end
  local name = gsub(match(path, "([^/]*)$"), "%.[^.]*$", "")
  return { {
    kind = "workflow", name = name, file = shown_as(path), line = 1, hooks = {}, roles = list(), config = {},
    variables = {}, tasks = scope.tasks, handlers = scope.handlers,
  } }
end

local function warn_of_mistakes(scope)
  local used = {}
  for _, workflow in ipairs(scope.workflows) do
    for _, task in ipairs(workflow.tasks) do used[task] = true end
  end
  for _, task in ipairs(scope.tasks) do
    if task.command == nil then
      sloth.warn("task '" .. task.name .. "' has no command: it does nothing", task.file .. ":" .. tostring(task.line))
    end
    if #scope.workflows > 0 and not used[task] then
      sloth.warn("task '" .. task.name .. "' is built, but no workflow has it", task.file .. ":" .. tostring(task.line))
    end
  end
end

local function load_role(load_state, name, where)
  local scope, found = { tasks = {}, handlers = {} }, false
  for _, part in ipairs { "handlers", "tasks" } do
    for _, ending in ipairs { ".sloth", ".lua" } do
      local path = "role:" .. name .. "/" .. part .. "/main" .. ending
      local text = read(path, where)
      if text ~= nil then
        load_state.scope, found = scope, true
        evaluate(path, text, where)
        break
      end
    end
  end
  if not found then fail("role '" .. name .. "' has no tasks/main.sloth and no handlers/main.sloth", where) end
  return { tasks = each(scope.tasks, declared_task), handlers = each(scope.handlers, declared_handler) }
end

-- Evaluate the entry and the roles of its workflows; the program as JSON.
local function program()
  local state = { environ = {}, warnings = list(), scope = { tasks = {}, handlers = {}, workflows = {} } }
  local main = state.scope
  sloth.current().load, sloth.current().vars = state, options.vars
  local text = read(options.entry, "")
  if text == nil then fail("there is no workflow file " .. options.entry) end
  evaluate(options.entry, text, "")
  local workflows, roles = list(), {}
  for i, spec in ipairs(workflows_of(main, options.entry)) do workflows[i] = declared_workflow(spec) end
  warn_of_mistakes(main)
  for _, workflow in ipairs(workflows) do
    for _, use in ipairs(workflow.roles) do
      local where = workflow.file .. ":" .. tostring(workflow.line)
      roles[use.role] = roles[use.role] or load_role(state, use.role, where)
    end
  end
  local environ = list()
  for name in next, state.environ do environ[#environ + 1] = name end
  sort(environ)
  for name in next, env do loaded[name] = true end
  return encode { workflows = workflows, roles = roles, environ = environ, warnings = state.warnings }
end

-- What Python calls ---------------------------------------------------------------------------

local function start_load(id, seconds, given)
  for key, value in next, sloth.decode(given) do options[key] = value end
  return sloth.start(id, seconds, program, options.entry)
end

local function start_call(id, seconds, number, context, vars)
  local fn = closures[number]
  local file, line = sloth.defined_at(fn)
  return sloth.start(id, seconds, sloth.run, file .. ":" .. tostring(line), fn, context, vars)
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
