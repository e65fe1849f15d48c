-- Goroutines: the coroutines of one call, which take turns in its thread.
--
-- One goes on until it asks Python for something, or waits until another one lets it go on. As long as a call has only
-- one, Python answers in the call's own thread; else beside it, while the others take their turns.
local sloth = ...

local error, ipairs, next, rawequal, tostring = error, ipairs, next, rawequal, tostring
local resume, status, yield = coroutine.resume, coroutine.status, coroutine.yield
local concat, sort = table.concat, table.sort
local current = sloth.current
local OUT_OF_MEMORY, REQUEST = sloth.OUT_OF_MEMORY, sloth.REQUEST

local MAX_GOROUTINES = 10000
local MAX_NAMED = 10 -- of those that wait in a deadlock

-- Who can go on -------------------------------------------------------------------------------

local function go_on(one, reply)
  local call = one.call
  one.waits, one.reply = nil, reply
  call.last = call.last + 1
  call.ready[call.last] = one
end

local function next_ready(call)
  while call.first <= call.last do
    local one = call.ready[call.first]
    call.ready[call.first], call.first = nil, call.first + 1
    if call.goroutines[one.number] then return one end
  end
  return nil
end

-- Let the running goroutine wait until go_on is called for it. what: what for, as the message of a deadlock says it
local function wait(what)
  local one = current().running
  one.waits, one.at = what, sloth.caller_line()
  yield(REQUEST)
end

local function add(call, body)
  if call.alive >= MAX_GOROUTINES then error("more than " .. tostring(MAX_GOROUTINES) .. " goroutines at once", 0) end
  local one = { call = call, number = call.made + 1, co = sloth.base(body), depth = 0 }
  call.made, call.alive = one.number, call.alive + 1
  call.goroutines[one.number] = one
  go_on(one)
  return one
end

local function forget(one)
  local call = one.call
  call.goroutines[one.number] = nil
  call.alive = call.alive - 1
end

-- Begin another goroutine. tell(ok, value): hears how it ended, and must not wait; without it an error ends the call.
local function spawn(body, tell)
  local one = add(current(), body)
  one.tell = tell
  return one
end

-- End a goroutine, and what it asked for.
local function stop(one)
  local call = one.call
  if call.goroutines[one.number] == nil then return end
  forget(one)
  if not one.asks then return end
  call.asking = call.asking - 1
  sloth.request("task", "stop", "[" .. tostring(one.number) .. "]", "{}", sloth.caller_line())
end

-- Timers: a heap, the next one on top ------------------------------------------------------------

local function after(seconds, fn)
  local call = current()
  local timers = call.timers
  local timer, at = { at = sloth.now() + seconds, fn = fn }, #timers + 1
  while at > 1 and timers[at // 2].at > timer.at do
    timers[at], at = timers[at // 2], at // 2
  end
  timers[at] = timer
  return timer
end

local function remove_first(timers)
  local n = #timers
  local last = timers[n]
  timers[n], n = nil, n - 1
  local at, child = 1, 2
  while child <= n do
    if child < n and timers[child + 1].at < timers[child].at then child = child + 1 end
    if timers[child].at >= last.at then break end
    timers[at], at, child = timers[child], child, 2 * child
  end
  if n > 0 then timers[at] = last end
end

-- Call what is due; the seconds until the next one, or nil.
local function ring(timers)
  while timers[1] do
    local timer = timers[1]
    local rest = timer.fn and timer.at - sloth.now() or 0
    if rest > 0 then return rest end
    remove_first(timers)
    if timer.fn then timer.fn() end
  end
  return nil
end

-- Turns -----------------------------------------------------------------------------------------

local function deadlock(call)
  local waiting, places = {}, {}
  for _, one in next, call.goroutines do waiting[#waiting + 1] = one end
  sort(waiting, function(a, b) return a.number < b.number end)
  call.raised_at = waiting[1].at
  for i, one in ipairs(waiting) do
    if i > MAX_NAMED then
      places[i] = "and " .. tostring(#waiting - MAX_NAMED) .. " more"
      break
    end
    places[i] = one.at .. " (" .. one.waits .. ")"
  end
  return "deadlock: no goroutine can go on: " .. concat(places, ", ")
end

local function ended(call, one, ok, value)
  forget(one)
  if one.number == 1 then return ok and "done" or "error", value end
  if one.tell then
    one.tell(ok, value)
  elseif not ok then
    return "error", value
  end
  return nil
end

-- Resume one goroutine; how the call goes on when that is for Python to hear.
local function turn(call, one)
  local reply = one.reply
  one.reply = nil
  call.running, call.depth, call.seen, call.failure = one, one.depth, one.seen, one.failure
  local ok, first, asked = resume(one.co, reply)
  if not ok and rawequal(first, OUT_OF_MEMORY) then return "memory" end
  one.depth, one.seen, one.failure = call.depth, call.seen, call.failure
  if not ok or status(one.co) == "dead" then return ended(call, one, ok, first) end
  if asked == nil then return nil end -- it waits
  one.asks, call.asking = true, call.asking + 1
  return call.alive > 1 and "beside" or "ask", asked
end

-- Take turns until Python has to do something: answer in this thread ("ask") or beside it ("beside"), "wait" for an
-- answer or so many seconds, or end the call. A goroutine may have got its answer since.
local function take_turns(call, number, reply)
  local asker = call.goroutines[number]
  if asker then
    asker.asks, call.asking = false, call.asking - 1
    go_on(asker, reply)
  end
  while not call.over do
    local rest = ring(call.timers)
    local one = next_ready(call)
    if one == nil then
      if rest or call.asking > 0 then return "wait", rest, 0 end
      return "error", deadlock(call)
    end
    local kind, value = turn(call, one)
    if kind then return kind, value, one.number end
    call.over = call.over or sloth.is_over(call)
  end
  return "timeout"
end

local function first_goroutine(call, body)
  call.goroutines, call.made, call.alive, call.asking = {}, 0, 0, 0
  call.ready, call.first, call.last, call.timers = {}, 1, 0, {}
  call.running = add(call, body)
end

sloth.first_goroutine, sloth.take_turns = first_goroutine, take_turns
sloth.spawn, sloth.stop, sloth.go_on, sloth.wait, sloth.after = spawn, stop, go_on, wait, after
