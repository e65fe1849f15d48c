-- Plain data between Lua and Python, as JSON text: the only thing that crosses the border is a string.
--
-- decode reads only what our own Python side writes. encode walks raw tables: no metamethod of a
-- script runs here. An empty list of Python comes back as an empty list, although Lua cannot tell.
local sloth = ...

local error, next, rawequal, rawget, rawlen, select, setmetatable, tonumber, tostring, type =
  error, next, rawequal, rawget, rawlen, select, setmetatable, tonumber, tostring, type
local getmetatable = debug.getmetatable -- the real one, also where a metatable is protected
local byte, char, find, format, gsub, sub = string.byte, string.char, string.find, string.format, string.gsub, string.sub
local concat, sort, unpack = table.concat, table.sort, table.unpack
local math_type, tointeger, huge = math.type, math.tointeger, math.huge

local MAX_DEPTH, MAX_BYTES, MAX_PIECES = 32, 16 << 20, 1 << 20

-- A null inside a list. Elsewhere null is nil, but a list would lose its length.
local null = setmetatable({}, { __tostring = function() return "null" end, __name = "null", __metatable = false })

local empty_lists = setmetatable({}, { __mode = "k" })
local stand_ins = setmetatable({}, { __mode = "k" }) -- table → function that gives the data it stands for
local text_fields = {} -- metatable → the field that is the table's string

local function list(items)
  items = items or {}
  if next(items) == nil then empty_lists[items] = true end
  return items
end

-- Results that are a string as well -----------------------------------------------------------

local texts = {} -- field → metatable

local function text_of(value)
  if type(value) == "table" then
    local field = text_fields[getmetatable(value)]
    if field then return rawget(value, field) end
  end
  return value
end

local function plain_text(value)
  return tostring(text_of(value))
end

local function text_metatable(field)
  local found = texts[field]
  if found then return found end
  found = {
    __metatable = false,
    __name = "text",
    __index = function(_, key)
      local method = sloth.string[key]
      return method and function(self, ...) return method(text_of(self), ...) end
    end,
    __tostring = function(self) return rawget(self, field) end,
    __len = function(self) return #rawget(self, field) end,
    __concat = function(a, b) return plain_text(a) .. plain_text(b) end,
    __eq = function(a, b) return text_of(a) == text_of(b) end,
    __lt = function(a, b) return text_of(a) < text_of(b) end,
    __le = function(a, b) return text_of(a) <= text_of(b) end,
  }
  texts[field], text_fields[found] = found, field
  return found
end

-- A table that also behaves as the string in one of its fields (not for ==: Lua compares a table
-- with a string by type alone).
local function as_text(value, field)
  if type(rawget(value, field)) ~= "string" then return value end
  return setmetatable(value, text_metatable(field))
end

-- Encoding ------------------------------------------------------------------------------------

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for code = 0, 31 do
  local control = char(code)
  escapes[control] = escapes[control] or format("\\u%04x", code)
end

local function quote(text)
  return '"' .. gsub(text, '[%c"\\]', escapes) .. '"'
end

local function add(out, piece)
  local n, size = out.n + 1, out.size + #piece
  if n > MAX_PIECES or size > MAX_BYTES then error("a value is too large to leave Lua", 0) end
  out[n], out.n, out.size = piece, n, size
end

local function number(value)
  if math_type(value) == "integer" then return format("%d", value) end
  local whole = tointeger(value)
  if whole then return format("%d", whole) end
  if value ~= value or value == huge or value == -huge then
    error("a number that is not finite (" .. tostring(value) .. ") cannot leave Lua", 0)
  end
  return format("%.17g", value)
end

-- The length of a table whose keys are exactly 1…n, or nil.
local function length(value)
  local n, count = rawlen(value), 0
  for key in next, value do
    count = count + 1
    if count > n or math_type(key) ~= "integer" or key < 1 or key > n then return nil end
  end
  return count == n and n or nil
end

local put

local function put_dict(out, value, depth)
  local keys, n, numbers = {}, 0, nil -- numbers: those keys that are no text, by their text
  for key in next, value do
    n = n + 1
    if n > MAX_PIECES then error("a value is too large to leave Lua", 0) end
    local name = key
    if type(key) == "number" then
      name, numbers = number(key), numbers or {}
      numbers[name] = key
    elseif type(key) ~= "string" then
      error("a " .. type(key) .. " as a table key cannot leave Lua", 0)
    end
    keys[n] = name
  end
  sort(keys)
  add(out, "{")
  for i = 1, n do
    local name = keys[i]
    if name == keys[i - 1] then error("a table has both the number and the string " .. name .. " as keys", 0) end
    add(out, (i > 1 and "," or "") .. quote(name) .. ":")
    put(out, rawget(value, numbers and numbers[name] or name), depth + 1)
  end
  add(out, "}")
end

local function put_table(out, value, depth)
  if rawequal(value, null) then return add(out, "null") end
  if text_fields[getmetatable(value)] then return add(out, quote(text_of(value))) end
  if stand_ins[value] then value = stand_ins[value]() end
  if depth > MAX_DEPTH then error("a table nested deeper than " .. MAX_DEPTH .. " cannot leave Lua", 0) end
  local n = length(value)
  if n == nil then return put_dict(out, value, depth) end
  if n == 0 then return add(out, empty_lists[value] and "[]" or "{}") end
  add(out, "[")
  for i = 1, n do
    if i > 1 then add(out, ",") end
    put(out, rawget(value, i), depth + 1)
  end
  add(out, "]")
end

function put(out, value, depth)
  local kind = type(value)
  if kind == "string" then
    add(out, quote(value))
  elseif kind == "number" then
    add(out, number(value))
  elseif kind == "table" then
    put_table(out, value, depth)
  elseif kind == "nil" or kind == "boolean" then
    add(out, kind == "nil" and "null" or (value and "true" or "false"))
  else
    error("a " .. kind .. " cannot leave Lua", 0)
  end
end

local function encode(value)
  local out = { n = 0, size = 0 }
  put(out, value, 0)
  return concat(out, "", 1, out.n)
end

-- All values as one list; nil keeps its place.
local function encode_all(...)
  local out = { n = 0, size = 0 }
  add(out, "[")
  for i = 1, select("#", ...) do
    if i > 1 then add(out, ",") end
    put(out, (select(i, ...)), 0)
  end
  add(out, "]")
  return concat(out, "", 1, out.n)
end

-- Decoding ------------------------------------------------------------------------------------

local unescapes = {
  ['\\"'] = '"', ["\\\\"] = "\\", ["\\n"] = "\n", ["\\r"] = "\r", ["\\t"] = "\t", ["\\b"] = "\b", ["\\f"] = "\f",
}

local function unescape(first, hex)
  if first == "u" then return char(tonumber(hex, 16)) end
  return unescapes["\\" .. first] .. hex
end

local function read_string(text, at)
  local stop = find(text, '["\\]', at)
  if byte(text, stop) == 34 then return sub(text, at, stop - 1), stop + 1 end
  while byte(text, stop) == 92 do stop = find(text, '["\\]', stop + 2) end
  local raw = sub(text, at, stop - 1)
  if find(raw, "\\u", 1, true) then return gsub(raw, "\\(.)(%x?%x?%x?%x?)", unescape), stop + 1 end
  return gsub(raw, "\\.", unescapes), stop + 1
end

local read

local function read_list(text, at, depth)
  if byte(text, at) == 93 then return list(), at + 1 end
  local items, n = {}, 0
  while true do
    n = n + 1
    local value
    value, at = read(text, at, depth + 1)
    if value == nil then value = null end
    items[n] = value
    if byte(text, at) == 93 then return items, at + 1 end
    at = at + 1
  end
end

local function read_dict(text, at, depth)
  local items = {}
  if byte(text, at) == 125 then return items, at + 1 end
  while true do
    local key, value
    key, at = read_string(text, at + 1)
    value, at = read(text, at + 1, depth + 1)
    items[key] = value
    if byte(text, at) == 125 then return items, at + 1 end
    at = at + 1
  end
end

local words = { t = true, f = false, N = 0 / 0, I = huge }

function read(text, at, depth)
  if depth > MAX_DEPTH then error("a value nested deeper than " .. MAX_DEPTH .. " cannot enter Lua", 0) end
  local first = byte(text, at)
  if first == 34 then
    local value, after = read_string(text, at + 1)
    return value, after
  elseif first == 123 then
    return read_dict(text, at + 1, depth)
  elseif first == 91 then
    return read_list(text, at + 1, depth)
  end
  local _, stop = find(text, "^[%w.+-]+", at)
  local word = sub(text, at, stop)
  local value = tonumber(word)
  if value == nil then value = words[sub(word, 1, 1)] end
  if word == "-Infinity" then value = -huge end
  return value, stop + 1
end

local function decode(text, at)
  return (read(text, at or 1, 0))
end

-- A dict that names its string in `__string` becomes a text; one that names its module in `__module` gets that module's
-- methods.
local function as_named(value)
  if type(value) ~= "table" then return value end
  local field, module = rawget(value, "__string"), rawget(value, "__module")
  if type(field) == "string" then
    value.__string = nil
    return as_text(value, field)
  elseif type(module) == "string" then
    value.__module = nil
    return sloth.as_object(value, module)
  end
  return value
end

-- The items of a list as values of their own: a top-level null is nil again.
local function decode_all(text, at)
  local items = decode(text, at)
  local n = #items
  for i = 1, n do
    if rawequal(items[i], null) then items[i] = nil else items[i] = as_named(items[i]) end
  end
  return unpack(items, 1, n)
end

sloth.null, sloth.list, sloth.length, sloth.stand_ins = null, list, length, stand_ins
sloth.as_text, sloth.as_named, sloth.text_of = as_text, as_named, text_of
sloth.encode, sloth.encode_all, sloth.decode, sloth.decode_all = encode, encode_all, decode, decode_all
