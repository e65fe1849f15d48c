-- Tests: what describe and it gather when a file is loaded, and what a running test asks of whoever runs it.
--
-- A test's functions are closures like those of tasks. What it asks for (to play a task, to mock an action) is a request
-- to the module `test`, which only `sloth test` answers.
local sloth = ...

local error, ipairs, next, rawequal, setmetatable, tostring, type = error, ipairs, next, rawequal, setmetatable, tostring, type
local concat = table.concat
local env, expect, fail, list, near = sloth.env, sloth.expect, sloth.fail, sloth.list, sloth.near
local text_of = sloth.text_of
local test = {}

-- Gathering -----------------------------------------------------------------------------------

local HOOKS = { "before_all", "before_each", "after_each", "after_all" }

local function gathering(what, where)
  local load = sloth.current().load
  if load == nil then fail(what .. " does not belong inside of a test", where) end
  load.suite = load.suite or { name = "", mocks = {} }
  return load
end

function test.describe(name, fn)
  local where = sloth.caller_line()
  local load = gathering("test.describe", where)
  expect(name, "string", "test.describe", where)
  expect(fn, "function", "test.describe '" .. name .. "'", where)
  local around = load.suite
  load.suite = { name = name, around = around, mocks = {} }
  fn()
  load.suite = around
end

-- it("what holds", function) or, as older files have it, it(function).
function test.it(name, fn)
  local where = sloth.caller_line()
  local load = gathering("test.it", where)
  local file, line = sloth.place(where)
  if fn == nil and type(name) == "function" then name, fn = "line " .. tostring(line), name end
  expect(name, "string", "test.it", where)
  expect(fn, "function", "test.it '" .. name .. "'", where)
  load.tests[#load.tests + 1] = { name = name, file = file, line = line, command = fn, suite = load.suite }
end

for _, kind in ipairs(HOOKS) do
  test[kind] = function(fn)
    local where = sloth.caller_line()
    local suite = gathering("test." .. kind, where).suite
    suite[kind] = suite[kind] or {}
    suite[kind][#suite[kind] + 1] = expect(fn, "function", "test." .. kind, where)
  end
end

function test.workflow(path)
  local where = sloth.caller_line()
  gathering("test.workflow", where).suite.workflow = expect(path, "string", "test.workflow", where)
end

-- Mocks ---------------------------------------------------------------------------------------

function test.mock(action, value)
  local where = sloth.caller_line()
  expect(action, "string", "test.mock", where)
  local mock = { action = action, where = where }
  if type(value) == "function" then
    mock.fn = sloth.reference(value)
  else
    mock.value = sloth.plain(value == nil and {} or value, "test.mock '" .. action .. "'", where)
  end
  local load = sloth.current().load
  if load == nil then return sloth.ask_test("mock", sloth.encode_all(mock), where) end
  local mocks = gathering("test.mock", where).suite.mocks
  mocks[#mocks + 1] = mock
end

-- While a test runs ---------------------------------------------------------------------------

function sloth.ask_test(verb, args, where)
  if sloth.current().load ~= nil then fail("test." .. verb .. " belongs into test.it", where) end
  return sloth.request("test", verb, args, "{}", where)
end

for _, verb in ipairs { "run_task", "run_workflow" } do
  test[verb] = function(name, options)
    local where = sloth.caller_line()
    if type(name) == "table" and rawequal(text_of(name), name) then name, options = name.name, name end
    if verb == "run_task" then expect(name, "string", "test.run_task", where) end
    options = sloth.data(options or {}, "the options of test." .. verb, where)
    return sloth.ask_test(verb, sloth.encode_all(name or sloth.null, options), where)
  end
end

function test.calls(action)
  local where = sloth.caller_line()
  return sloth.ask_test("calls", sloth.encode_all(action), where)
end

-- A folder of the test's own, which goes when the test ends.
function test.folder()
  local where = sloth.caller_line()
  return sloth.ask_test("folder", "[]", where)
end

function test.skip(reason)
  error({ skipped = tostring(reason or "") }, 0)
end

env.test = setmetatable({}, {
  __name = "test",
  __metatable = false,
  __index = function(_, name)
    sloth.remember_line()
    if not test[name] then fail("there is no test." .. tostring(name) .. near(tostring(name), test), sloth.current().seen) end
    return test[name]
  end,
})

-- The tests of a file as data -------------------------------------------------------------------

local function references(fns)
  local found = list()
  for i, fn in ipairs(fns or {}) do found[i] = sloth.reference(fn) end
  return found
end

function sloth.declared_tests(tests)
  local declared, suites, numbers = list(), list(), {}
  local function number(suite)
    if suite == nil then return nil end
    if numbers[suite] then return numbers[suite] end
    local around = number(suite.around)
    local entry = { name = suite.name, around = around, workflow = suite.workflow, mocks = list() }
    for i, mock in ipairs(suite.mocks) do entry.mocks[i] = mock end
    for _, kind in ipairs(HOOKS) do entry[kind] = references(suite[kind]) end
    suites[#suites + 1] = entry
    numbers[suite] = #suites
    return numbers[suite]
  end
  for i, one in ipairs(tests) do
    local names = { one.name }
    local suite = one.suite
    while suite do
      if suite.name ~= "" then names[#names + 1] = suite.name end
      suite = suite.around
    end
    local reversed = {}
    for k = #names, 1, -1 do reversed[#reversed + 1] = names[k] end
    declared[i] = {
      name = concat(reversed, " > "), file = one.file, line = one.line, command = sloth.reference(one.command),
      suite = number(one.suite),
    }
  end
  return declared, suites
end
