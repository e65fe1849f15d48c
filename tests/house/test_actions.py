"""Every action is documented where it is written: users read it in `sloth modules show`."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from sloth.runtime.action import Action
from sloth.runtime.catalog import PACKAGE, Catalog, collect
from tests.house.sources import ROOT

CATALOG = Catalog()
FOLDERS = sorted((ROOT / "sloth/runtime/modules").glob("*/__init__.py"))
ACTIONS: list[Action] = [action for name in CATALOG.names for action in CATALOG.module(name).values()]


def _manual(action: Action) -> str:
    return inspect.cleandoc(action.function.__doc__ or "")


def test_an_action_says_what_it_does_in_a_sentence_on_a_line_of_its_own():
    wrong = []
    for action in ACTIONS:
        first, *rest = _manual(action).split("\n")
        if not first.endswith(".") or (rest and rest[0] != ""):
            wrong.append(f"{action.full_name}: {first!r}")
    assert not wrong


def test_every_parameter_has_a_line():
    described = {
        action.full_name: set(re.findall(r"^(\w+): \S", _manual(action), re.MULTILINE)) - {"example"} | _borrowed(action)
        for action in ACTIONS
    }
    assert described == {action.full_name: {parameter.name for parameter in action.parameters} for action in ACTIONS}


def _borrowed(action: Action) -> set[str]:
    """What the docstring leaves to another action of its module."""
    return set(re.findall(r"\w+", " ".join(re.findall(r"^as in \w+: (.+)", _manual(action), re.MULTILINE))))


def test_what_is_left_to_another_action_is_told_there():
    for name in CATALOG.names:
        for action in CATALOG.module(name).values():
            for other, names in re.findall(r"^as in (\w+): (.+)", _manual(action), re.MULTILINE):
                told = re.findall(r"^(\w+): \S", _manual(CATALOG.find(name, other)), re.MULTILINE)
                assert set(re.findall(r"\w+", names)) <= set(told), action.full_name


def test_an_action_shows_how_it_is_called():
    silent = []
    for action in ACTIONS:
        examples = re.findall(r"^example: (.+)", _manual(action), re.MULTILINE)
        call = re.compile(rf"\b{action.module}\.{action.name}\b|\b{action.module}\(|[\w)]:{action.name}\b")
        if not any(call.search(example) for example in examples):
            silent.append(action.full_name)
    assert not silent


@pytest.mark.parametrize("module", [path.parent.name for path in FOLDERS])
def test_a_module_of_several_files_says_which_action_is_where(module):
    folder = ROOT / "sloth/runtime/modules" / module
    found = {
        path.stem: tuple(collect(importlib.import_module(f"{PACKAGE}.{module}.{path.stem}"), module))
        for path in folder.glob("[!_]*.py")
    }
    said = importlib.import_module(f"{PACKAGE}.{module}").PARTS
    assert {part: set(names) for part, names in said.items()} == {part: set(names) for part, names in found.items() if names}


def test_every_module_has_tests_of_its_own():
    tests = [path.stem for path in (ROOT / "tests/unit/runtime/modules").glob("test_*.py")]
    assert [name for name in CATALOG.names if not any(f"_{name}" in stem for stem in tests)] == []
