"""Every action is documented where it is written: users read it in `sloth modules show`."""

from __future__ import annotations

import inspect
import re

import pytest

from sloth.runtime.action import Action
from sloth.runtime.catalog import Catalog
from tests.house.sources import ROOT

CATALOG = Catalog()
ACTIONS = [
    pytest.param(action, id=action.full_name) for name in CATALOG.names for action in CATALOG.module(name).values()
]
every_action = pytest.mark.parametrize("action", ACTIONS)


@every_action
def test_an_action_says_what_it_does_in_a_sentence(action: Action):
    first, *rest = inspect.cleandoc(action.function.__doc__ or "").split("\n")
    assert first.endswith("."), f"{action.full_name}: {first!r}"
    assert not rest or rest[0] == "", f"{action.full_name}: the first sentence stands on a line of its own"


@every_action
def test_every_parameter_has_a_line(action: Action):
    manual = inspect.cleandoc(action.function.__doc__ or "")
    described = set(re.findall(r"^(\w+): \S", manual, re.MULTILINE)) - {"example"}
    assert described == {parameter.name for parameter in action.parameters}, action.full_name


@every_action
def test_an_action_shows_how_it_is_called(action: Action):
    examples = re.findall(r"^example: (.+)", inspect.cleandoc(action.function.__doc__ or ""), re.MULTILINE)
    call = re.compile(rf"\b{action.module}\.{action.name}\b|\b{action.module}\(|[\w)]:{action.name}\b")
    assert any(call.search(example) for example in examples), action.full_name


@pytest.mark.parametrize("name", CATALOG.names)
def test_every_module_has_tests_of_its_own(name: str):
    folder = ROOT / "tests/unit/runtime/modules"
    assert any(f"_{name}" in path.stem for path in folder.glob("test_*.py")), f"{folder}/test_{name}.py"
