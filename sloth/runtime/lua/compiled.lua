-- Compiled code, read back: by the format of Lua 5.4, as string.dump writes it.
local sloth = ...

local byte, dump, string_unpack, sub = string.byte, string.dump, string.unpack, string.sub

local HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1
local CONSTANT_SIZES = { [0x00] = 0, [0x01] = 0, [0x11] = 0, [0x03] = 8, [0x13] = 8 } -- all others are strings
local FAR = 0x80 -- a step between lines that is written apart, as it fits no byte

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

-- Those constants that are strings, by their numbers.
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

local function variables(code, at)
  local count
  count, at = size(code, at)
  local found = {}
  for i = 1, count do
    local one = {}
    one.name, at = text(code, at)
    one.from, at = size(code, at)
    one.to, at = size(code, at)
    found[i] = one
  end
  return found, at
end

-- The line of each instruction.
local function lines(code, at, line)
  local count, found, apart = 0, {}, {}
  count, at = size(code, at)
  local steps = at
  local far
  far, at = size(code, at + count)
  for _ = 1, far do
    local number
    number, at = size(code, at)
    apart[number], at = size(code, at)
  end
  for i = 0, count - 1 do
    local step = byte(code, steps + i)
    line = step == FAR and apart[i] or line + (step ~ 0x80) - 0x80
    found[i] = line
  end
  return found, at
end

-- One function, and those written inside it: `first` and `count` of its instructions, `keys` (constants), `origins` (which
-- upvalue of the function around it an upvalue is), `inner`, `lines` and `variables` (none if stripped).
local function prototype(code, at)
  local it, line, count, _ = { code = code, origins = {}, inner = {} }, nil, nil, nil
  _, at = text(code, at) -- its source
  line, at = size(code, at)
  _, at = size(code, at)
  it.count, at = size(code, at + 3)
  it.first = at
  it.keys, at = constants(code, at + 4 * it.count)
  count, at = size(code, at)
  for i = 0, count - 1 do
    if byte(code, at) == 0 then it.origins[i] = byte(code, at + 1) end
    at = at + 3
  end
  count, at = size(code, at)
  for i = 1, count do it.inner[i], at = prototype(code, at) end
  it.lines, at = lines(code, at, line)
  it.variables, at = variables(code, at)
  count, at = size(code, at)
  for _ = 1, count do -- names of upvalues
    _, at = text(code, at)
  end
  return it, at
end

-- A function as data. stripped: without lines and names of variables.
function sloth.compiled(fn, stripped)
  return (prototype(dump(fn, stripped), HEADER + 1))
end

-- An instruction: its operation and its operands a, b, c.
function sloth.instruction(it, number)
  local word = string_unpack("=I4", it.code, it.first + 4 * number)
  return word & 0x7f, word >> 7 & 0xff, word >> 16 & 0xff, word >> 24 & 0xff
end
