"""Whatever a file or a program says, it becomes an inventory or an error that a person can read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sloth.core.errors import InventoryError
from sloth.core.varsfile import VarsFile
from sloth.inventory import ini, programs
from sloth.inventory.constructed import Construction
from sloth.inventory.tree import build

WORDS = st.sampled_from([
    "web", "h1", "all", "ungrouped", "hosts", "vars", "children", "_meta", "hostvars", "plugin", "constructed", "groups",
    "compose", "keyed_groups", "key", "prefix", "separator", "parent_group", "strict", "ansible_host", "x > 1", "[a:c]",
])  # fmt: skip
NAMES = WORDS | st.text(max_size=8)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
LINES = st.lists(
    st.sampled_from(["[web]", "[web:vars]", "[all:children]", "h1", "h[1:3] a=1", "web", "k = v", "[", "#", "a='b' # c"])
    | st.text(max_size=20),
    max_size=8,
).map("\n".join)


def error_of(work: Callable[[], object]) -> InventoryError | None:
    """The error that it ends with."""
    try:
        work()
    except InventoryError as error:
        return error
    return None


@given(LINES)
def test_any_text_is_an_ini_inventory_or_an_error_with_a_line(text: str):
    error = error_of(lambda: build([ini.parse(text, "hosts.ini")], []))
    assert error is None or error.where.startswith("hosts.ini:") or "contain each other" in str(error)


@given(DATA)
def test_what_python_writes_is_what_an_ini_inventory_means(value: object):
    document = ini.parse(f"[web]\n[web:vars]\nx = {value!r}\n", "hosts.ini")
    assert document.values["web"]["vars"]["x"] == value


@given(st.dictionaries(NAMES, DATA, max_size=4))
def test_any_answer_of_a_program_is_an_inventory_or_an_error(answer: dict[str, object]):
    with contextlib.suppress(InventoryError):
        build([programs.document(answer, Path("cloud"))], [])


@given(st.dictionaries(NAMES, DATA, max_size=4))
def test_any_document_is_an_inventory_or_an_error(values: dict[str, object]):
    with contextlib.suppress(InventoryError):
        build([VarsFile("hosts.yml", values)], [])


@given(st.dictionaries(NAMES, DATA, max_size=4))
def test_any_constructed_file_makes_groups_or_an_error(values: dict[str, object]):
    tree = build([VarsFile("hosts.yml", {"web": {"hosts": {"h1": {"x": 1}, "h2": None}}})], [])
    with contextlib.suppress(InventoryError):
        Construction(VarsFile("rules.yml", values)).apply(tree, lambda host: {"x": 1})
        tree.finish()
