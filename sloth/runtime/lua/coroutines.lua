-- A script's own coroutines and pcalls: requests pass through them to the call, everything else is theirs.
local sloth = ...

local error, pcall, rawequal, setmetatable, type = error, pcall, rawequal, setmetatable, type
local close, create, resume, running = coroutine.close, coroutine.create, coroutine.resume, coroutine.running
local status, yield, yieldable = coroutine.status, coroutine.yield, coroutine.isyieldable
local arm, base, bases, current, is_over = sloth.arm, sloth.base, sloth.bases, sloth.current, sloth.is_over
local EXPIRED, OUT_OF_MEMORY, REQUEST = sloth.EXPIRED, sloth.OUT_OF_MEMORY, sloth.REQUEST

local MAX_DEPTH = 120 -- nested pcalls and coroutines; at 200 Lua could not even call the hook

local asking = setmetatable({}, { __mode = "k" }) -- those that wait for an answer
local nested = setmetatable({}, { __mode = "k" }) -- coroutine → pcalls it is inside of

local function settle(co, depth, ok, first, ...)
  asking[co] = nil
  if ok and rawequal(first, REQUEST) then
    asking[co] = true
    return settle(co, depth, resume(co, yield(REQUEST, ...)))
  end
  local call = current()
  if call.over then error(EXPIRED, 0) end
  nested[co] = call.depth - depth - 1
  call.depth = depth
  return ok, first, ...
end

-- At the memory limit a single instruction can cost a full collection: look at the clock each time.
local function caught(ok, first, ...)
  local call = current()
  call.depth = call.depth - 1
  if not ok and rawequal(first, OUT_OF_MEMORY) and (call.over or is_over(call)) then
    call.over = true
    error(EXPIRED, 0)
  end
  return ok, first, ...
end

local function safe_pcall(fn, ...)
  local call = current()
  if call.depth >= MAX_DEPTH then return false, "stack overflow (too many nested pcalls)" end
  call.depth = call.depth + 1
  return caught(pcall(fn, ...))
end

local function check_thread(co)
  if type(co) ~= "thread" then error("bad argument #1 (a coroutine expected, got " .. type(co) .. ")", 3) end
end

local threads = {}

function threads.create(fn)
  if type(fn) ~= "function" then error("bad argument #1 to 'create' (function expected)", 2) end
  return arm(create(fn))
end

function threads.resume(co, ...)
  check_thread(co)
  if bases[co] or asking[co] then return false, "cannot resume non-suspended coroutine" end
  local call = current()
  local depth = call.depth
  if depth >= MAX_DEPTH then return false, "stack overflow (too many nested coroutines)" end
  call.depth = depth + 1 + (nested[co] or 0)
  return settle(co, depth, resume(co, ...))
end

local function unwrap(ok, ...)
  if ok then return ... end
  error((...), 0)
end

function threads.wrap(fn)
  local co = threads.create(fn)
  return function(...) return unwrap(threads.resume(co, ...)) end
end

function threads.yield(...)
  if bases[running()] then error("attempt to yield from outside a coroutine", 2) end
  return yield(...)
end

function threads.status(co)
  check_thread(co)
  if asking[co] or (bases[co] and co ~= running()) then return "normal" end
  return status(co)
end

function threads.isyieldable()
  return yieldable() and not bases[running()]
end

function threads.running()
  local co = running()
  return co, bases[co] or false
end

function threads.close(co)
  check_thread(co)
  if bases[co] or asking[co] then error("cannot close a " .. threads.status(co) .. " coroutine", 2) end
  return close(co)
end

-- Run a function in a coroutine whose stack is still there after a failure: out of memory, Lua calls no handler.
local function run_apart(fn, ...)
  local call = current()
  local co, depth = base(fn), call.depth
  call.apart, call.depth = co, depth + 1
  return settle(co, depth, resume(co, ...))
end

sloth.threads, sloth.safe_pcall, sloth.run_apart = threads, safe_pcall, run_apart
