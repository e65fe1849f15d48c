-- What a call's values are to the variables that take them.
--
-- A change returns its result and its message; a query its value, or nil and why. People who come from Go write
-- `local result, err = fs.write(…)` and `if err then`, others `local ok, message = pkg.install(…)` and show the message:
-- the names tell which is meant. So a variable that is called an error gets nothing when the call went well, and the
-- reason when it did not, wherever it stands. exec is left alone: its second value is stderr.
local sloth = ...

local getmetatable, rawget, setmetatable, type = getmetatable, rawget, setmetatable, type
local find, gmatch, lower, match, sub = string.find, string.gmatch, string.lower, string.match, string.sub
local max, pack, unpack = math.max, table.pack, table.unpack

local CALL = "()=%s*[%a_][%w_.:]*[.:]([%a_][%w_]*)()%s*[%({\"'%[]"

local sources, errors = {}, {} -- file → its text, until somebody asks; file → line → action → the place of its error

local function is_error(name)
  name = lower(name)
  return name == "e" or find(name, "^err") or find(name, "_err$") or find(name, "error$")
end

-- The place of the error among the variables that a line ends with; fields of a table are none.
local function place_of_error(line)
  local before, names = match(line, "^.*([^%w_, \t])(.*)$")
  names = names or line
  if before == "{" or find(names, "^%s*,") then return nil end
  names = match(names, "^.*%f[%w_]local%s(.*)$") or names
  local place = 0
  for part in gmatch(names, "[^,]+") do
    place = place + 1
    local name = match(part, "([%a_][%w_]*)%s*$")
    if name and is_error(name) then return place end
  end
  return nil
end

-- Where a source takes the error of a call, as in `local result, err = fs.write(…)`: line → action → place.
local function read(text)
  local found, line, line_start, from = {}, 1, 1, 1
  local function count(stop)
    for newline in gmatch(sub(text, from, stop - 1), "()\n") do
      line, line_start = line + 1, from + newline
    end
    from = stop
  end
  while true do
    local _, _, equals, action, stop = find(text, CALL, from)
    if not stop then return found end
    count(equals)
    local place = place_of_error(sub(text, line_start, equals - 1))
    count(stop)
    if place then
      found[line] = found[line] or {}
      found[line][action] = place
    end
  end
end

function sloth.remember_source(file, text)
  sources[file], errors[file] = text, nil
end

local function error_of(action, where)
  local file, line = match(where, "^(.*):(%d+)$")
  if sources[file] then
    errors[file] = read(sources[file])
    sources[file] = nil
  end
  local of_line = errors[file] and errors[file][line + 0]
  return of_line and of_line[action]
end

-- A table that tells of a host can be asked for its success, as the result of a change can; what stands in it does not
-- change. In data of users `success` is a key like any other.
local OF_USERS = { event = true, facts = true, log = true, metrics = true, secrets = true, state = true }
for name in gmatch(sloth.pure, "%S+") do OF_USERS[name] = true end

local SUCCESS = { __metatable = false, __index = { success = true, failed = false } }

local function can_be_asked(module, first)
  if OF_USERS[module] or type(first) ~= "table" or getmetatable(first) ~= nil or sloth.length(first) then return end
  if rawget(first, "success") == nil then setmetatable(first, SUCCESS) end
end

local function failed(first)
  return not first or type(first) == "table" and rawget(first, "failed") == true
end

-- The values of a call, as those who take them name them.
function sloth.settled(module, action, where, ...)
  can_be_asked(module, (...))
  local place = module ~= "exec" and error_of(action, where)
  if not place then return ... end
  local values = pack(...)
  if not failed(values[1]) then
    values[place] = nil
  elseif place > 2 then
    values[place] = values[2]
  end
  return unpack(values, 1, max(values.n, place))
end
