-- The ways in which a file says what it holds, besides task(…): workflow, group, delegate_to, stack, values,
-- TaskDefinitions, test.
local sloth = ...
local options = sloth.options

local sort = table.sort
local ipairs, next, rawequal, rawget, setmetatable, tostring, type =
  ipairs, next, rawequal, rawget, setmetatable, tostring, type
local builder, define, env, expect, fail = sloth.builder, sloth.define, sloth.env, sloth.expect, sloth.fail
local at_top_level, near, specs = sloth.at_top_level, sloth.near, sloth.specs

-- workflow.define(n, {…}), workflow("n"):tasks({…}), workflow("n", {…}), workflow({ name = n, … }) ----

local entries = {}

-- A workflow that is said in one table, its name too.
local function whole(what, parts, where)
  if type(parts) ~= "table" or not rawequal(sloth.text_of(parts), parts) or specs[parts] then return nil end
  return define(what, sloth.text_of(parts.name) or sloth.stem(options.entry), parts, where)
end

function entries.define(name, parts)
  local where = sloth.caller_line()
  return whole("workflow.define", name, where) or define("workflow.define", name, parts, where)
end

local function called(_, name, parts)
  local where = sloth.caller_line()
  local made = whole("workflow", name, where)
  if made then return made end
  at_top_level("workflow()", where)
  local before = type(name) == "string" and sloth.defined_before(name)
  if before and parts == nil then return builder("workflow", name, sloth.workflow_methods, before) end
  return define("workflow", name, parts, where)
end

env.workflow = setmetatable({}, {
  __name = "workflow",
  __metatable = false,
  __call = called,
  __index = function(_, key)
    sloth.remember_line()
    if not entries[key] then
      fail("unknown workflow." .. tostring(key) .. near(tostring(key), entries), sloth.current().seen)
    end
    return entries[key]
  end,
})

-- group "x" {…} and TaskDefinitions = { x = {…} } -------------------------------------------------

function env.group(name, parts)
  local where = sloth.caller_line()
  at_top_level("group()", where)
  if parts ~= nil then return define("group", name, parts, where) end
  expect(name, "string", "group", where)
  return function(given)
    return define("group", name, expect(given, "table", "group '" .. name .. "'", where), where)
  end
end

-- Groups are known at the end of the file, and stand among its other workflows where they were written.
local function by_line(workflows, file)
  local numbers = {}
  for i, spec in ipairs(workflows) do
    if spec.file ~= file then return end -- lines of several files tell no order
    numbers[spec] = i
  end
  sort(workflows, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    return numbers[a] < numbers[b]
  end)
end

-- What the global of that name held when the file was evaluated: each entry is a workflow.
function sloth.define_groups()
  local groups = rawget(env, "TaskDefinitions")
  if groups == nil then return end
  local file = sloth.shown_as(options.entry)
  expect(groups, "table", "TaskDefinitions", file .. ":1")
  for _, entry in ipairs(sloth.in_source_order(groups, sloth.text_of_file(file), 1)) do
    local where = file .. ":" .. tostring(entry.line)
    define("TaskDefinitions", entry.key, expect(groups[entry.key], "table", "group '" .. entry.key .. "'", where), where)
  end
  for i, parts in ipairs(groups) do
    local where = file .. ":1"
    local what = "TaskDefinitions: item " .. tostring(i)
    expect(parts, "table", what, where)
    define(what, parts.name, parts, where)
  end
  by_line(sloth.scope().workflows, file)
end

-- delegate_to(x): what the workflows of the file delegate to that say nothing themselves -----------

function env.delegate_to(value)
  local where = sloth.caller_line()
  at_top_level("delegate_to()", where)
  sloth.current().load.delegate_to = sloth.delegation(value, "delegate_to", where)
end

-- stack("n"), values({…}) -------------------------------------------------------------------------

local stack_actions = rawget(env, "stack")

env.stack = setmetatable({}, {
  __name = "stack",
  __metatable = false,
  __call = function(self, name)
    local where = sloth.caller_line()
    at_top_level("stack()", where)
    sloth.current().load.stack = expect(name, "string", "stack", where)
    return self
  end,
  __index = function(_, action)
    sloth.remember_line()
    return stack_actions[action]
  end,
})

-- Defaults of the file lie below what the values files say; lists are one value.
local function beneath(defaults, over)
  local merged = {}
  for key, value in next, defaults do merged[key] = value end
  for key, value in next, over do
    local below = merged[key]
    if type(value) == "table" and type(below) == "table" and not sloth.length(value) and not sloth.length(below) then
      merged[key] = beneath(below, value)
    else
      merged[key] = value
    end
  end
  return merged
end

function sloth.set_values(defaults, where)
  at_top_level("values()", where)
  local load = sloth.current().load
  load.values = beneath(load.values or {}, sloth.data(defaults, "values", where))
  options.values = beneath(load.values, options.values)
end
