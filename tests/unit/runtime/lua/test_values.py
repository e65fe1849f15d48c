"""Plain data keeps its meaning on its way into Lua and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.runtime.lua import values
from sloth.runtime.lua.vm import LuaError
from tests.unit.runtime.lua.script import run, script

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.binary(max_size=40).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)
SCALARS = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner | st.none(), max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=25,
)
ECHO = script("return params.value")


@given(PLAIN)
def test_plain_data_comes_back_as_it_went(value):
    # Lua has no list of one nil at the end and no empty dict in place of a list: neither is made here
    assert ECHO.call("t", params={"value": value}) == [value]


@pytest.mark.parametrize(("value", "back"), [
    pytest.param(5.0, 5, id="integral floats are integers"),
    pytest.param(1e300, 1e300, id="large floats are floats"),
    pytest.param(2**70, float(2**70), id="integers beyond 64 bits are floats"),
    pytest.param((1, 2), [1, 2], id="tuples are lists"),
    pytest.param({1: "a"}, {"1": "a"}, id="keys are strings"),
    pytest.param({"a": None}, {}, id="a null in a dict is no key"),
    pytest.param([None, None], [None, None], id="a null in a list keeps its place"),
    pytest.param([], [], id="an empty list stays a list"),
    pytest.param({}, {}, id="an empty dict stays a dict"),
    pytest.param(b"a\xff", "a\udcff", id="bytes are text"),
    pytest.param("\ud800", "?", id="half a surrogate pair is no text"),
])
def test_values_that_change_on_the_way(value, back):
    assert ECHO.call("t", params={"value": value}) == [pytest.approx(back) if isinstance(back, float) else back]


@pytest.mark.parametrize(("body", "value"), [
    pytest.param("return 10 / 2", 5, id="division gives an integer where it can"),
    pytest.param("return 7 / 2", 3.5, id="and a float where it must"),
    pytest.param("return { 1, 2, 3 }", [1, 2, 3], id="1…n is a list"),
    pytest.param("return { 'a', x = 1 }", {"1": "a", "x": 1}, id="a mix is a dict"),
    pytest.param("return { [2] = 'b' }", {"2": "b"}, id="a gap is a dict"),
    pytest.param("return {}", {}, id="an empty table is a dict"),
    pytest.param("return { [1.0] = 'a' }", ["a"], id="float keys are integers"),
    pytest.param("return '\\xff\\0'", "\udcff\0", id="bytes that are no UTF-8"),
    pytest.param("return { null, 1 }", [None, 1], id="null"),
    pytest.param("return math.mininteger", -(2**63), id="the smallest integer"),
])
def test_values_out_of_lua(body, value):
    assert run(body) == [value]


@pytest.mark.parametrize(("body", "text"), [
    pytest.param("return print", "a function cannot leave Lua", id="function"),
    pytest.param("return { a = { coroutine.create(print) } }", "a thread cannot leave Lua", id="coroutine"),
    pytest.param("return 0 / 0", "not finite", id="nan"),
    pytest.param("return math.huge", "not finite", id="infinity"),
    pytest.param("local t = {} t.t = t return t", "nested deeper than 32", id="cycle"),
    pytest.param("return { [true] = 1 }", "a boolean as a table key", id="boolean key"),
    pytest.param("return { [1.5] = 1, ['1.5'] = 2 }", "both the number and the string", id="two keys of one name"),
    pytest.param("local t = {} for i = 1, 30 do t = { t, t } end return t", "too large", id="a wide graph"),
])
def test_what_is_no_plain_data_does_not_leave_lua(body, text):
    with pytest.raises(LuaError, match=text):
        run(body)


@pytest.mark.parametrize("value", [
    pytest.param(object(), id="object"),
    pytest.param({"f": print}, id="function"),
    pytest.param("x" * (values.LIMIT + 1), id="too large"),
])
def test_what_is_no_plain_data_does_not_enter_lua(value):
    with pytest.raises(values.NotPlain):
        values.dump(value)


def test_a_cycle_does_not_enter_lua():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(values.NotPlain):
        values.dump(cycle)


def test_an_answer_that_is_nested_too_deeply_is_an_error_of_its_task():
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(LuaError, match="nested deeper than 32"):
        run("exec.run('x')", lambda request: [deep])


def test_numbers_that_are_not_finite_enter_lua():
    assert run("local a, b, c = exec.run('x') return a == math.huge, b == -math.huge, c ~= c",
               lambda request: [math.inf, -math.inf, math.nan]) == [True, True, True]
