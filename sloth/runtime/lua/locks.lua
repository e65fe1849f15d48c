-- Locks between goroutines, and what else they agree by: counters, once, conditions, contexts.
local sloth = ...

local error, next, type = error, next, type
local remove = table.remove
local caller_line, expect, fail = sloth.caller_line, sloth.expect, sloth.fail
local class, goroutine, time = sloth.class, sloth.goroutine, sloth.time
local is_waiting, ticket, wait_in, wake, wake_all =
  sloth.is_waiting, sloth.ticket, sloth.wait_in, sloth.wake, sloth.wake_all

-- Shares: a semaphore, of which a mutex is one with one share, and a writer takes all ---------------------

local function new_shares(count) return { free = count, count = count, waiting = {}, first = 1 } end

local function waits(shares)
  while shares.waiting[shares.first] and not is_waiting(shares.waiting[shares.first]) do
    shares.waiting[shares.first], shares.first = nil, shares.first + 1
  end
  return shares.waiting[shares.first]
end

local function try_take(shares, wanted)
  if wanted > shares.free or waits(shares) then return false end
  shares.free = shares.free - wanted
  return true
end

-- Who came first is served first.
local function take(shares, wanted, what)
  if wanted > shares.count then fail(what .. " wants more than there are", caller_line()) end
  if try_take(shares, wanted) then return end
  local mine, last = ticket(), shares.first
  mine.wanted = wanted
  while shares.waiting[last] do last = last + 1 end
  shares.waiting[last] = mine
  sloth.wait(what)
end

local function give(shares, given, what)
  if shares.free + given > shares.count then fail(what .. " of what is not held", caller_line()) end
  shares.free = shares.free + given
  local next_one = waits(shares)
  while next_one and next_one.wanted <= shares.free do
    shares.free = shares.free - next_one.wanted
    wake(next_one)
    next_one = waits(shares)
  end
end

local mutexes = {}
function mutexes.lock(mutex) take(mutex, 1, "mutex:lock") end
function mutexes.unlock(mutex) give(mutex, 1, "mutex:unlock") end
function mutexes.try_lock(mutex) return try_take(mutex, 1) end

local new_mutex, mutex_of = class("mutex", mutexes)
function goroutine.mutex() return new_mutex(new_shares(1)) end

local READERS = 1 << 30

local rwmutexes = {}
function rwmutexes.lock(mutex) take(mutex, READERS, "rwmutex:lock") end
function rwmutexes.unlock(mutex) give(mutex, READERS, "rwmutex:unlock") end
function rwmutexes.try_lock(mutex) return try_take(mutex, READERS) end
function rwmutexes.rlock(mutex) take(mutex, 1, "rwmutex:rlock") end
function rwmutexes.runlock(mutex) give(mutex, 1, "rwmutex:runlock") end
function rwmutexes.try_rlock(mutex) return try_take(mutex, 1) end

local new_rwmutex = class("rwmutex", rwmutexes)
function goroutine.rwmutex() return new_rwmutex(new_shares(READERS)) end

local semaphores = {}
function semaphores.acquire(semaphore, wanted) take(semaphore, wanted or 1, "semaphore:acquire") end
function semaphores.release(semaphore, given) give(semaphore, given or 1, "semaphore:release") end
function semaphores.try_acquire(semaphore, wanted) return try_take(semaphore, wanted or 1) end
function semaphores.available(semaphore) return semaphore.free end

local new_semaphore = class("semaphore", semaphores)

function goroutine.semaphore(count)
  expect(count, "number", "goroutine.semaphore", caller_line())
  return new_semaphore(new_shares(count))
end

-- Counters: a turn is never cut short, so that plain sums do ---------------------------------------------

local atomics = {}

function atomics.load(atomic) return atomic.value end
function atomics.store(atomic, value) atomic.value = value end

function atomics.add(atomic, count)
  atomic.value = atomic.value + (count or 1)
  return atomic.value
end

function atomics.sub(atomic, count) return atomics.add(atomic, -(count or 1)) end

function atomics.swap(atomic, value)
  local before = atomic.value
  atomic.value = value
  return before
end

function atomics.compare_and_swap(atomic, before, value)
  if atomic.value ~= before then return false end
  atomic.value = value
  return true
end

atomics.get, atomics.set, atomics.cas = atomics.load, atomics.store, atomics.compare_and_swap
atomics.inc, atomics.increment, atomics.dec, atomics.decrement = atomics.add, atomics.add, atomics.sub, atomics.sub

local new_atomic = class("atomic_int", atomics)

function goroutine.atomic_int(value)
  return new_atomic({ value = expect(value or 0, "number", "goroutine.atomic_int", caller_line()) })
end

-- Once: who comes while it runs waits until it is over ---------------------------------------------------

local onces = {}

function onces.call(once, fn, ...)
  if once.over then return false end
  if once.waiting then
    wait_in(once.waiting, "once:call")
    return false
  end
  once.waiting = {}
  local ok, why = sloth.safe_pcall(expect(fn, "function", "once:call", caller_line()), ...)
  once.over = true
  wake_all(once.waiting)
  if not ok then error(why, 0) end
  return true
end

onces.run, onces.execute = onces.call, onces.call
function onces.done(once) return once.over end

local new_once = class("once", onces)
function goroutine.once() return new_once({ over = false }) end

-- Conditions ---------------------------------------------------------------------------------------------

local conditions = {}

-- Wait to be told; the lock of the condition, if it has one, is free meanwhile.
function conditions.wait(condition)
  local shares = condition.shares
  if shares then give(shares, 1, "cond:wait") end
  wait_in(condition.waiting, "cond:wait")
  if shares then take(shares, 1, "cond:wait") end
end

function conditions.signal(condition)
  while condition.waiting[1] do
    local first = remove(condition.waiting, 1)
    if is_waiting(first) then return wake(first) end
  end
end

function conditions.broadcast(condition) wake_all(condition.waiting) end

local new_condition = class("cond", conditions)

function goroutine.cond(mutex)
  local shares = mutex ~= nil and (mutex_of(mutex) or fail("goroutine.cond wants a mutex", caller_line())) or nil
  return new_condition({ waiting = {}, shares = shares })
end

-- Contexts: something that ends for all who look at it -----------------------------------------------------

local contexts = {}
local new_context, context_of

local function cancel(context, why)
  if context.why then return end
  context.why = why
  for _, below in next, context.below do cancel(below, why) end
  wake_all(context.waiting)
end

local function derive(parent, seconds, key, value)
  local context = { below = {}, waiting = {}, parent = parent, key = key, value = value }
  local object = new_context(context)
  if parent then
    context.why = parent.why
    parent.below[#parent.below + 1] = context
  end
  if seconds then sloth.after(seconds, function() cancel(context, "deadline exceeded") end) end
  return object
end

function contexts.cancel(context, why) cancel(context, type(why) == "string" and why or "cancelled") end
function contexts.is_done(context) return context.why ~= nil end
function contexts.err(context) return context.why end

function contexts.wait(context)
  if not context.why then wait_in(context.waiting, "context:wait") end
  return context.why
end

function contexts.with_cancel(context) return derive(context) end
function contexts.with_timeout(context, limit) return derive(context, time(limit, "context:with_timeout")) end
function contexts.with_value(context, key, value) return derive(context, nil, key, value) end

function contexts.value(context, key)
  while context do
    if context.key == key and key ~= nil then return context.value end
    context = context.parent
  end
  return nil
end

contexts.done, contexts.is_cancelled, contexts.error = contexts.is_done, contexts.is_done, contexts.err
new_context, context_of = class("context", contexts)

-- context(), context("5s"), context({ timeout = 5000 }), or either below another one: context(parent, 5000)
function goroutine.context(parent, given)
  local above = context_of(parent)
  if not above then given = parent end
  if type(given) == "table" then given = given.timeout end
  return derive(above, given ~= nil and time(given, "goroutine.context") or nil)
end
