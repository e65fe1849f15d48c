-- What a declaration may say: names that nobody knows, values of the wrong kind, each told with its line.
local sloth = ...

local ipairs, next, pcall, select, setmetatable, tostring, type = ipairs, next, pcall, select, setmetatable, tostring, type
local byte, find, lower, match = string.byte, string.find, string.lower, string.match
local min, tointeger = math.min, math.tointeger
local concat, sort = table.concat, table.sort
local fail, list, text_of = sloth.fail, sloth.list, sloth.text_of

-- Names nobody knows --------------------------------------------------------------------------

local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal
    diagonal, row[0] = row[0], i
    for j = 1, #b do
      local cost = byte(a, i) == byte(b, j) and 0 or 1
      diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

-- ": did you mean 'x'?" for the nearest of the names, or nothing; and the names in order.
local function nearest(name, names)
  local sorted = {}
  for known in next, names do
    if type(known) == "string" then sorted[#sorted + 1] = known end
  end
  sort(sorted)
  local best, least = nil, #name // 3 + 2
  for _, known in ipairs(sorted) do
    local d = #name <= 64 and distance(lower(name), known) or least
    if d < least then best, least = known, d end
  end
  return best and ": did you mean '" .. best .. "'?" or "", sorted
end

-- The nearest of the names, or all of them.
local function near(name, names)
  local hint, sorted = nearest(name, names)
  if hint ~= "" or #sorted == 0 then return hint end
  return "; there are " .. concat(sorted, ", ")
end

-- Types ---------------------------------------------------------------------------------------

local ARTICLE = { ["function"] = "a function", table = "a table", string = "a string", number = "a number",
  boolean = "true or false", ["nil"] = "nothing" }

local specs = setmetatable({}, { __mode = "k" }) -- builder → what was declared

local function mismatch(what, wanted, value, where)
  local spec, kind = specs[value], type(value)
  local got = spec and "one " .. spec.kind or ARTICLE[kind] or "a " .. kind
  if kind == "number" or kind == "boolean" then got = tostring(value) end
  fail(what .. " wants " .. wanted .. ", got " .. got, where)
end

local function expect(value, kind, what, where)
  value = text_of(value)
  if type(value) ~= kind then mismatch(what, ARTICLE[kind], value, where) end
  return value
end

local function flag(value, what, where)
  if value == nil then return true end
  return expect(value, "boolean", what, where)
end

local function string_or_function(value, what, where)
  value = text_of(value)
  if type(value) ~= "string" and type(value) ~= "function" then
    mismatch(what, "a shell string or a function", value, where)
  end
  return value
end

local function duration(value, what, where)
  value = text_of(value)
  if type(value) ~= "string" and (type(value) ~= "number" or value <= 0) then
    mismatch(what, "a number of seconds above 0 or a string such as \"2m\"", value, where)
  end
  return value
end

-- Plain data by name, copied now, so that a mistake in it has its line.
local function data(value, what, where)
  expect(value, "table", what, where)
  for key in next, value do
    if type(key) ~= "string" then fail(what .. " wants { name = value, … }, got a value without a name", where) end
  end
  local ok, encoded = pcall(sloth.encode, value)
  if not ok then fail(what .. ": " .. encoded, where) end
  return sloth.decode(encoded)
end

-- Names as one string, several, a list, or objects that have a name.
local function names(what, where, ...)
  local found = {}
  local function add(value, depth)
    value = text_of(value)
    if type(value) == "string" then
      found[#found + 1] = value
    elseif specs[value] then
      found[#found + 1] = specs[value].name
    elseif type(value) == "table" and depth == 0 and sloth.length(value) then
      for _, item in ipairs(value) do add(item, 1) end
    else
      mismatch(what, "a name or a list of names", value, where)
    end
  end
  for i = 1, select("#", ...) do add((select(i, ...)), 0) end
  return list(found)
end

-- A pattern of hosts. One that holds nothing would stand for all of them, which nobody means who writes it.
local function host_pattern(what, where, ...)
  local pattern = concat(names(what, where, ...), ",")
  if not find(pattern, "[^%s,]") then fail(what .. " names no host: leave it out where all are meant", where) end
  return pattern
end

local function place(where)
  local file, line = match(where, "^(.*):(%d+)$")
  return file or where, tointeger(line) or 0
end

-- The string keys of a table in a fixed order: what they say is checked one after the other.
local function sorted_keys(value)
  local keys = {}
  for key in next, value do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  sort(keys)
  return keys
end

-- A key of a table that means nothing: a misspelt one is an error, any other a warning, as the tables of old files hold
-- notes of their authors.
local function unknown_key(owner, key, known, where)
  local hint = nearest(key, known)
  if hint ~= "" then fail(owner .. ": unknown key " .. key .. hint, where) end
  sloth.warn(owner .. ": the key " .. key .. " means nothing here", where)
end

sloth.near, sloth.nearest, sloth.expect, sloth.mismatch = near, nearest, expect, mismatch
sloth.string_or_function, sloth.duration, sloth.flag, sloth.data, sloth.names =
  string_or_function, duration, flag, data, names
sloth.specs, sloth.place, sloth.sorted_keys, sloth.unknown_key = specs, place, sorted_keys, unknown_key
sloth.host_pattern = host_pattern
