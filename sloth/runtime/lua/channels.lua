-- Channels between goroutines, choosing among them, and what is built of them: pipelines, fan-out, fan-in.
local sloth = ...

local error, ipairs, rawlen, tostring, type = error, ipairs, rawlen, tostring, type
local caller_line, expect, fail = sloth.caller_line, sloth.expect, sloth.fail
local back, class, is_waiting, ticket, wake = sloth.back, sloth.class, sloth.is_waiting, sloth.ticket, sloth.wake
local goroutine, spawn, time = sloth.goroutine, sloth.spawn, sloth.time

-- Queues that give out their first first; nil is a value like any other. --------------------------

local function new_queue() return { first = 1, last = 0 } end

local function push(queue, value)
  queue.last = queue.last + 1
  queue[queue.last] = value
end

local function pop(queue)
  local value = queue[queue.first]
  queue[queue.first], queue.first = nil, queue.first + 1
  return value
end

local function length(queue) return queue.last - queue.first + 1 end

-- The first of a queue that still waits, taken out of it.
local function next_waiting(queue)
  while length(queue) > 0 do
    local entry = pop(queue)
    if is_waiting(entry.ticket) then return entry end
  end
  return nil
end

-- Sending and receiving, as far as nobody has to wait ------------------------------------------------

-- Whether a value found its way; a closed channel takes none.
local function try_send(channel, value)
  if channel.closed then error("send on a closed channel", 0) end
  local receiver = next_waiting(channel.receivers)
  if receiver then
    local to = receiver.ticket
    to.value, to.ok, to.chosen = value, true, receiver.number
    wake(to)
    return true
  end
  if length(channel.buffer) >= channel.capacity then return false end
  push(channel.buffer, value)
  return true
end

-- Whether there was something, and then: the value, and false where the channel is closed and empty.
local function try_receive(channel)
  local has_room, value = length(channel.buffer) > 0, nil
  if has_room then value = pop(channel.buffer) end
  local sender = next_waiting(channel.senders)
  if sender then
    if has_room then push(channel.buffer, sender.value) else value = sender.value end
    sender.ticket.ok, sender.ticket.chosen = true, sender.number
    wake(sender.ticket)
  end
  if has_room or sender then return true, value, true end
  if channel.closed then return true, nil, false end
  return false
end

-- Channels --------------------------------------------------------------------------------------------

local channels = {}

function channels.send(channel, value)
  if try_send(channel, value) then return true end
  local mine = ticket()
  push(channel.senders, { ticket = mine, value = value })
  sloth.wait("send")
  if not mine.ok then error("send on a closed channel", 0) end
  return true
end

function channels.receive(channel)
  local found, value, ok = try_receive(channel)
  if found then return value, ok end
  local mine = ticket()
  push(channel.receivers, { ticket = mine })
  sloth.wait("receive")
  return mine.value, mine.ok
end

channels.try_send = try_send

function channels.try_receive(channel)
  local found, value, ok = try_receive(channel)
  return value, found and ok
end

function channels.close(channel)
  if channel.closed then error("close of a closed channel", 0) end
  channel.closed = true
  for _, queue in ipairs { channel.receivers, channel.senders } do
    local entry = next_waiting(queue)
    while entry do
      entry.ticket.ok, entry.ticket.chosen = false, entry.number
      wake(entry.ticket)
      entry = next_waiting(queue)
    end
  end
end

function channels.len(channel) return length(channel.buffer) end
function channels.cap(channel) return channel.capacity end
function channels.is_closed(channel) return channel.closed end

-- for value in channel:range() do …, or channel:range(function(value) … end)
function channels.range(channel, fn)
  local function receive()
    local value, ok = channels.receive(channel)
    if ok then return value end
    return nil
  end
  if fn == nil then return receive end
  local value, ok = channels.receive(channel)
  while ok do
    if fn(value) == false then return end
    value, ok = channels.receive(channel)
  end
end

local new_channel, channel_of = class("channel", channels)

local function channel(capacity)
  return new_channel({
    capacity = capacity, buffer = new_queue(), receivers = new_queue(), senders = new_queue(), closed = false,
  })
end

function goroutine.channel(capacity)
  if capacity == nil then capacity = 0 end
  if type(capacity) ~= "number" or capacity < 0 then
    sloth.mismatch("goroutine.channel", "how many values it holds", capacity, caller_line())
  end
  return channel(capacity)
end

-- select({ { channel = c, receive = true, handler = fn }, { channel = d, send = value }, { default = true } }) ----

local function as_case(number, value, what)
  if type(value) == "function" then return { number = number, is_default = true, handler = value } end
  expect(value, "table", what .. ": case " .. tostring(number), caller_line())
  if value.default then
    local handler = type(value.default) == "function" and value.default or value.handler
    return { number = number, is_default = true, handler = handler }
  end
  local state = channel_of(value.channel) or channel_of(value[1])
    or channel_of(value.receive) or channel_of(value.send)
  if not state then fail(what .. ": case " .. tostring(number) .. " has no channel", caller_line()) end
  local sends = value.send ~= nil or value.op == "send"
  local sent = value.send
  if sends and (value.value ~= nil or channel_of(sent) == state) then sent = value.value end
  return { number = number, channel = state, sends = sends, value = sent, handler = value.handler or value[2] }
end

local function cases_of(what, given)
  local cases, default = {}, nil
  expect(given, "table", what, caller_line())
  for i, value in ipairs(given) do
    local case = as_case(i, value, what)
    if case.is_default then default = case else cases[#cases + 1] = case end
  end
  if given.default then default = as_case(0, { default = given.default }, what) end
  return cases, default
end

-- What came of a case: its number, and what its handler returns, or else the value and whether there was one.
local function chosen(case, value, ok)
  if case.handler then return case.number, case.handler(value, ok) end
  return case.number, value, ok
end

local function ready_case(cases)
  for _, case in ipairs(cases) do
    if case.sends then
      if try_send(case.channel, case.value) then return case, nil, true end
    else
      local found, value, ok = try_receive(case.channel)
      if found then return case, value, ok end
    end
  end
  return nil
end

-- The case that others make ready; nil when they take longer than so many seconds.
local function wait_for_case(cases, seconds)
  local mine = ticket()
  for i, case in ipairs(cases) do
    local queue = case.sends and case.channel.senders or case.channel.receivers
    push(queue, { ticket = mine, number = i, value = case.value })
  end
  local timer = seconds and sloth.after(seconds, function()
    if is_waiting(mine) then wake(mine) end
  end)
  sloth.wait("select")
  if timer then timer.fn = nil end
  local case = cases[mine.chosen]
  if case and case.sends and not mine.ok then error("send on a closed channel", 0) end
  return case, mine.value, mine.ok
end

local function choose(what, given, seconds)
  local cases, default = cases_of(what, given)
  local case, value, ok = ready_case(cases)
  if case == nil and default then return chosen(default) end
  if case == nil then case, value, ok = wait_for_case(cases, seconds) end
  if case == nil then return nil, "timeout" end
  return chosen(case, value, ok)
end

function goroutine.select(cases)
  return back(choose("goroutine.select", cases))
end

function goroutine.select_timeout(limit, cases)
  if type(limit) == "table" then limit, cases = cases, limit end
  return back(choose("goroutine.select_timeout", cases, time(limit, "goroutine.select_timeout")))
end

-- Built of channels: each gives a channel that is closed after its last value ---------------------------

-- A channel, or one with the values of a list.
local function source_of(value, what)
  if channel_of(value) then return value end
  expect(value, "table", what, caller_line())
  local source = channel(rawlen(value))
  local state = channel_of(source)
  for i = 1, rawlen(value) do try_send(state, value[i]) end
  state.closed = true
  return source
end

-- What `count` goroutines make of the values of a channel; nil is left out.
local function made_of(source, count, fn)
  local from, result = channel_of(source), channel(0)
  local to, working = channel_of(result), count
  for _ = 1, count do
    spawn(function()
      local value, ok = channels.receive(from)
      while ok do
        local made = fn(value)
        if made ~= nil then channels.send(to, made) end
        value, ok = channels.receive(from)
      end
      working = working - 1
      if working == 0 then channels.close(to) end
    end)
  end
  return result
end

-- Values go through all functions, in their order: pipeline(source, f, g) or pipeline(source, { f, g }).
function goroutine.pipeline(source, ...)
  local stages, where = { ... }, caller_line()
  if type(stages[1]) == "table" then stages = stages[1] end
  local result = source_of(source, "goroutine.pipeline")
  for _, stage in ipairs(stages) do
    result = made_of(result, 1, expect(stage, "function", "goroutine.pipeline", where))
  end
  return result
end

-- Each value goes to one of `count` goroutines; what they make of it comes out of one channel, in no order.
function goroutine.fan_out(source, count, fn)
  if type(count) == "function" then count, fn = fn, count end
  local where = caller_line()
  expect(fn, "function", "goroutine.fan_out", where)
  return made_of(source_of(source, "goroutine.fan_out"), expect(count or 4, "number", "goroutine.fan_out", where), fn)
end

-- The values of several channels, out of one.
function goroutine.fan_in(...)
  local sources = { ... }
  if type(sources[1]) == "table" and not channel_of(sources[1]) then sources = sources[1] end
  local result, working = channel(0), #sources
  local to = channel_of(result)
  if working == 0 then to.closed = true end
  for _, source in ipairs(sources) do
    local from = channel_of(source) or fail("goroutine.fan_in wants channels", caller_line())
    spawn(function()
      for value in channels.range(from) do channels.send(to, value) end
      working = working - 1
      if working == 0 then channels.close(to) end
    end)
  end
  return result
end
