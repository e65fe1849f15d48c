-- The tables that a text writes, as `{ name = …, ["name"] = … }`: their names in the order of the source.
local sloth = ...

local byte, find, match, sub = string.byte, string.find, string.match, string.sub

local BEGINS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local ENDS = { ["end"] = true, ["until"] = true }
local OPENING, CLOSING = { ["{"] = true, ["("] = true, ["["] = true }, { ["}"] = true, [")"] = true, ["]"] = true }
local SEPARATES = { ["{"] = true, [","] = true, [";"] = true }

-- Where a comment or a string that begins at `at` has ended; nil when there is none.
local function skipped(text, at)
  local first = byte(text, at)
  local is_comment = sub(text, at, at + 1) == "--"
  local level = match(text, "^%[(=*)%[", is_comment and at + 2 or at)
  if level then
    local _, stop = find(text, "]" .. level .. "]", at, true)
    return (stop or #text) + 1
  elseif is_comment then
    return (find(text, "\n", at, true) or #text) + 1
  elseif first == 34 or first == 39 then -- quotes
    local quote = sub(text, at, at)
    local stop = at + 1
    while stop <= #text and sub(text, stop, stop) ~= quote do
      stop = stop + (byte(text, stop) == 92 and 2 or 1)
    end
    return stop + 1
  end
  return nil
end

-- The name of an entry that begins at `at`, if one does.
local function entry_name(text, at)
  local name, sign = match(text, "^([%a_][%w_]*)%s*=()", at)
  if not name then name, sign = match(text, "^%[%s*[\"']([^\"'\n]*)[\"']%s*%]%s*=()", at) end
  return name and byte(text, sign) ~= 61 and name or nil
end

-- All tables of a text, each as { at = offset, names = { { name, at }, … } }, in the order in which they begin.
function sloth.constructors(text)
  local found, open, before, at = {}, {}, "", 1
  while true do
    at = find(text, "%S", at)
    if not at then return found end
    local around = open[#open]
    local after, token = skipped(text, at), nil
    if after then
      if sub(text, at, at + 1) ~= "--" then before = "" end
    else
      if around and around.names and SEPARATES[before] then
        local name = entry_name(text, at)
        if name then around.names[#around.names + 1] = { name = name, at = at } end
      end
      token = match(text, "^[%w_]+", at) or sub(text, at, at)
      if token == "{" then
        local one = { at = at, names = {} }
        found[#found + 1], open[#open + 1] = one, one
      elseif OPENING[token] or BEGINS[token] then
        open[#open + 1] = {}
      elseif CLOSING[token] or ENDS[token] then
        open[#open] = nil
      end
      before, after = token, at + #token
    end
    at = after
  end
end
