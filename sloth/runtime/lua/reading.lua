-- Reading and evaluating files: the entry, what it imports, what its roles hold.
local sloth = ...
local options = sloth.options

local ipairs, next, tostring, type = ipairs, next, tostring, type
local byte, find, gmatch, gsub, match, sub =
  string.byte, string.find, string.gmatch, string.gsub, string.match, string.sub
local concat, load, pack = table.concat, load, table.pack
local encode, env, fail = sloth.encode, sloth.env, sloth.fail

-- Paths ---------------------------------------------------------------------------------------

local function folder(path)
  return match(path, "^(.*)/[^/]*$") or ""
end

-- `relative` as seen from a file, without "." and "..". What leads outside keeps its "..": the
-- reader refuses it.
local function resolve(from, relative)
  local parts = {}
  local whole = folder(from)
  for part in gmatch(whole .. "/" .. relative, "[^/]+") do
    local last = parts[#parts]
    if part == ".." and last and last ~= ".." and not find(last, "^%l+:") then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return (byte(whole, 1) == 47 and "/" or "") .. concat(parts, "/")
end

-- How people know a file: a role's by its folder.
local function shown_as(path)
  return (gsub(gsub(path, "^role:", "roles/"), "^module:[^/]*", "modules"))
end

-- The name of a file without folder and ending.
local function stem(path)
  return (gsub(match(path, "([^/]*)$"), "%.[^.]*$", ""))
end

local paths = {} -- how people know it → path
local texts = {} -- likewise → its text

-- Sources -------------------------------------------------------------------------------------

local function clean(text)
  if sub(text, 1, 3) == "\xEF\xBB\xBF" then text = sub(text, 4) end
  if sub(text, 1, 1) == "#" then text = "--" .. text end
  return text
end

-- Where Lua stops reading is where the token ends that it complains about.
local function position(text, message)
  local consumed = 0
  load(function()
    consumed = consumed + 1
    local char = sub(text, consumed, consumed)
    return char ~= "" and char or nil
  end, "=", "t")
  local near = match(message, "near '(.*)'$")
  local at = consumed
  if near then
    for start = consumed, 1, -1 do
      if sub(text, start, start + #near - 1) == near then
        at = start
        break
      end
    end
  end
  local line, column = 1, at
  for newline in gmatch(sub(text, 1, at - 1), "()\n") do line, column = line + 1, at - newline end
  return line, column
end

local function syntax_error(text, file, message)
  local line, column = position(text, message)
  local where = file .. ":" .. tostring(line)
  sloth.current().syntax = { where = where .. ":" .. tostring(column), text = gsub(message, "^.-:%d+: ", "", 1) }
  fail(sloth.current().syntax.text, where)
end

local function read(path, where)
  return sloth.ask('{"read":' .. encode(path) .. "}", where)
end

local function compile(path, text)
  local file = shown_as(path)
  text = clean(text)
  paths["@" .. file], texts[file] = path, text
  local chunk, why = sloth.compile(text, file)
  if chunk == nil then syntax_error(text, file, why) end
  return chunk
end

-- Import and require --------------------------------------------------------------------------

local values = {} -- path → { value of the file }

-- What was imported is evaluated again, when the whole file is.
function sloth.forget_imports()
  values = {}
end

local function here()
  local stack = sloth.current().importing
  return paths[sloth.caller_file()] or (stack and stack[#stack]) or options.entry
end

-- Evaluate a file; all that it returns, packed.
local function evaluate(path, text, where)
  local call = sloth.current()
  local stack = call.importing or {} -- innermost last
  call.importing = stack
  for i, open in ipairs(stack) do
    if open == path then fail("import cycle: " .. concat(stack, " → ", i) .. " → " .. path, where) end
  end
  local chunk = compile(path, text)
  stack[#stack + 1] = path
  local returned = pack(chunk())
  stack[#stack] = nil
  if returned[1] == nil then values[path] = { true } else values[path] = { returned[1] } end
  return returned
end

local function value_of(path, text, where)
  evaluate(path, text, where)
  return values[path][1]
end

function env.import(relative)
  local where, from = sloth.caller_line(), here()
  sloth.expect(relative, "string", "import", where)
  local path = resolve(from, relative)
  if values[path] then return values[path][1] end
  local text = read(path, where)
  if text == nil then fail("import: there is no file " .. shown_as(path), where) end
  return (value_of(path, text, where))
end

function env.require(name)
  local where, from = sloth.caller_line(), here()
  sloth.expect(name, "string", "require", where)
  local module, absent = env[name], sloth.absent_modules[name]
  if type(module) == "table" and module ~= absent then return module end
  local relative = gsub(name, "%.", "/") .. ".lua"
  local tried = {}
  for i, place in ipairs { relative, "modules/" .. relative } do
    local path = resolve(from, place)
    if values[path] then return values[path][1] end
    local text = read(path, where)
    if text ~= nil then return (value_of(path, text, where)) end
    tried[i] = shown_as(path)
  end
  if absent then return absent end
  fail("require: there is no module " .. name .. " and no file " .. concat(tried, " or "), where)
end

-- Modules written in Lua: globals, like those of actions, evaluated once, before the file that may use them --------

function sloth.lua_module(name)
  local load = sloth.current() and sloth.current().load
  if not load or not options.lua_modules or not options.lua_modules[name] then return nil end
  local path = "module:" .. name .. "/" .. name .. ".lua"
  if values[path] then return values[path][1] end
  local scope = load.scope
  load.scope = { tasks = {}, handlers = {} } -- like a role: no workflow, and no call of a module
  local module = value_of(path, read(path, ""), "")
  load.scope = scope
  if type(module) ~= "table" then fail("module " .. name .. " returns no table of functions", shown_as(path) .. ":1") end
  env[name] = module
  return module
end

function sloth.load_modules()
  for _, name in ipairs(sloth.sorted_keys(options.lua_modules or {})) do sloth.lua_module(name) end
end

sloth.read, sloth.evaluate, sloth.shown_as, sloth.stem = read, evaluate, shown_as, stem
function sloth.text_of_file(file) return texts[file] or "" end

-- Adds the variables of the environment that a file names in quotes, since its tasks may read them, too.
function sloth.add_environ(names)
  for _, text in next, texts do
    for name in gmatch(text, "getenv%s*%(%s*[\"']([%w_]+)[\"']") do names[name] = true end
  end
end
