-- goroutine.*: what is spawned, awaited, pooled, put off. Times are milliseconds, or durations such as "2s".
local sloth = ...
local env = sloth.env

local error, ipairs, rawlen, setmetatable, tostring, type = error, ipairs, rawlen, setmetatable, tostring, type
local gsub, pack, unpack = string.gsub, table.pack, table.unpack
local caller_line, current, expect, fail = sloth.caller_line, sloth.current, sloth.expect, sloth.fail
local spawn, stop, text_of = sloth.spawn, sloth.stop, sloth.text_of
local back, class, time, wait_in, wake_all = sloth.back, sloth.class, sloth.time, sloth.wait_in, sloth.wake_all

local goroutine = {}

-- A function to be called later, and its arguments, as one without any.
local function prepared(what, fn, ...)
  expect(fn, "function", what, caller_line())
  local arguments = pack(...)
  return function() return fn(unpack(arguments, 1, arguments.n)) end
end

function goroutine.spawn(fn, ...)
  spawn(prepared("goroutine.spawn", fn, ...))
end

function goroutine.spawn_many(count, fn, ...)
  if type(count) == "function" then count, fn = fn, count end
  local where = caller_line()
  expect(count, "number", "goroutine.spawn_many", where)
  for i = 1, count do spawn(prepared("goroutine.spawn_many", fn, i, ...)) end
end

function goroutine.sleep(duration)
  local seconds = time(duration, "goroutine.sleep")
  wait_in({}, "sleep", sloth.is_loading() and 0 or seconds) -- what a script waits for, it waits for on its host
end

-- Handles: what is awaited -----------------------------------------------------------------------

local handles = {}

local function finish(handle, ok, value)
  handle.over, handle.ok = true, ok
  if not ok then handle.why = type(value) == "string" and gsub(value, "^%[sloth %a+%]:%d+: ", "", 1) or value end
  wake_all(handle.waiting)
end

-- Begin what a handle stands for. It keeps what the function returns, or why it failed.
local function begin(handle, body)
  handle.one = spawn(function() handle.values = pack(body()) end, function(ok, value) finish(handle, ok, value) end)
end

local function outcome(handle)
  handle.is_heard = true
  if not handle.ok then return false, handle.why end
  return true, unpack(handle.values, 1, handle.values.n)
end

function handles.await(handle, limit)
  local seconds = limit ~= nil and time(limit, "await") or nil
  if not handle.over and not wait_in(handle.waiting, "await", seconds) then return false, "timeout" end
  return outcome(handle)
end

function handles.is_done(handle) return handle.over end

function handles.cancel(handle)
  if handle.over then return false end
  stop(handle.one)
  finish(handle, false, "cancelled")
  return true
end

handles.wait, handles.done = handles.await, handles.is_done

local new_handle, handle_of = class("goroutine", handles)

local function async(body)
  local handle = new_handle({ waiting = {}, over = false })
  begin(handle_of(handle), body)
  return handle
end

-- What the goroutine of a handle came to: true and its values, or false and why.
local function await(handle)
  return handles.await(handle_of(handle))
end

local function expect_handle(value, what)
  return handle_of(value) or fail(what .. " wants what goroutine.async returns", caller_line())
end

function goroutine.async(fn, ...)
  local handle = async(prepared("goroutine.async", fn, ...))
  local call = current()
  call.handles = call.handles or {}
  call.handles[#call.handles + 1] = handle
  return handle
end

function goroutine.await(handle, limit)
  return back(handles.await(expect_handle(handle, "goroutine.await"), limit))
end

-- Say what failed in goroutines that nobody awaited.
function sloth.tell_unheard(call)
  for _, handle in ipairs(call.handles) do
    local state = handle_of(handle)
    if state.over and not state.ok and not state.is_heard then
      sloth.say("warning", "", "a goroutine that nobody awaited failed: " .. sloth.error_text(state.why))
    end
  end
end

-- All of them, in their order: { success, error, value, result, and each value by its number }.
function goroutine.await_all(list)
  if list == nil then list = current().handles or {} end
  expect(list, "table", "goroutine.await_all", caller_line())
  local results = sloth.list()
  for i, item in ipairs(list) do
    local found = pack(handles.await(expect_handle(item, "goroutine.await_all")))
    local result = { success = found[1] }
    if found[1] then
      for n = 2, found.n do result[n - 1] = found[n] end
      result.value, result.result = found[2], found[2]
    else
      result.error = sloth.error_text(found[2])
    end
    results[i] = result
  end
  return results
end

goroutine.create, goroutine.wait_all = goroutine.async, goroutine.await_all

-- Call a function for at most so long: true and what it returns; or false and why.
function goroutine.timeout(limit, fn, ...)
  if type(limit) == "function" then limit, fn = fn, limit end
  local seconds = time(limit, "goroutine.timeout")
  local handle = handle_of(async(prepared("goroutine.timeout", fn, ...)))
  if not wait_in(handle.waiting, "timeout", seconds) then
    stop(handle.one)
    return false, "timeout"
  end
  return outcome(handle)
end

-- Wait groups -------------------------------------------------------------------------------------

local wait_groups = {}

function wait_groups.add(group, count)
  group.count = group.count + (count or 1)
  if group.count < 0 then error("wait_group: more done than were added", 0) end
  if group.count == 0 then wake_all(group.waiting) end
end

function wait_groups.done(group) wait_groups.add(group, -1) end

function wait_groups.wait(group)
  if group.count > 0 then wait_in(group.waiting, "wait_group:wait") end
end

function wait_groups.go(group, fn, ...)
  local body = prepared("wait_group:go", fn, ...)
  wait_groups.add(group, 1)
  spawn(function()
    body()
    wait_groups.done(group)
  end)
end

local new_wait_group = class("wait_group", wait_groups)
function goroutine.wait_group() return new_wait_group({ count = 0, waiting = {} }) end

-- Pools -------------------------------------------------------------------------------------------

local pools = {}

local function work(pool)
  while pool.first <= #pool.jobs do
    local job = pool.jobs[pool.first]
    pool.jobs[pool.first], pool.first = false, pool.first + 1
    pool.active = pool.active + 1
    local ok, why = sloth.safe_pcall(function() job.values = pack(job.body()) end)
    pool.active = pool.active - 1
    pool[ok and "completed" or "failed"] = pool[ok and "completed" or "failed"] + 1
    if not ok then sloth.say("warning", "", "pool " .. pool.name .. ": " .. sloth.error_text(why)) end
    finish(job, ok, why)
  end
  pool.working = pool.working - 1
  if pool.working == 0 then wake_all(pool.waiting) end
end

function pools.submit(pool, fn, ...)
  if pool.closed then fail("the pool '" .. pool.name .. "' is closed", caller_line()) end
  local handle = new_handle({ waiting = {}, over = false })
  local job = handle_of(handle)
  job.body = prepared("submit", fn, ...)
  pool.jobs[#pool.jobs + 1] = job
  if pool.working < pool.workers then
    pool.working = pool.working + 1
    spawn(function() work(pool) end)
  end
  return handle
end

function pools.wait(pool)
  if pool.working > 0 then wait_in(pool.waiting, "pool:wait") end
end

function pools.close(pool)
  pool.closed = true
  pools.wait(pool)
end

function pools.stats(pool)
  local queued = #pool.jobs - pool.first + 1
  return {
    name = pool.name, workers = pool.workers, active = pool.active, queued = queued, completed = pool.completed,
    failed = pool.failed, total = #pool.jobs, submitted = #pool.jobs, closed = pool.closed,
  }
end

local new_pool, pool_of = class("pool", pools)

-- Pools have names, which are those of the call.
function goroutine.pool_create(name, given)
  local where = caller_line()
  name = expect(name, "string", "goroutine.pool_create", where)
  local workers = type(given) == "table" and (given.workers or given.size or given.max_workers) or given
  if workers == nil then workers = 4 end
  if type(workers) ~= "number" or workers < 1 then fail("a pool has a number of workers from 1", where) end
  local pool = new_pool({
    name = name, workers = workers, working = 0, active = 0, completed = 0, failed = 0, jobs = {}, first = 1,
    waiting = {}, closed = false,
  })
  local call = current()
  call.pools = call.pools or {}
  call.pools[name] = pool
  return pool
end

local function find_pool(what, name)
  local known = current().pools or {}
  local state = pool_of(name) or pool_of(known[text_of(name)])
  if state then return state end
  name = tostring(name)
  fail(what .. ": there is no pool '" .. name .. "'" .. sloth.near(name, known), caller_line())
end

for _, name in ipairs { "submit", "wait", "close", "stats" } do
  local method, what = pools[name], "goroutine.pool_" .. name
  goroutine["pool_" .. name] = function(pool, ...)
    local state = find_pool(what, pool)
    if name == "close" then current().pools[state.name] = nil end
    return (method(state, ...))
  end
end

-- Lists side by side ---------------------------------------------------------------------------------

-- fn(item, i) of each, at most `limit` at once (all, unless said); what it returns, in the order of the list.
function goroutine.map(items, fn, limit)
  if type(items) == "function" then items, fn = fn, items end
  local where = caller_line()
  expect(items, "table", "goroutine.map", where)
  expect(fn, "function", "goroutine.map", where)
  local count, at, found, workers = rawlen(items), 0, sloth.list(), {}
  for i = 1, limit and limit < count and limit or count do
    workers[i] = async(function()
      while at < count do
        at = at + 1
        local mine = at
        found[mine] = fn(items[mine], mine)
      end
    end)
  end
  for _, worker in ipairs(workers) do
    local ok, why = await(worker)
    if not ok then error(why, 0) end
  end
  return found
end

env.goroutine = setmetatable(goroutine, {
  __name = "module goroutine",
  __metatable = false,
  __index = function(_, key)
    sloth.remember_line()
    fail("there is no goroutine." .. tostring(key) .. sloth.near(tostring(key), goroutine), current().seen)
  end,
})

sloth.goroutine, sloth.async, sloth.await = goroutine, async, await
