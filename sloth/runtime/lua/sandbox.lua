-- The environment of scripts: an allow-list, with limits where Lua's own C code would not come back.
--
-- The count hook cannot look into C. So sizes are limited where C loops, functions that call back
-- into Lua are written in Lua (a module call may yield inside them), and what costs much is charged.
local sloth = ...

local collectgarbage, error, getmetatable, ipairs, load, next, rawget, select, setmetatable, tonumber, tostring, type =
  collectgarbage, error, getmetatable, ipairs, load, next, rawget, select, setmetatable, tonumber, tostring, type
local debug, math, os, string, table, utf8 = debug, math, os, string, table, utf8
local find, sub = string.find, string.sub
local concat, insert, move, pack, remove, sort, unpack =
  table.concat, table.insert, table.move, table.pack, table.remove, table.sort, table.unpack
local real_metatable = debug.getmetatable

local MAX_STRING, MAX_ITEMS, MAX_SOURCE = 32 << 20, 1 << 22, 4 << 20
local MAX_PLAIN_SEARCH = 1 << 32 -- subject times needle, in bytes

local function pick(from, names)
  local chosen = {}
  for _, name in ipairs(names) do chosen[name] = from[name] end
  return chosen
end

-- Look at the clock after work that the count hook cannot see.
local work = 0
local function charge(bytes)
  work = work + bytes
  if work < 1 << 22 then return end
  work = 0
  local call = sloth.current()
  if call and sloth.is_over(call) then
    call.over = true
    error("the time limit is over", 0)
  end
end

-- Strings -------------------------------------------------------------------------------------

-- Functions that take a text first, and take a result that counts as a text for it.
local function of_texts(from, names)
  local chosen, text_of = {}, sloth.text_of
  for _, name in ipairs(names) do
    local own = from[name]
    chosen[name] = function(text, ...)
      if type(text) == "table" then text = text_of(text) end
      return own(text, ...)
    end
  end
  return chosen
end

local strings = of_texts(string, { "byte", "len", "lower", "reverse", "sub", "unpack", "upper" })
strings.char, strings.pack, strings.packsize = string.char, string.pack, string.packsize

function strings.format(form, ...)
  local given = pack(...)
  for i = 1, given.n do given[i] = sloth.text_of(given[i]) end
  return string.format(sloth.text_of(form), unpack(given, 1, given.n))
end

local function subject(value, name)
  value = sloth.text_of(value)
  if type(value) == "number" then value = tostring(value) end
  if type(value) ~= "string" then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. type(value) .. ")", 3)
  end
  charge(#value)
  return value
end

function strings.rep(text, n, separator)
  text = subject(text, "rep")
  local count = tonumber(n)
  if count == nil then error("bad argument #2 to 'rep' (number expected)", 2) end
  local size = #text + (separator and #separator or 0)
  if count <= 0 or size == 0 then return "" end
  if size * (count + 0.0) > MAX_STRING then error("resulting string too large", 2) end
  charge(size * count)
  return string.rep(text, n, separator)
end

local function check_search(text, needle)
  if type(needle) == "string" and #needle * #text > MAX_PLAIN_SEARCH then
    error("string and pattern are too long to search", 3)
  end
end

function strings.find(text, pattern, init, plain)
  text, pattern = subject(text, "find"), sloth.text_of(pattern)
  check_search(text, pattern)
  return find(text, pattern, init, plain)
end

function strings.match(text, pattern, init)
  text, pattern = subject(text, "match"), sloth.text_of(pattern)
  check_search(text, pattern)
  return string.match(text, pattern, init)
end

function strings.gmatch(text, pattern, init)
  text, pattern = subject(text, "gmatch"), sloth.text_of(pattern)
  check_search(text, pattern)
  return string.gmatch(text, pattern, init)
end

-- What a match is replaced by, when a function or a table with metamethods decides.
local function replacement(by, whole, first, ...)
  if first == nil then first = whole end
  local value
  if type(by) == "function" then value = by(first, ...) else value = by[first] end
  value = sloth.text_of(value)
  if not value then return whole end
  if type(value) ~= "string" and type(value) ~= "number" then
    error("invalid replacement value (a " .. type(value) .. ")", 0)
  end
  return value
end

-- As Lua's own: an empty match right behind a match does not count.
local function gsub_in_lua(text, pattern, by, limit)
  local anchored = sub(pattern, 1, 1) == "^"
  local out, n, count, at, copied, ended = {}, 0, 0, 1, 1, nil
  while count < limit do
    local found = pack(find(text, pattern, at))
    local start, stop = found[1], found[2]
    if start == nil then break end
    if stop < start and start == ended then
      at, ended = start + 1, nil
    else
      out[n + 1] = sub(text, copied, start - 1)
      out[n + 2] = replacement(by, sub(text, start, stop), unpack(found, 3, found.n))
      n, count = n + 2, count + 1
      copied, at, ended = stop + 1, stop + 1, stop + 1
    end
    if anchored or at > #text + 1 then break end
  end
  out[n + 1] = sub(text, copied)
  return concat(out, "", 1, n + 1), count
end

function strings.gsub(text, pattern, by, limit)
  text, pattern = subject(text, "gsub"), sloth.text_of(pattern)
  check_search(text, pattern)
  by = sloth.text_of(by)
  if type(by) == "function" or (type(by) == "table" and real_metatable(by)) then
    if type(pattern) ~= "string" then error("bad argument #2 to 'gsub' (string expected)", 2) end
    return gsub_in_lua(text, pattern, by, limit or math.maxinteger)
  end
  return string.gsub(text, pattern, by, limit)
end

-- Tables --------------------------------------------------------------------------------------

local tables = { pack = pack }

local function check_table(value, name)
  if type(value) ~= "table" then
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. type(value) .. ")", 3)
  end
end

local function check_range(first, last)
  first, last = tonumber(first) or 1, tonumber(last) or 0
  if last - first > MAX_ITEMS then error("too many elements", 3) end
  charge((last - first) * 8)
end

function tables.insert(t, ...)
  check_table(t, "insert")
  local n = select("#", ...)
  if real_metatable(t) == nil then
    if n > 1 then charge(#t * 8) end
    return insert(t, ...)
  end
  if n == 1 then
    t[#t + 1] = ...
    return
  end
  local position, value = ...
  if n ~= 2 then error("wrong number of arguments to 'insert'", 2) end
  for i = #t, position, -1 do t[i + 1] = t[i] end
  t[position] = value
end

function tables.remove(t, position)
  check_table(t, "remove")
  if real_metatable(t) == nil then
    if position then charge(#t * 8) end
    if position == nil then return remove(t) end
    return remove(t, position)
  end
  local n = #t
  position = position or n
  local value = t[position]
  for i = position, n - 1 do t[i] = t[i + 1] end
  if position <= n then t[n] = nil end
  return value
end

function tables.concat(t, separator, first, last)
  check_table(t, "concat")
  first, last = first or 1, last or #t
  check_range(first, last)
  local items = {}
  for i = first, last do
    local item = sloth.text_of(t[i])
    if type(item) ~= "string" and type(item) ~= "number" then
      error("invalid value (at index " .. tostring(i) .. ") in table for 'concat'", 2)
    end
    items[i - first + 1] = item
  end
  return concat(items, sloth.text_of(separator), 1, last >= first and last - first + 1 or 0)
end

function tables.move(from, first, last, target, to)
  check_table(from, "move")
  check_range(first, last)
  return move(from, first, last, target, to)
end

function tables.unpack(t, first, last)
  first, last = first or 1, last or #t
  check_range(first, last)
  return unpack(t, first, last)
end

local function less(a, b) return a < b end

-- A stable merge sort: the comparator may call modules, and may be inconsistent without harm.
local function merge_sort(t, n, before)
  local from, to, width = t, {}, 1
  while width < n do
    for low = 1, n, 2 * width do
      local middle = low + width <= n and low + width or n + 1
      local high = low + 2 * width <= n and low + 2 * width or n + 1
      local a, b = low, middle
      for i = low, high - 1 do
        if a < middle and (b >= high or not before(from[b], from[a])) then
          to[i], a = from[a], a + 1
        else
          to[i], b = from[b], b + 1
        end
      end
    end
    from, to, width = to, from, 2 * width
  end
  if from ~= t then
    for i = 1, n do t[i] = from[i] end
  end
end

-- Numbers and strings alone are compared in C; one kind at a time.
local function is_simple(t, n)
  local kind = type(t[1])
  if kind ~= "number" and kind ~= "string" then return false end
  for i = 2, n do
    if type(t[i]) ~= kind then return false end
  end
  return true
end

function tables.sort(t, before)
  check_table(t, "sort")
  local n = #t
  if n > MAX_ITEMS then error("array too big", 2) end
  if before == nil and real_metatable(t) == nil and n < 1 << 16 and is_simple(t, n) then return sort(t) end
  merge_sort(t, n, before or less)
end

-- The rest of the environment -----------------------------------------------------------------

local function safe_setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("__gc is not available: use __close or an explicit call", 2)
  end
  return setmetatable(t, metatable)
end

local function safe_getmetatable(value)
  if type(value) ~= "table" then return nil end
  return getmetatable(value)
end

local function handled(handler, ok, ...)
  if ok then return true, ... end
  return false, select(2, sloth.safe_pcall(handler, (...)))
end

local function safe_xpcall(fn, handler, ...)
  return handled(handler, sloth.safe_pcall(fn, ...))
end

local function read_all(reader)
  local parts, n, size = {}, 0, 0
  while true do
    local part = reader()
    if part == nil or part == "" then return concat(parts, "", 1, n) end
    if type(part) ~= "string" then error("reader function must return a string", 0) end
    n, size = n + 1, size + #part
    if size > MAX_SOURCE then error("chunk too large", 0) end
    parts[n] = part
  end
end

local function safe_load(chunk, name, _, ...)
  if type(chunk) == "function" then chunk = read_all(chunk) end
  if type(chunk) ~= "string" then error("bad argument #1 to 'load' (string expected)", 2) end
  if #chunk > MAX_SOURCE then return nil, "chunk too large" end
  name = type(name) == "string" and sub(name, 1, 80) or "(load)"
  local environment = sloth.env
  if select("#", ...) > 0 then environment = ... end
  return load(chunk, "=" .. (find(name, "^[=@]") and sub(name, 2) or name), "t", environment)
end

-- tonumber(exec.run(…)) gets stderr for its base.
local function safe_tonumber(value, base, ...)
  if type(value) == "table" and type(base) == "string" then return tonumber(sloth.text_of(value)) end
  if base == nil then return tonumber(sloth.text_of(value)) end
  return tonumber(sloth.text_of(value), base, ...)
end

local function safe_collectgarbage(option)
  if option == "count" then return collectgarbage("count") end
  return 0
end

local env = {
  _VERSION = _VERSION,
  assert = assert, error = error, getmetatable = safe_getmetatable, ipairs = ipairs, load = safe_load, next = next,
  pairs = pairs, pcall = sloth.safe_pcall, rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset,
  select = select, setmetatable = safe_setmetatable, tonumber = safe_tonumber, tostring = tostring, type = type,
  xpcall = safe_xpcall, collectgarbage = safe_collectgarbage,
  string = strings, table = tables, coroutine = sloth.threads,
  math = pick(math, {
    "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger",
    "min", "mininteger", "modf", "pi", "rad", "random", "randomseed", "sin", "sqrt", "tan", "tointeger", "type", "ult",
  }),
  utf8 = of_texts(utf8, { "codepoint", "codes", "len", "offset" }),
  os = pick(os, { "clock", "date", "difftime", "time" }),
  null = sloth.null,
}
env.utf8.char, env.utf8.charpattern = utf8.char, utf8.charpattern
env._G = env

-- A script sees our string functions behind every string. Names of a task are strings that may also
-- be called: this.name and this.name() are the same.
local string_metatable = real_metatable("")
string_metatable.__index = strings
string_metatable.__metatable = false
string_metatable.__call = function(text)
  local call = sloth.current()
  if call and call.names and call.names[text] then return text end
  error("attempt to call a string value", 2)
end

sloth.env, sloth.string = env, strings
