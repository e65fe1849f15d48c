-- What to say of names that are not there: most often they are misspelt; some are Lua's, and the sandbox leaves them out.
local sloth = ...

local next = next
local find, gmatch, match = string.find, string.gmatch, string.match

local INSTEAD = {
  dofile = "import(path) reads another file of the workflow",
  loadfile = "import(path) reads another file of the workflow",
  debug = "the sandbox has none; an error tells its line by itself",
  package = "require finds what lies beside the file or in modules/",
  ["os.exit"] = "return false and why, or error(why), ends the task",
  ["os.remove"] = "fs.rm(path) does that on the host",
  ["os.rename"] = "fs.move(from, to) does that on the host",
  ["os.tmpname"] = "fs.tmpname() does that on the host",
  ["io.read"] = "nobody is there to answer; what a task wants to know are its params",
}

local function line_of(where)
  local file, wanted = match(where, "^(.*):(%d+)$")
  if not file then return "" end
  local number = 0
  for line in gmatch(sloth.text_of_file(file), "([^\n]*)\n?") do
    number = number + 1
    if number == wanted + 0 then return line end
  end
  return ""
end

-- An error of Lua's, and what helps. where: the line in which it was raised
function sloth.with_advice(text, where)
  local kind, name = match(text, "^attempt to %a+ a nil value %((%a+) '(.-)'%)$")
  if kind == "global" then
    return text .. (INSTEAD[name] and ": " .. INSTEAD[name] or (sloth.nearest(name, sloth.env)))
  elseif kind == "field" then
    local line = line_of(where)
    for full, advice in next, INSTEAD do
      if match(full, "%.(.*)") == name and find(line, full, 1, true) then return text .. ": " .. advice end
    end
  end
  return text
end
