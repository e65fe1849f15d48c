"""What scripts have beside Lua 5.4: names of Lua 5.1, and our own."""

from __future__ import annotations

import pytest

from sloth.runtime.lua.vm import LuaError
from tests.unit.runtime.lua.script import run


@pytest.mark.parametrize(("expression", "value"), [
    ("unpack({ 1, 2 })", [1, 2]), ("loadstring('return 1 + 1')()", [2]), ("table.getn({ 1, 2 })", [2]),
    ("table.maxn({ [1] = 1, [7] = 1, x = 1 })", [7]), ("math.pow(2, 3)", [8]), ("math.mod(7, 4)", [3]),
    ("math.log10(1000)", [3]), ("math.atan2(0, 1)", [0]), ("math.round(math.sinh(1), 4)", [1.1752]),
    ("math.round(math.cosh(1), 4)", [1.5431]), ("math.round(math.tanh(1), 4)", [0.7616]), ("math.tanh(-100)", [-1]),
    ("math.ldexp(0.5, 4)", [8]), ("math.frexp(8)", [0.5, 4]), ("math.frexp(-3)", [-0.75, 2]), ("math.frexp(0)", [0, 0]),
])
def test_names_of_lua_5_1(expression, value):
    assert run(f"return {expression}") == value


@pytest.mark.parametrize(("expression", "value"), [
    ("math.round(2.5)", [3]), ("math.round(-2.5)", [-3]), ("math.round(2.4)", [2]), ("math.round(1.256, 2)", [1.26]),
    ("math.round(1234, -2)", [1200]), ("math.type(math.round(2.5))", ["integer"]), ("math.clamp(5, 1, 3)", [3]),
    ("math.clamp(0, 1, 3)", [1]), ("math.clamp(2, 1, 3)", [2]), ("math.sign(-2)", [-1]), ("math.sign(0)", [0]),
    ("math.trunc(-1.5)", [-1]), ("math.trunc(1.5)", [1]), ("math.sum({ 1, 2, 3 })", [6]),
    ("math.average({ 1, 2, 3 })", [2]), ("math.average({})", [None]),
])
def test_arithmetic_of_ours(expression, value):
    assert run(f"return {expression}") == value


def test_a_range_without_values_is_a_mistake():
    with pytest.raises(LuaError, match=r"math\.clamp: the least is more than the most"):
        run("return math.clamp(1, 3, 2)")
