"""data: tables of tables."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import FakeHost


def call(name: str, *args: object) -> object:
    action = Catalog().find("data", name)
    return action.function(FakeHost({}), **action.bind(args, {}))


TREE = {"a": {"b": [{"c": 1}, 2]}, "d": "x"}


@pytest.mark.parametrize(
    ("name", "args", "result"),
    [
        ("deep_merge", [{"a": {"x": 1, "l": [1]}}, {"a": {"y": 2, "l": [2]}}], {"a": {"x": 1, "y": 2, "l": [2]}}),
        ("deep_merge", [{"a": {"x": 1}}, {"a": 2}, {}], {"a": 2}),
        ("flatten", [TREE], {"a.b.1.c": 1, "a.b.2": 2, "d": "x"}),
        ("flatten", [{"a": {}, "b": []}, "/"], {"a": {}, "b": []}),
        ("unflatten", [{"a.b.1.c": 1, "a.b.2": 2, "d": "x"}], TREE),
        ("get_path", [TREE, "a.b.1.c"], 1),
        ("get_path", [TREE, "a.b.3"], None),
        ("get_path", [TREE, "d.x", "else"], "else"),
        ("set_path", [TREE, "a.b.1.c", 9], {"a": {"b": [{"c": 9}, 2]}, "d": "x"}),
        ("set_path", [TREE, "a.b.3", 9], {"a": {"b": [{"c": 1}, 2, 9]}, "d": "x"}),
        ("set_path", [{}, "a.b", 1], {"a": {"b": 1}}),
    ],
)
def test_a_table_becomes_another(name, args, result):
    assert call(name, *args) == result


def test_the_table_that_is_given_stays_as_it_is():
    given = {"a": {"b": [1]}}
    call("set_path", given, "a.b.1", 2)
    call("deep_merge", given, {"a": {"b": 3}})
    assert given == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("deep_merge", [{}, "x"], "wants tables"),
        ("set_path", [[1], "3", 1], "has no item 3"),
        ("unflatten", [{"a": 1, "a.b": 2}], "a value and a table"),
    ],
)
def test_what_makes_no_sense_is_named(name, args, said):
    with pytest.raises(ActionFailed, match=said):
        call(name, *args)
