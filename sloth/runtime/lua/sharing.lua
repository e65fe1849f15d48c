-- State that tasks share through upvalues and globals: it does not survive a resume, another placement, another host.
--
-- Whether a function assigns an upvalue only its compiled code tells. That is read here, by the format and the few
-- instructions of Lua 5.4 that matter; a task's function is followed into the functions it holds.
local sloth = ...

local ipairs, next, tostring, type = ipairs, next, tostring, type
local byte, dump, string_unpack, sub = string.byte, string.dump, string.unpack, string.sub
local sort = table.sort
local getinfo, getupvalue, upvalueid = debug.getinfo, debug.getupvalue, debug.upvalueid

local HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1
local GETUPVAL, SETUPVAL, GETTABUP, SETTABUP, SETTABLE, SETFIELD = 9, 10, 11, 15, 16, 18
local GETFIELD, CALL, TAILCALL = 14, 68, 69
local CHANGERS = { insert = true, remove = true, sort = true } -- of the module table
local KEEPS_ALL = {} -- instructions that write no register: jumps, comparisons, returns, and what follows another one
for _, range in ipairs { { 46, 48 }, { 54, 66 }, { 70, 72 }, { 78, 78 }, { 81, 82 } } do
  for operation = range[1], range[2] do KEEPS_ALL[operation] = true end
end
local CONSTANT_SIZES = { [0x00] = 0, [0x01] = 0, [0x11] = 0, [0x03] = 8, [0x13] = 8 } -- all others are strings

-- Reading compiled code -----------------------------------------------------------------------

local function size(code, at)
  local value = 0
  while true do
    local digit = byte(code, at)
    at, value = at + 1, value << 7 | digit & 0x7f
    if digit & 0x80 ~= 0 then return value, at end
  end
end

local function text(code, at)
  local length
  length, at = size(code, at)
  if length == 0 then return nil, at end
  return sub(code, at, at + length - 2), at + length - 1
end

local function constants(code, at)
  local count
  count, at = size(code, at)
  local found = {}
  for i = 0, count - 1 do
    local kind = byte(code, at)
    at = at + 1
    if CONSTANT_SIZES[kind] then at = at + CONSTANT_SIZES[kind] else found[i], at = text(code, at) end
  end
  return found, at
end

-- What instructions do with upvalues: sets[i], reads[i] for the upvalue i as a whole or as a table, and by key. A table
-- is also set by what table.insert and its like do to it.
local function note_uses(code, first, count, keys, uses)
  local holders = {} -- register → the upvalue, or its field, that it was loaded with
  local changers = {} -- register → true: a function that changes the table it gets first
  local function note(kind, upvalue, key)
    uses[kind][upvalue] = uses[kind][upvalue] or {}
    uses[kind][upvalue][key or true] = true
  end
  local function note_change(register)
    local held = holders[register]
    if held then note("sets", held.upvalue, held.key) end
  end
  for i = 0, count - 1 do
    local word = string_unpack("<I4", code, first + 4 * i)
    local operation, a, b, c = word & 0x7f, word >> 7 & 0xff, word >> 16 & 0xff, word >> 24 & 0xff
    if operation == SETUPVAL then
      note("sets", b)
    elseif operation == SETTABUP then
      note("sets", a, keys[b])
    elseif operation >= SETTABLE and operation <= SETFIELD then
      note_change(a)
    elseif (operation == CALL or operation == TAILCALL) and changers[a] then
      note_change(a + 1)
      holders[a], changers[a] = nil, nil
    elseif not KEEPS_ALL[operation] then
      local from = holders[b]
      holders[a], changers[a] = nil, nil
      if operation == GETUPVAL then
        note("reads", b)
        holders[a] = { upvalue = b }
      elseif operation == GETTABUP then
        note("reads", b, keys[c])
        holders[a] = { upvalue = b, key = keys[c] }
      elseif operation == GETFIELD and from and from.key == "table" then
        changers[a] = CHANGERS[keys[c]]
      end
    end
  end
end

local function add_uses_of_child(child, origins, uses)
  for _, kind in ipairs { "sets", "reads" } do
    for upvalue, keys in next, child[kind] do
      local origin = origins[upvalue]
      if origin then
        uses[kind][origin] = uses[kind][origin] or {}
        for key in next, keys do uses[kind][origin][key] = true end
      end
    end
  end
end

-- One function and those written inside it.
local function prototype(code, at)
  local uses, _ = { sets = {}, reads = {} }, nil
  _, at = text(code, at) -- its source
  _, at = size(code, at)
  _, at = size(code, at)
  local count, keys
  count, at = size(code, at + 3)
  local first = at
  keys, at = constants(code, at + 4 * count)
  note_uses(code, first, count, keys, uses)
  local origins = {} -- upvalue → which of the function around it that is
  count, at = size(code, at)
  for i = 0, count - 1 do
    if byte(code, at) == 0 then origins[i] = byte(code, at + 1) end
    at = at + 3
  end
  count, at = size(code, at)
  for _ = 1, count do
    local child
    child, at = prototype(code, at)
    add_uses_of_child(child.uses, child.origins, uses)
  end
  for _ = 1, 4 do -- lines, names of locals and of upvalues: stripped
    _, at = size(code, at)
  end
  return { uses = uses, origins = origins }, at
end

-- What a task touches ----------------------------------------------------------------------------

local function touch(touched, kind, id, name)
  touched[kind][id] = name
end

local function follow(fn, touched, seen)
  if seen[fn] or getinfo(fn, "S").what == "C" or not sloth.is_of_script(fn) then return end
  seen[fn] = true
  local uses = prototype(dump(fn, true), HEADER + 1).uses
  for _, kind in ipairs { "sets", "reads" } do
    for upvalue, keys in next, uses[kind] do
      local name, value = getupvalue(fn, upvalue + 1)
      if value == sloth.env then
        for key in next, keys do
          if key ~= true then touch(touched, kind, "global " .. key, key) end
        end
      elseif name then
        touch(touched, kind, upvalueid(fn, upvalue + 1), name)
      end
    end
  end
  for i = 1, 255 do
    local name, value = getupvalue(fn, i)
    if name == nil then break end
    if type(value) == "function" then follow(value, touched, seen) end
  end
end

local SLOTS = {
  "command", "run_if", "abort_if", "changed_if", "failed_if", "pre_hook", "post_hook", "on_success", "on_failure",
  "on_retry", "on_timeout", "on_skip", "on_complete",
}

local function touched_by(spec)
  local touched, seen = { sets = {}, reads = {} }, {}
  for _, slot in ipairs(SLOTS) do
    if type(spec[slot]) == "function" then follow(spec[slot], touched, seen) end
  end
  return touched
end

-- Warn of each value that one task of a workflow sets and another reads.
function sloth.warn_of_sharing(tasks)
  local setters, touched = {}, {}
  for i, spec in ipairs(tasks) do
    touched[i] = touched_by(spec)
    for id in next, touched[i].sets do setters[id] = setters[id] or spec end
  end
  for i, spec in ipairs(tasks) do
    local shared = {}
    for id, name in next, touched[i].reads do
      local setter = setters[id]
      if setter and setter ~= spec then shared[#shared + 1] = { name, setter } end
    end
    sort(shared, function(a, b) return a[1] < b[1] end)
    for _, one in ipairs(shared) do
      sloth.warn(
        "task '" .. spec.name .. "' reads " .. one[1] .. ", which task '" .. one[2].name
          .. "' sets: that is lost on a resume and on other hosts; return it as an output and read it from deps",
        spec.file .. ":" .. tostring(spec.line)
      )
    end
  end
end
