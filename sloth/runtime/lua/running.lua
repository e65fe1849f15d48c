-- Running a closure: what it is called with, by the names of its parameters, and what comes of it.
local sloth = ...

local ipairs, rawequal, rawget, tostring, type, unpack = ipairs, rawequal, rawget, tostring, type, table.unpack
local current, encode, encode_all, text_of = sloth.current, sloth.encode, sloth.encode_all, sloth.text_of

-- this ----------------------------------------------------------------------------------------

local function workdir(path)
  if type(path) ~= "string" or path == "" then return nil end
  local function change(action)
    return (sloth.request("file_ops", action, "[]", encode({ path = path }), sloth.caller_line()))
  end
  return sloth.as_text({
    path = path,
    get = function() return path end,
    exists = function()
      return (sloth.request("fs", "exists", "[]", encode({ path = path }), sloth.caller_line()))
    end,
    ensure = function() return change("directory") end,
    cleanup = function() return change("absent") end,
    recreate = function()
      change("absent")
      return change("directory")
    end,
  }, "path")
end

local function make_this(call, given)
  local this = { name = given.name, agent = given.agent, workdir = workdir(given.workdir) }
  call.names = {}
  for _, text in ipairs { given.name or "", given.agent or "", given.workdir or "" } do call.names[text] = true end
  return this
end

-- What a function returns; of a command or request that did not succeed, that, and what it has said.
function sloth.judged(...)
  local first = ...
  if type(first) ~= "table" or rawequal(text_of(first), first) or rawget(first, "success") ~= false then return ... end
  local code, status = rawget(first, "exit_code"), rawget(first, "status")
  if not code then return false, status and "status " .. tostring(status) or nil end
  local said = { exit_code = code, stdout = rawget(first, "stdout"), stderr = rawget(first, "stderr") }
  return false, "exit code " .. tostring(code), said
end

local function returned(call, ...)
  if call.files then sloth.close_files(call) end
  if call.handles then sloth.tell_unheard(call) end
  return encode_all(sloth.judged(...))
end

local THIS = { this = true, self = true, t = true, ctx = true, task = true }

local function invoke(fn, this, params, ...)
  if THIS[sloth.first_parameter(fn)] then return fn(this, params, ...) end
  return fn(params, ...)
end

-- Call a function as the command of a task of that name, within another one.
function sloth.as_task(fn, name, params)
  local call = current()
  local context = call.context or {}
  local within = context.this or {}
  call.names = call.names or {}
  call.names[name] = true
  local this = { name = name, agent = within.agent, workdir = workdir(within.workdir) }
  return sloth.judged(invoke(fn, this, params or context.params or {}, context.deps or {}, context.session or {}))
end

-- Run closure `fn` as the context says; its values as JSON.
local function run(fn, context_text, vars_text)
  local call = current()
  local context = sloth.decode(context_text)
  local params = context.params or {}
  context.params = params
  call.context, call.vars_text = context, vars_text
  local extra = context.extra or { context.deps or {}, context.session or {} }
  extra[1] = sloth.as_named(extra[1])
  if context.style == "plain" then return returned(call, fn(unpack(extra, 1, #extra))) end
  local this = make_this(call, context.this or {})
  return returned(call, invoke(fn, this, params, unpack(extra, 1, #extra)))
end

sloth.run = run
