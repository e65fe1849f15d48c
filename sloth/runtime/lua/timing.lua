-- metrics.timer with a function: called, timed, and its values given on.
local sloth = ...

local rawequal, type = rawequal, type
local pack, unpack = table.pack, table.unpack
local act, caller_line, is_loading, noted = sloth.act, sloth.caller_line, sloth.is_loading, sloth.noted

local actions = sloth.actions_of.metrics or {} -- a machine may have other modules than ours

local function timer(where, name, body, labels)
  if type(body) ~= "function" then return act("metrics", "timer", where, name, body, labels) end
  local began = act("time", "now", where)
  local came = pack(body())
  act("metrics", "timer", where, name, act("time", "now", where) - began, labels)
  return unpack(came, 1, came.n)
end

function actions.timer(first, ...)
  local where = caller_line()
  if is_loading() then return noted("metrics.timer", where) end
  if rawequal(first, sloth.env.metrics) then return timer(where, ...) end
  return timer(where, first, ...)
end
