-- What Lua 5.4 lacks: names that old files know from Lua 5.1, and a little arithmetic.
local sloth = ...
local env = sloth.env
local math = env.math

local error, ipairs, next, rawlen, type = error, ipairs, next, rawlen, type
local ceil, exp, floor, huge, log = math.ceil, math.exp, math.floor, math.huge, math.log

-- Lua 5.1 -------------------------------------------------------------------------------------

env.unpack, env.loadstring, env.table.getn = env.table.unpack, env.load, rawlen
math.mod, math.atan2 = math.fmod, math.atan

function math.pow(a, b) return a ^ b end
function math.log10(x) return log(x, 10) end
function math.sinh(x) return (exp(x) - exp(-x)) / 2 end
function math.cosh(x) return (exp(x) + exp(-x)) / 2 end

function math.tanh(x)
  if x > 20 then return 1.0 end
  if x < -20 then return -1.0 end
  return math.sinh(x) / math.cosh(x)
end

function math.ldexp(x, exponent) return x * 2.0 ^ exponent end

-- x as a fraction of [0.5, 1) and a power of 2
function math.frexp(x)
  if x == 0 or x ~= x or x == huge or x == -huge then return x, 0 end
  local exponent = floor(log(x < 0 and -x or x, 2)) + 1
  local fraction = x / 2.0 ^ exponent
  if fraction >= 1 or fraction <= -1 then return fraction / 2, exponent + 1 end
  return fraction, exponent
end

function env.table.maxn(t)
  local largest = 0
  for key in next, t do
    if type(key) == "number" and key > largest then largest = key end
  end
  return largest
end

-- Ours ----------------------------------------------------------------------------------------

-- To the nearest whole number, or to so many digits behind the point; halves go away from zero.
function math.round(x, digits)
  local factor = 10 ^ (digits or 0)
  local rounded = x < 0 and ceil(x * factor - 0.5) or floor(x * factor + 0.5)
  if factor == 1 then return rounded end
  return rounded / factor
end

function math.clamp(x, least, most)
  if least > most then error("math.clamp: the least is more than the most", 2) end
  return x < least and least or x > most and most or x
end

function math.sign(x) return x > 0 and 1 or x < 0 and -1 or 0 end
function math.trunc(x) return x < 0 and ceil(x) or floor(x) end

function math.sum(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return sum
end

function math.average(list)
  if rawlen(list) == 0 then return nil end
  return math.sum(list) / rawlen(list)
end
