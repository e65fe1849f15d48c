-- parallel, retry and reliability.*: several functions at once, and one function several times.
local sloth = ...
local env = sloth.env

local error, ipairs, next, select, tostring, type = error, ipairs, next, select, tostring, type
local min = math.min
local pack, unpack = table.pack, table.unpack
local caller_line, expect, fail, is_loading = sloth.caller_line, sloth.expect, sloth.fail, sloth.is_loading
local safe_pcall, text_of = sloth.safe_pcall, sloth.text_of

-- parallel({ { name = "a", command = fn or line }, … }): all at once; { name, status, duration, error, … } of each

local function run_item(item, where)
  local command = item.command or item.run
  if type(command) == "string" then
    local result = sloth.act("exec", "check", where, command)
    return true, "", { stdout = result.stdout, stderr = result.stderr, exit_code = result.exit_code }
  end
  return sloth.as_task(command, item.name, item.params)
end

-- What a command returned or raised, by the conventions of tasks.
local function judged(ok, first, message, outputs)
  local result = {}
  if not ok then first, message, outputs = false, sloth.error_text(first), nil end
  if type(first) == "table" then
    local well = not first.failed and first.success ~= false
    first, message, outputs = well, first.message or not well and (first.error or first.msg) or nil, first
  elseif type(message) == "table" and outputs == nil then
    outputs = message
  end
  for key, value in next, type(outputs) == "table" and outputs or {} do
    if result[key] == nil then result[key] = value end
  end
  result.message = type(message) == "string" and message or ""
  result.success = first ~= false and (first ~= nil or message == nil)
  result.status = result.success and "ok" or "failed"
  if not result.success then result.error = message or "it returned false" end
  return result
end

local function as_item(i, value, where)
  local spec = sloth.specs[value]
  if spec then value = spec end
  if type(text_of(value)) ~= "table" then value = { command = text_of(value) } end
  local name = text_of(value.name) or tostring(i)
  local item = { name = name, command = text_of(value.command or value.run), params = value.params }
  sloth.string_or_function(item.command, "parallel: the command of " .. name, where)
  return item
end

function env.parallel(list)
  local where = caller_line()
  if is_loading() then return sloth.noted("parallel", where) end
  expect(list, "table", "parallel", where)
  local running, results = {}, sloth.list()
  for i, value in ipairs(list) do
    local item = as_item(i, value, where)
    running[i] = sloth.async(function()
      local began = sloth.now()
      results[i] = judged(sloth.safe_pcall(run_item, item, where))
      results[i].name, results[i].duration = item.name, sloth.now() - began
    end)
  end
  for _, one in ipairs(running) do sloth.await(one) end
  return results
end

-- retry(3, "1s", fn), retry(fn, 3), retry({ attempts = 3, delay = 1, … }, fn) ----------------------------------

local SETTINGS = {
  attempts = "attempts", max_attempts = "attempts", retries = "attempts", delay = "delay", initial_delay = "delay",
  max_delay = "max_delay", strategy = "strategy", on_retry = "on_retry",
}
local FACTORS = {
  fixed = function() return 1 end,
  linear = function(attempt) return attempt end,
  exponential = function(attempt) return 2 ^ (attempt - 1) end,
}

-- Seconds, or a duration such as "500ms".
local function seconds(value, what)
  value = text_of(value)
  return type(value) == "number" and value >= 0 and value or sloth.time(tostring(value), what)
end

local function settings_of(what, given, where)
  local settings = {}
  for key, value in next, given do
    if not SETTINGS[key] then
      fail(what .. ": unknown key " .. tostring(key) .. sloth.near(tostring(key), SETTINGS), where)
    end
    settings[SETTINGS[key]] = value
  end
  return settings
end

-- What was given, in any order: a function, and numbers (attempts, delay) or a table.
local function retry_of(what, where, ...)
  local settings, fn = {}, nil
  for i = 1, select("#", ...) do
    local value = text_of((select(i, ...)))
    if type(value) == "function" then
      fn = value
    elseif type(value) == "table" then
      settings = settings_of(what, value, where)
    else
      settings[settings.attempts and "delay" or "attempts"] = value
    end
  end
  expect(fn, "function", what, where)
  settings.attempts = expect(settings.attempts or 3, "number", what .. ": attempts", where)
  settings.delay = seconds(settings.delay or 1, what .. ": delay")
  settings.max_delay = seconds(settings.max_delay or 60, what .. ": max_delay")
  local strategy = settings.strategy or "exponential"
  if not FACTORS[strategy] then
    fail(what .. ": unknown strategy " .. tostring(strategy) .. sloth.near(tostring(strategy), FACTORS), where)
  end
  settings.strategy = strategy
  return settings, fn
end

-- Call a function; it fails when it raises, or returns false, or nil and why, or a command that did not succeed.
local function try(fn)
  local found = pack(safe_pcall(function() return sloth.judged(fn()) end))
  if found[1] and (found[2] == false or (found[2] == nil and found[3] ~= nil)) then
    return false, found[3] or "it returned false"
  end
  return unpack(found, 1, found.n)
end

local function retry(what, where, ...)
  local settings, fn = retry_of(what, where, ...)
  local attempt = 0
  while true do
    attempt = attempt + 1
    local found = pack(try(fn))
    if found[1] then return unpack(found, 2, found.n) end
    if attempt >= settings.attempts then error(found[2], 0) end
    local delay = min(settings.delay * FACTORS[settings.strategy](attempt), settings.max_delay)
    if settings.on_retry then settings.on_retry(attempt, delay, sloth.error_text(found[2])) end
    sloth.wait_in({}, what, delay)
  end
end

function env.retry(...)
  local where = caller_line()
  if is_loading() then return sloth.noted("retry", where) end
  return retry("retry", where, ...)
end

-- Circuit breakers: after so many failures in a row a function is not called for a while ---------------------------

local reliability, breakers = {}, {}

local function change(breaker, state)
  local before = breaker.state
  breaker.state = state
  if breaker.told and before ~= state then breaker.told(before, state) end
end

local function settle(breaker, ok)
  if ok then
    breaker.failures, breaker.successes = 0, breaker.successes + 1
    if breaker.successes >= breaker.threshold then change(breaker, "closed") end
    return
  end
  breaker.failures, breaker.successes = breaker.failures + 1, 0
  if breaker.state == "half_open" or breaker.failures >= breaker.most then
    breaker.since = sloth.now()
    change(breaker, "open")
  end
end

local function breaker_of(given, where)
  local what = "reliability.circuit_breaker"
  local name = expect(given.name, "string", what .. ": name", where)
  local breaker = breakers[name] or { name = name, state = "closed", failures = 0, successes = 0 }
  breakers[name] = breaker
  breaker.most, breaker.threshold = given.max_failures or 5, given.success_threshold or 1
  breaker.pause, breaker.told = seconds(given.timeout or 60, what .. ": timeout"), given.on_state_change
  return breaker
end

function reliability.circuit_breaker(name, given, fn)
  local where = caller_line()
  if is_loading() then return sloth.noted("reliability.circuit_breaker", where) end
  local settings = {}
  for _, part in ipairs { name, given } do
    if type(part) == "function" then
      fn = part
    elseif type(part) == "table" then
      for key, value in next, part do settings[key] = value end
    else
      settings.name = part
    end
  end
  expect(fn, "function", "reliability.circuit_breaker", where)
  local breaker = breaker_of(settings, where)
  if breaker.state == "open" then
    if sloth.now() - breaker.since < breaker.pause then
      fail("circuit breaker '" .. breaker.name .. "' is open", where)
    end
    breaker.successes = 0
    change(breaker, "half_open")
  end
  local found = pack(try(fn))
  settle(breaker, found[1])
  if not found[1] then error(found[2], 0) end
  return unpack(found, 2, found.n)
end

for _, name in ipairs { "retry", "retry_with_config" } do
  reliability[name] = function(...)
    local where, what = caller_line(), "reliability." .. name
    if is_loading() then return sloth.noted(what, where) end
    return retry(what, where, ...)
  end
end

env.reliability = reliability
