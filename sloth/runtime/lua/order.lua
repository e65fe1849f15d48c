-- The order of entries of a table that has names for keys: that of the source. Lua itself keeps none.
--
-- A table that the source writes as one has the order in which its names stand there. One that was put together by
-- statements: an entry that holds a function stands where that was written; any other, and those that share a line, where
-- the source names the key.
local sloth = ...

local ipairs, next, tostring, type = ipairs, next, tostring, type
local byte, gmatch = string.byte, string.gmatch
local huge = math.huge
local concat, sort = table.concat, table.sort

-- Where a text begins its lines, where it names keys (`key =`, `["key"]`, `.key =`), where it gives names, and the tables
-- that it writes (these once they are wanted). Made once, for the last text.
local indexed = { text = "", lines = { 1 }, keys = {}, names = {} }

local function note(keys, key, start)
  local found = keys[key]
  if found == nil then keys[key] = { start } else found[#found + 1] = start end
end

-- The tables that a text writes, by their names; one that gives a name twice is none of them.
local function constructors_of(text)
  local found = {}
  for _, one in ipairs(sloth.constructors(text)) do
    local names = {}
    for _, entry in ipairs(one.names) do names[entry.name] = true end
    local keys = sloth.sorted_keys(names)
    if #keys == #one.names then note(found, concat(keys, "\0"), one) end
  end
  return found
end

local function index_of(text)
  if indexed.text == text then return indexed end
  local lines, keys, names = { 1 }, {}, {}
  for start in gmatch(text, "\n()") do lines[#lines + 1] = start end
  for start, key, after in gmatch(text, "%f[%w_]()([%a_][%w_]*)%s*=()") do
    if byte(text, after) ~= 61 then note(keys, key, start) end
  end
  for start, key in gmatch(text, "%[%s*()[\"']([^\"'\n]*)[\"']%s*%]") do note(keys, key, start) end
  for _, found in next, keys do sort(found) end
  for start, name in gmatch(text, "name%s*=%s*()[\"']([^\"'\n]*)[\"']") do note(names, name, start) end
  indexed = { text = text, lines = lines, keys = keys, names = names }
  return indexed
end

local function line_at(lines, offset)
  local low, high = 1, #lines
  while low < high do
    local middle = (low + high + 1) // 2
    if lines[middle] <= offset then low = middle else high = middle - 1 end
  end
  return low
end

-- The first line at which a function of the entry was written: of its own, or of the tasks in it.
local function written_at(value, depth)
  if type(value) == "function" then
    local _, line = sloth.defined_at(value)
    return line > 0 and sloth.is_of_script(value) and line or huge
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
local function position(index, key, value, after)
  local line, offset = written_at(value, 0), huge
  for _, start in ipairs(index.keys[key] or {}) do
    local at = line_at(index.lines, start)
    if line == huge then
      if at >= after then return at, start end
    elseif at <= line then
      offset = start
    end
  end
  return line, offset
end

-- The table of the source that has exactly these names: the first from the line `after` on, else the last before it.
local function constructor_of(keys, index, after)
  index.constructors = index.constructors or constructors_of(index.text)
  local found
  for _, one in ipairs(index.constructors[concat(keys, "\0")] or {}) do
    found = one
    if line_at(index.lines, one.at) >= after then break end
  end
  return found
end

-- The string keys of a table in the order of the source, each with its line (or that of the table).
local function in_source_order(value, text, after)
  local entries, keys = {}, sloth.sorted_keys(value)
  if #keys == 0 then return entries end
  local index = index_of(text)
  local constructor = constructor_of(keys, index, after)
  if constructor then
    for i, entry in ipairs(constructor.names) do
      entries[i] = { key = entry.name, line = line_at(index.lines, entry.at) }
    end
    return entries
  end
  for _, key in ipairs(keys) do
    local line, offset = position(index, key, value[key], after)
    if line == huge then line, offset = position(index, key, value[key], 1) end
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
    if type(item) == "function" and sloth.is_of_script(item) then
      local its_file, its_line = sloth.defined_at(item)
      if line == nil or its_line < line then file, line = its_file, its_line end
    end
  end
  if line then return file .. ":" .. tostring(line) end
  local owner, first = sloth.place(where)
  local index = index_of(sloth.text_of_file(owner))
  for _, start in ipairs(index.names[name] or {}) do
    local found = line_at(index.lines, start)
    if found >= first then return owner .. ":" .. tostring(found) end
  end
  return where
end

sloth.in_source_order, sloth.written = in_source_order, written
