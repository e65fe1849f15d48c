"""Comparisons of a result with a text or with true, which never hold."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import Catalog
from sloth.workflow.comparing import warnings


def lines(text: str) -> list[str]:
    return [warning.split(":")[1] for warning in warnings({"a.sloth": text}, str, Catalog())]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('local out = exec.run("x")\nif out == "" then end', id="empty"),
        pytest.param('local out, err, failed = exec.run("x")\nif out ~= "active" then end', id="the first of several"),
        pytest.param('out = exec("x")\nif "" == out then end', id="the other way around"),
        pytest.param('local out = exec:check("x")\nwhile (out == "") do end', id="with a colon"),
        pytest.param('local out = exec.run { command = "x" }\nreturn out == "a" or nil', id="a table"),
        pytest.param(
            'local sh = require("exec") local out = sh.run("x")\nif out == "" then end', id="a required module"
        ),
        pytest.param('local ok = exec.run("x")\nif ok == true then end', id="a command with true"),
        pytest.param('local ok, msg = pkg.install("x")\nif ok == false then end', id="a change with false"),
        pytest.param('local ok = pkg.install { "x" }\nif true ~= ok then end', id="a change in braces"),
    ],
)
def test_a_result_that_is_compared_with_a_text_is_warned_of(text):
    assert lines(text) == ["2"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('local out = exec.run("x").stdout\nif out == "" then end', id="the text itself"),
        pytest.param('local out, err = exec.run("x")\nif err == "" then end', id="stderr"),
        pytest.param('local out = exec.run("x")\nif out.stdout == "" then end', id="a field"),
        pytest.param('local out = exec.run("x")\nout = out:gsub("a", "")\nif out == "" then end', id="set anew"),
        pytest.param('local out = exec.run("x")\nlocal function f(out) return out == "" end', id="a parameter"),
        pytest.param('local out = exec.run("x")\nfor out in pairs({}) do print(out == "") end', id="of a loop"),
        pytest.param('local out = exec.run("x")\nfor i, out in ipairs({}) do print(out == "") end', id="its second"),
        pytest.param('local out = exec.run("x")\nlocal a, out = f()\nif out == "" then end', id="of another call"),
        pytest.param('local out = exec.run("x")\nlocal out\nif out == "" then end', id="declared anew"),
        pytest.param('local out = exec.run("x")\nif x.out == "" then end', id="another's field"),
        pytest.param('local ok = pkg.is_installed("x")\nif ok == true then end', id="a query"),
        pytest.param('local ok = state.set("x", 1)\nif ok == true then end', id="a module of values"),
        pytest.param('local ok = pkg.install("x").changed\nif ok == true then end', id="a field of a change"),
        pytest.param(
            'local ok = pkg.install("x")\nif ok == "" or ok.changed == true then end', id="a change with a text"
        ),
        pytest.param('local ok, msg = pkg.install("x")\nif msg == true then end', id="the message of a change"),
        pytest.param('local ok = nosuch.thing("x")\nif ok == true then end', id="an unknown module"),
        pytest.param('local out = exec.run("x") or ""\nif out == "" then end', id="or a text"),
    ],
)
def test_what_may_be_a_text_is_left_alone(text):
    assert lines(text) == []
