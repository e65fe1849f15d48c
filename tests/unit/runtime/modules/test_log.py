"""Laws of log lines."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import collect
from sloth.runtime.modules import log
from tests.doubles import FakeHost

ACTIONS = collect(log, "log")


def say(name, *values):
    host = FakeHost()
    action = ACTIONS[name]
    assert action.function(host, **action.bind(values, {})) is None
    assert not host.changes
    return host.logged


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("debug", "debug"),
        ("info", "info"),
        ("print", "info"),
        ("success", "success"),
        ("warn", "warning"),
        ("warning", "warning"),
        ("error", "error"),
    ],
)
def test_each_action_has_its_level(name, level):
    assert say(name, "hello") == [(level, "hello")]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(["a", "b"], "a b", id="joined"),
        pytest.param([1, 2.0, 2.5], "1 2 2.5", id="numbers as people write them"),
        pytest.param([True, {"é": [1]}], 'true {"é": [1]}', id="tables as JSON"),
        pytest.param(["{{ x }} %s"], "{{ x }} %s", id="nothing is expanded"),
    ],
)
def test_values_become_one_line(values, text):
    assert say("info", *values) == [("info", text)]


def test_print_may_say_nothing():
    assert say("print") == [("info", "")]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        pytest.param(
            ([{"name": "web1", "load": 1.5}, {"name": "db"}],),
            ["load  name", "1.5   web1", "      db"],
            id="rows with names",
        ),
        pytest.param(([{"a": 1, "b": 2}], ["b", "a"]), ["b  a", "2  1"], id="chosen columns"),
        pytest.param(([["a", 10], ["bbb"], 5],), ["a    10", "bbb", "5"], id="lists"),
        pytest.param(({"port": 80, "host": "é"},), ["host  é", "port  80"], id="names and values"),
        pytest.param(("text",), ["text"], id="no table"),
        pytest.param(([],), [""], id="empty"),
    ],
)
def test_a_table_is_said_in_columns(values, lines):
    assert say("table", *values) == [("info", "\n".join(lines))]
