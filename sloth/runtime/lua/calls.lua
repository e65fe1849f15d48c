-- Calls: each runs in coroutines of its own, under a deadline, and asks Python by yielding.
--
-- Python holds a number for each call and steps it; no Lua object crosses the border. `current` is
-- the call that is inside Lua now: only one thread is, at a time.
local sloth = ...
local probe = sloth.probe

local error, ipairs, rawequal, rawget, setmetatable, tostring, type =
  error, ipairs, rawequal, rawget, setmetatable, tostring, type
local load, pcall, clock = load, pcall, os.clock
local create, yield = coroutine.create, coroutine.yield
local getinfo, getlocal, sethook = debug.getinfo, debug.getlocal, debug.sethook
local byte, format, gsub, match, sub = string.byte, string.format, string.gsub, string.match, string.sub
local pack, unpack = table.pack, table.unpack

local INSTRUCTIONS = 1000 -- between two looks of the hook at the clock
local PATIENCE = 0.005 -- seconds of CPU time between two questions to Python
local EXPIRED, OUT_OF_MEMORY = "the time limit is over", "not enough memory"
local REQUEST = {} -- what a request yields first; no script ever sees it

local calls, current = {}, nil
local bases = setmetatable({}, { __mode = "k" }) -- coroutines of calls
local chunks, shown = {}, {} -- source of a script's chunk → its file; shortened source → its file

-- Deadlines -----------------------------------------------------------------------------------

-- The probe is Python's. At the memory limit calling it may fail: CPU time decides then.
local function is_over(call)
  local now = clock()
  if now - call.looked < PATIENCE then return false end
  call.looked = now
  local answered, over = pcall(probe)
  if not answered then return now >= call.cpu_limit end
  return over
end

-- Once the call is over the hook raises at every instruction, so that no pcall loop outlives it.
local function hook()
  local call = current
  if call == nil then return end
  if not call.over then
    if not is_over(call) then return end
    call.over = true
  end
  sethook(hook, "", 1)
  error(EXPIRED, 0)
end

local function arm(co)
  sethook(co, hook, "", INSTRUCTIONS)
  return co
end

-- A coroutine of the prelude's, in which a script's function runs that it cannot yield from.
local function base(fn)
  local co = arm(create(fn))
  bases[co] = true
  return co
end

-- Where a script stands -----------------------------------------------------------------------

local function place(info)
  local file = chunks[info.source]
  if file and info.currentline > 0 then return file .. ":" .. format("%d", info.currentline) end
  return nil
end

-- The script's line that called into the prelude. A tail call has wiped it off the stack: then it
-- is the line that looked the function up.
local function caller_line()
  for level = 2, 24 do
    local info = getinfo(level, "Slt")
    if info == nil then return "" end
    local found = place(info)
    if found then return found end
    if info.istailcall then return current.seen or current.where end
  end
  return ""
end

-- Remember the line that looks up an action or a builder method: the call itself may be a tail call.
local function remember_line()
  local info = getinfo(3, "Sl")
  local found = info and place(info)
  if found then current.seen = found end
end

local function caller_file()
  for level = 2, 24 do
    local info = getinfo(level, "St")
    if info == nil then return nil end
    if chunks[info.source] then return info.source end
    if info.istailcall then return nil end
  end
  return nil
end

local function defined_at(fn)
  local info = getinfo(fn, "S")
  return chunks[info.source] or info.short_src, info.linedefined, info.lastlinedefined
end

-- Whether a function was written in a script, not in the prelude.
local function is_of_script(fn)
  return chunks[getinfo(fn, "S").source] ~= nil
end

local function failed_line(co)
  for level = 0, 200 do
    local info = getinfo(co, level, "Sl")
    if info == nil then return nil end
    local found = place(info)
    if found then return found end
  end
  return nil
end

-- Where a call failed: in what it evaluates apart (see attempt), or in the goroutine that ran last.
local function failed_at(call)
  return call.raised_at or call.apart and failed_line(call.apart) or failed_line(call.running.co)
end

-- Errors --------------------------------------------------------------------------------------

-- Take the positions off the front of an error text; the innermost one is where it began.
local function split(text)
  local where
  while true do
    text = gsub(text, "^%[sloth %a+%]:%d+: ", "")
    local file, line, rest = match(text, "^([^\n]-):(%d+): (.*)$")
    if file == nil or not shown[file] then return text, where end
    where, text = shown[file] .. ":" .. line, rest
  end
end

local function error_text(value)
  value = sloth.text_of(value)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  if type(value) ~= "table" then return value == nil and "error without a message" or "error with a " .. type(value) end
  for _, key in ipairs { "message", "error", "msg" } do
    local text = sloth.text_of(rawget(value, key))
    if type(text) == "string" then return text end
  end
  local encoded, text = pcall(sloth.encode, value)
  return encoded and text or "error with a table"
end

local function describe(call, value)
  local text, where = split(error_text(value))
  where = where or failed_at(call) or call.where
  text = sloth.with_advice(text, where)
  if text == "attempt to yield across a C-call boundary" then
    text = "a module cannot be called from inside this callback"
  end
  local syntax = call.syntax
  if syntax and text == syntax.text then return sloth.encode { text = text, where = syntax.where, syntax = true } end
  local answer = { text = text, where = where }
  local failure = call.failure
  if failure and rawequal(value, failure.message) then
    answer.where, answer.result = failure.where, failure.result
  end
  if type(value) == "table" then
    local encoded, plain = pcall(sloth.encode, value)
    if encoded then return '{"value":' .. plain .. "," .. sub(sloth.encode(answer), 2) end
  end
  return sloth.encode(answer)
end

-- An error at a given place of a script.
local function fail(text, where)
  error(where and where ~= "" and where .. ": " .. text or text, 0)
end

-- Steps ---------------------------------------------------------------------------------------

-- Go on with goroutine `number`, which gets the reply to what it asked for, or (0) with whatever can go on.
local function step(id, seconds, number, reply)
  local call = calls[id]
  call.cpu_limit, call.looked = clock() + seconds, clock()
  current = call
  local kind, value, asker = sloth.take_turns(call, number, reply)
  current = nil
  if kind == "memory" then return kind end -- and make nothing new: see report
  if kind == "ask" or kind == "beside" or kind == "wait" then return kind, value, asker end
  calls[id] = nil
  if call.over then return "timeout", describe(call, EXPIRED), 0 end
  if kind == "error" then value = describe(call, value) end
  return kind, value, 0
end

-- How a call ended that had no memory left; Python allows some more for this.
local function report(id)
  local call = calls[id]
  calls[id], current = nil, nil
  if call == nil then return "memory", '{"where":""}' end
  return call.over and "timeout" or "memory", describe(call, OUT_OF_MEMORY)
end

local function start(id, seconds, body, where, ...)
  local arguments = pack(...)
  local call = { where = where, looked = 0, cpu_limit = 0, over = false, depth = 0 }
  calls[id] = call
  sloth.first_goroutine(call, function() return body(unpack(arguments, 1, arguments.n)) end)
  return step(id, seconds, 0)
end

local function drop(id)
  calls[id], current = nil, nil
end

-- Ask Python. The text goes out, the values of the answer come back, or its failure is raised.
local function ask(request, where)
  local call = current
  local reply = yield(REQUEST, request)
  if byte(reply, 1) == 43 then return sloth.decode_all(reply, 2) end
  local failure = sloth.decode(reply, 2)
  failure.where = where
  call.failure = failure
  error(failure.message, 0)
end

local function request(module, action, args, named, where, empty)
  return ask('{"module":' .. sloth.encode(module) .. ',"action":' .. sloth.encode(action) .. ',"args":' .. args ..
    ',"named":' .. named .. ',"where":' .. sloth.encode(where) .. (empty and ',"empty":true}' or "}"), where)
end

-- Chunks --------------------------------------------------------------------------------------

-- Compile a script's source; its chunk name is what errors and `where` are made of. Lua shortens long ones.
local function compile(text, file)
  local source = "@" .. file
  chunks[source] = file
  shown[getinfo(load("", source), "S").short_src] = file
  return load(text, source, "t", sloth.env)
end

local function first_parameter(fn)
  return getlocal(fn, 1)
end

sloth.current = function() return current end
sloth.start, sloth.step, sloth.drop, sloth.report = start, step, drop, report
sloth.REQUEST, sloth.EXPIRED, sloth.OUT_OF_MEMORY = REQUEST, EXPIRED, OUT_OF_MEMORY
sloth.ask, sloth.request, sloth.fail = ask, request, fail
sloth.arm, sloth.base, sloth.bases = arm, base, bases
sloth.caller_line, sloth.caller_file, sloth.remember_line = caller_line, caller_file, remember_line
sloth.defined_at, sloth.first_parameter, sloth.compile = defined_at, first_parameter, compile
sloth.split, sloth.is_over, sloth.is_of_script = split, is_over, is_of_script
sloth.error_text = error_text
