-- io.open, io.popen, os.execute and the like, as old files use them: files and commands of the host the task runs on.
--
-- What is written reaches the file when it is closed, or when the task's function returns.
local sloth = ...
local env = sloth.env

local error, ipairs, select, setmetatable, tonumber, tostring, type =
  error, ipairs, select, setmetatable, tonumber, tostring, type
local find, gsub, match, sub = string.find, string.gsub, string.match, string.sub
local concat, pack, unpack = table.concat, table.pack, table.unpack
local act, caller_line, current, expect, text_of = sloth.act, sloth.caller_line, sloth.current, sloth.expect, sloth.text_of

local methods = {}
local file_metatable = { __name = "FILE*", __metatable = false, __index = methods }
function file_metatable.__tostring(file) return file.closed and "file (closed)" or "file (" .. file.path .. ")" end
file_metatable.__close = function(file) if not file.closed then methods.close(file) end end

local function new_file(path, where, fields)
  fields.path, fields.where, fields.at, fields.written = path, where, 1, {}
  local open = current().files or {}
  current().files = open
  open[#open + 1] = fields
  return setmetatable(fields, file_metatable)
end

local function check_open(file)
  if file.closed then error("attempt to use a closed file", 3) end
end

-- Reading -------------------------------------------------------------------------------------

local function read_line(file, keep)
  local text = file.content
  if file.at > #text then return nil end
  local stop = find(text, "\n", file.at, true)
  local line = sub(text, file.at, stop and (keep and stop or stop - 1) or #text)
  file.at = (stop or #text) + 1
  return line
end

local function read_one(file, format)
  if type(format) == "number" then
    if file.at > #file.content then return nil end
    local text = sub(file.content, file.at, file.at + format - 1)
    file.at = file.at + #text
    return text
  end
  local kind = match(tostring(format), "^%*?(%a)")
  if kind == "a" then
    local text = sub(file.content, file.at)
    file.at = #file.content + 1
    return text
  elseif kind == "l" or kind == "L" then
    return read_line(file, kind == "L")
  elseif kind == "n" then
    local number, stop = match(file.content, "^%s*([+-]?[%w.]+)()", file.at)
    if number then file.at = stop end
    return tonumber(number)
  end
  error("bad argument to 'read' (invalid format)", 3)
end

function methods.read(file, ...)
  check_open(file)
  if file.content == nil then return nil, "this file is only written" end
  local formats, found = pack(...), {}
  if formats.n == 0 then formats = { "l", n = 1 } end
  for i = 1, formats.n do
    found[i] = read_one(file, text_of(formats[i]))
    if found[i] == nil then return unpack(found, 1, i) end
  end
  return unpack(found, 1, formats.n)
end

function methods.lines(file, ...)
  local formats = pack(...)
  return function() return file:read(unpack(formats, 1, formats.n)) end
end

function methods.seek(file, whence, offset)
  check_open(file)
  local size = #(file.content or concat(file.written))
  local from = ({ set = 0, cur = file.at - 1, ["end"] = size })[whence or "cur"]
  if from == nil then error("bad argument #1 to 'seek' (invalid option)", 2) end
  file.at = from + (offset or 0) + 1
  return file.at - 1
end

-- Writing -------------------------------------------------------------------------------------

function methods.write(file, ...)
  check_open(file)
  if file.content ~= nil then return nil, "this file is only read" end
  for i = 1, select("#", ...) do file.written[#file.written + 1] = tostring((select(i, ...))) end
  if file.show then methods.flush(file) end
  return file
end

function methods.flush(file)
  check_open(file)
  if file.show then
    local text = concat(file.written)
    file.written = {}
    if text ~= "" then file.show(gsub(text, "\n$", "")) end
  end
  return file
end

function methods.setvbuf() return true end

function methods.close(file)
  check_open(file)
  file.closed = true
  if file.finish then return file.finish(concat(file.written)) end
  return true
end

-- What a task has left open is closed when its function returns.
function sloth.close_files(call)
  for _, file in ipairs(call.files or {}) do
    if not file.closed then file:close() end
  end
end

-- io and os -----------------------------------------------------------------------------------

local io = {}

local function ended(result)
  local code = result.exit_code or 0
  if code == 0 then return true, "exit", 0 end
  return nil, "exit", code
end

function io.open(path, mode)
  local where = caller_line()
  path, mode = expect(path, "string", "io.open", where), text_of(mode) or "r"
  local kind = match(tostring(mode), "^([rwa])b?$")
  if kind == nil then error("io.open: mode '" .. tostring(mode) .. "' is not there: r, w and a are", 2) end
  if kind == "r" then
    local content, why = act("fs", "read", where, path)
    if type(content) ~= "string" then return content, why, content == nil and 2 or nil end
    return new_file(path, where, { content = content })
  end
  return new_file(path, where, { finish = function(text)
    act("fs", kind == "w" and "write" or "append", where, path, text)
    return true
  end })
end

function io.popen(command, mode)
  local where = caller_line()
  command = expect(command, "string", "io.popen", where)
  if match(text_of(mode) or "r", "^w") then
    return new_file(command, where, { finish = function(text)
      return ended(act("exec", "run", where, command, { stdin = text }))
    end })
  end
  local result = act("exec", "run", where, command)
  return new_file(command, where, { content = tostring(result.stdout), finish = function() return ended(result) end })
end

function io.lines(path, ...)
  local where = caller_line()
  local content, why = act("fs", "read", where, expect(path, "string", "io.lines", where))
  if content == nil then error(why, 2) end
  return new_file(path, where, { content = tostring(content) }):lines(...)
end

local function shown(level)
  return setmetatable({
    path = level, at = 1, written = {}, show = function(text) env.log[level](text) end,
    finish = function() return nil, "a standard file stays open" end,
  }, file_metatable)
end

io.stdout, io.stderr = shown("info"), shown("warn")

function io.write(...)
  return io.stdout:write(...)
end

function io.type(value)
  if type(value) ~= "table" or value.read ~= methods.read then return nil end
  return value.closed and "closed file" or "file"
end

env.io = io

-- As the Lua of old files had it: the exit code comes first, and 0 is success.
function env.os.execute(command)
  local where = caller_line()
  if command == nil then return true end
  local result = act("exec", "run", where, expect(command, "string", "os.execute", where))
  local code = result.exit_code or 0
  return code, "exit", code
end
