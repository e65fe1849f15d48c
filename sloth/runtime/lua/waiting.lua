-- What goroutines wait in and for: objects with methods, queues of those that wait, times.
local sloth = ...

local setmetatable, tonumber, tostring, type = setmetatable, tonumber, tostring, type
local gsub = string.gsub
local caller_line, current, fail, text_of = sloth.caller_line, sloth.current, sloth.fail, sloth.text_of
local after, go_on, wait = sloth.after, sloth.go_on, sloth.wait

-- `return back(f())` is no tail call of f, which would wipe the line of the script off the stack.
local function back(...) return ... end

-- Objects with methods, of which a script sees nothing else. Methods get the state in place of the object.
local function class(name, methods)
  local states, bound = setmetatable({}, { __mode = "k" }), {}
  for key, method in next, methods do
    bound[key] = function(self, ...)
      local state = states[self]
      if state == nil then fail(name .. ": write :" .. key .. "(…) with a colon", caller_line()) end
      return back(method(state, ...))
    end
  end
  local metatable = {
    __name = name, __metatable = false, __tostring = function() return name end,
    __index = function(_, key)
      sloth.remember_line()
      if bound[key] == nil then
        fail(name .. ": unknown method " .. tostring(key) .. sloth.near(tostring(key), bound), current().seen)
      end
      return bound[key]
    end,
  }
  local function new(state)
    local object = setmetatable({}, metatable)
    states[object], state.object = state, object
    return object
  end
  return new, function(object) return states[object] end
end

-- Those that wait for one thing, in their order. A ticket that waits for several things is `done` after the first.
local function enqueue(queue, ticket)
  queue[#queue + 1] = ticket
  return ticket
end

local function ticket()
  return { one = current().running, done = false }
end

-- Whether its goroutine still waits; what other calls have left behind does not.
local function is_waiting(entry)
  return not entry.done and entry.one.call == current() and entry.one.call.goroutines[entry.one.number] ~= nil
end

local function wake(entry)
  entry.done = true
  go_on(entry.one)
end

local function wake_all(queue)
  for i = 1, #queue do
    if is_waiting(queue[i]) then wake(queue[i]) end
    queue[i] = nil
  end
end

-- Wait in a queue, at most so many seconds; whether somebody woke us.
local function wait_in(queue, what, seconds)
  local entry = enqueue(queue, ticket())
  local timer = seconds and after(seconds, function()
    if is_waiting(entry) then
      entry.late = true
      wake(entry)
    end
  end)
  wait(what)
  if timer then timer.fn = nil end
  return not entry.late
end

local SECONDS = { ms = 0.001, s = 1, m = 60, h = 3600, d = 86400 }

-- Milliseconds, or a duration such as "1m30s", as seconds.
local function time(value, what)
  value = text_of(value)
  if type(value) == "number" and value >= 0 then return value / 1000 end
  local seconds, rest = 0, type(value) == "string" and value or "?"
  rest = gsub(rest, "([%d.]+)%s*(%l+)%s*", function(count, unit)
    if not tonumber(count) or not SECONDS[unit] then return nil end
    seconds = seconds + tonumber(count) * SECONDS[unit]
    return ""
  end)
  if rest ~= "" then
    fail(what .. " wants milliseconds or a duration such as \"2s\", got " .. tostring(value), caller_line())
  end
  return seconds
end

sloth.back, sloth.class, sloth.time = back, class, time
sloth.ticket, sloth.is_waiting, sloth.enqueue, sloth.wait_in = ticket, is_waiting, enqueue, wait_in
sloth.wake, sloth.wake_all = wake, wake_all
