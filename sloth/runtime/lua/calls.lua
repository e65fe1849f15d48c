-- Calls: each runs in a coroutine of its own, under a deadline, and asks Python by yielding.
--
-- Python holds a number for each call and steps it; no Lua object crosses the border. `current` is
-- the call that is inside Lua now: only one thread is, at a time.
local sloth = ...
local probe = sloth.probe

local error, ipairs, rawequal, rawget, setmetatable, tostring, type =
  error, ipairs, rawequal, rawget, setmetatable, tostring, type
local load, pcall, clock = load, pcall, os.clock
local create, resume, status, yield = coroutine.create, coroutine.resume, coroutine.status, coroutine.yield
local close, running, yieldable = coroutine.close, coroutine.running, coroutine.isyieldable
local getinfo, getlocal, sethook = debug.getinfo, debug.getlocal, debug.sethook
local byte, format, gsub, match, sub = string.byte, string.format, string.gsub, string.match, string.sub
local pack, unpack = table.pack, table.unpack

local INSTRUCTIONS = 1000 -- between two looks of the hook at the clock
local PATIENCE = 0.005 -- seconds of CPU time between two questions to Python
local EXPIRED, OUT_OF_MEMORY = "the time limit is over", "not enough memory"
local MAX_DEPTH = 120 -- nested pcalls and coroutines; at 200 Lua could not even call the hook
local REQUEST = {} -- what a request yields first; no script ever sees it

local calls, current = {}, nil
local bases = setmetatable({}, { __mode = "k" }) -- coroutines of calls
local asking = setmetatable({}, { __mode = "k" }) -- a script's coroutines that wait for an answer
local nested = setmetatable({}, { __mode = "k" }) -- a script's coroutine → pcalls it is inside of
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
  return chunks[info.source] or info.short_src, info.linedefined
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

-- A global that is not there is most often the misspelt name of a module.
local function with_near(text)
  local name = match(text, "^attempt to %a+ a nil value %(global '(.-)'%)$")
  return name and text .. (sloth.nearest(name, sloth.env)) or text
end

local function describe(call, value)
  local text, where = split(error_text(value))
  text = with_near(text)
  if text == "attempt to yield across a C-call boundary" then
    text = "a module cannot be called from inside this callback"
  end
  local syntax = call.syntax
  if syntax and text == syntax.text then return sloth.encode { text = text, where = syntax.where, syntax = true } end
  local answer = { text = text, where = where or call.raised_at or failed_line(call.co) or call.where }
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

local function step(id, seconds, reply)
  local call = calls[id]
  call.cpu_limit, call.looked = clock() + seconds, clock()
  current = call
  local ok, first, payload = resume(call.co, reply)
  current = nil
  if ok and status(call.co) ~= "dead" and rawequal(first, REQUEST) then return "ask", payload end
  if rawequal(first, OUT_OF_MEMORY) and not ok then return "memory" end -- and make nothing new: see report
  local kind, text
  if call.over then
    kind, text = "timeout", describe(call, EXPIRED)
  elseif ok then
    kind, text = "done", first
  else
    kind, text = "error", describe(call, first)
  end
  calls[id] = nil
  return kind, text
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
  local co = arm(create(function() return body(unpack(arguments, 1, arguments.n)) end))
  bases[co] = true
  calls[id] = { co = co, where = where, looked = 0, cpu_limit = 0, over = false, depth = 0 }
  return step(id, seconds)
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

-- A script's own coroutines and pcalls: requests pass through to the call, everything else is theirs. -----

local function settle(co, depth, ok, first, ...)
  asking[co] = nil
  if ok and rawequal(first, REQUEST) then
    asking[co] = true
    return settle(co, depth, resume(co, yield(REQUEST, ...)))
  end
  local call = current
  if call.over then error(EXPIRED, 0) end
  nested[co] = call.depth - depth - 1
  call.depth = depth
  return ok, first, ...
end

-- At the memory limit a single instruction can cost a full collection: look at the clock each time.
local function caught(ok, first, ...)
  local call = current
  call.depth = call.depth - 1
  if not ok and rawequal(first, OUT_OF_MEMORY) and (call.over or is_over(call)) then
    call.over = true
    error(EXPIRED, 0)
  end
  return ok, first, ...
end

local function safe_pcall(fn, ...)
  local call = current
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
  local call = current
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
sloth.safe_pcall, sloth.OUT_OF_MEMORY = safe_pcall, OUT_OF_MEMORY
sloth.ask, sloth.request, sloth.fail = ask, request, fail
sloth.caller_line, sloth.caller_file, sloth.remember_line = caller_line, caller_file, remember_line
sloth.defined_at, sloth.first_parameter, sloth.compile, sloth.threads = defined_at, first_parameter, compile, threads
sloth.split, sloth.is_over, sloth.is_of_script = split, is_over, is_of_script
