-- State that tasks share through upvalues and globals: it does not survive a resume, another placement, another host.
--
-- Whether a function assigns an upvalue only its compiled code tells. That is read here, by the format and the few
-- instructions of Lua 5.4 that matter; a task's function is followed into the functions it holds.
local sloth = ...

local ipairs, next, tostring, type = ipairs, next, tostring, type
local dump, sort = string.dump, table.sort
local instruction = sloth.instruction
local getinfo, getupvalue, upvalueid = debug.getinfo, debug.getupvalue, debug.upvalueid

local GETUPVAL, SETUPVAL, GETTABUP, SETTABUP, SETTABLE, SETFIELD = 9, 10, 11, 15, 16, 18
local GETFIELD, CALL, TAILCALL = 14, 68, 69
local CHANGERS = { insert = true, remove = true, sort = true } -- of the module table
local KEEPS_ALL = {} -- instructions that write no register: jumps, comparisons, returns, and what follows another one
for _, range in ipairs { { 46, 48 }, { 54, 66 }, { 70, 72 }, { 78, 78 }, { 81, 82 } } do
  for operation = range[1], range[2] do KEEPS_ALL[operation] = true end
end

-- Reading compiled code -----------------------------------------------------------------------

-- What instructions do with upvalues: sets[i], reads[i] for the upvalue i as a whole or as a table, and by key. A table
-- is also set by what table.insert and its like do to it.
local function note_uses(it, uses)
  local keys = it.keys
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
  for i = 0, it.count - 1 do
    local operation, a, b, c = instruction(it, i)
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

-- Of one function and those written inside it.
local function uses_of(it)
  local uses = { sets = {}, reads = {} }
  note_uses(it, uses)
  for _, child in ipairs(it.inner) do add_uses_of_child(uses_of(child), child.origins, uses) end
  return uses
end

local known = {} -- compiled code → what it uses: the functions that a loop makes have the same

local function uses_of_function(fn)
  local code = dump(fn, true)
  known[code] = known[code] or uses_of(sloth.compiled(fn, true))
  return known[code]
end

-- What a task touches ----------------------------------------------------------------------------

local function touch(touched, kind, id, name)
  touched[kind][id] = name
end

local function follow(fn, touched, seen)
  if seen[fn] or getinfo(fn, "S").what == "C" or not sloth.is_of_script(fn) then return end
  seen[fn] = true
  local uses = uses_of_function(fn)
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
  known = {}
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
