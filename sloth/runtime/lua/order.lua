-- The order of entries of a table that has names for keys: that of the source. Lua itself keeps none.
--
-- An entry that holds a function stands where that was written; any other, and those that share a line, where the
-- source names the key.
local sloth = ...

local ipairs, next, tostring, type = ipairs, next, tostring, type
local find, gmatch, gsub = string.find, string.gmatch, string.gsub
local huge = math.huge
local sort = table.sort

-- Every place at which the text has `key =`, `["key"]`, `.key =` or the like: offsets in order.
local function places_of(text, key)
  local found = {}
  local literal = gsub(key, "%W", "%%%0")
  for _, pattern in ipairs {
    "%f[%w_]()" .. literal .. "()%s*=[^=]", "%[%s*()[\"']" .. literal .. "[\"']()%s*%]",
  } do
    local at = 1
    while true do
      local _, stop, start = find(text, pattern, at)
      if start == nil then break end
      found[#found + 1], at = start, stop
    end
  end
  sort(found)
  return found
end

local function line_at(text, offset)
  local line, at = 1, 1
  while true do
    at = find(text, "\n", at, true)
    if at == nil or at >= offset then return line end
    line, at = line + 1, at + 1
  end
end

-- The first line at which a function of the entry was written: of its own, or of the tasks in it.
local function written_at(value, depth)
  if type(value) == "function" then
    local _, line = sloth.defined_at(value)
    return line > 0 and line or huge
  end
  if type(value) ~= "table" then return huge end
  local spec = sloth.specs[value]
  if spec then return spec.line end
  local first = huge
  if depth < 4 then
    for _, item in next, value do
      local line = written_at(item, depth + 1)
      if line < first then first = line end
    end
  end
  return first
end

-- Where an entry stands: its line and its offset in the text. `after`: the line from which the table can begin.
local function position(text, key, value, after)
  local line, offset = written_at(value, 0), huge
  for _, start in ipairs(places_of(text, key)) do
    local at = line_at(text, start)
    if line == huge then
      if at >= after then return at, start end
    elseif at <= line then
      offset = start
    end
  end
  return line, offset
end

-- The string keys of a table in the order of the source, each with its line (or that of the table).
local function in_source_order(value, text, after)
  local entries = {}
  for _, key in ipairs(sloth.sorted_keys(value)) do
    local line, offset = position(text, key, value[key], after)
    entries[#entries + 1] = { key = key, line = line, offset = offset, number = #entries }
  end
  sort(entries, function(a, b)
    if a.line ~= b.line then return a.line < b.line end
    if a.offset ~= b.offset then return a.offset < b.offset end
    return a.number < b.number
  end)
  for _, entry in ipairs(entries) do
    if entry.line == huge then entry.line = after end
  end
  return entries
end

-- Where a task of a list was written: at the first of its functions, else where the source gives it its name.
local function written(value, name, where)
  local file, line
  for _, item in next, value do
    if type(item) == "function" then
      local its_file, its_line = sloth.defined_at(item)
      if line == nil or its_line < line then file, line = its_file, its_line end
    end
  end
  if line then return file .. ":" .. tostring(line) end
  local owner, first = sloth.place(where)
  local text = sloth.text_of_file(owner)
  for at in gmatch(text, "name%s*=%s*()[\"']" .. gsub(name, "%W", "%%%0") .. "[\"']") do
    local found = line_at(text, at)
    if found >= first then return owner .. ":" .. tostring(found) end
  end
  return where
end

sloth.in_source_order, sloth.written = in_source_order, written
