"""Every action that ships, called in ways that its signature forbids: the error names the action and the argument.

The calls are made from what the actions declare, so a new action is in here from its first day.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sloth.core.errors import UsageError
from sloth.engine import command
from sloth.engine.request import Targets
from sloth.runtime.acting import Call, Here, Report
from sloth.runtime.action import Action, Parameter
from sloth.runtime.catalog import Catalog
from sloth.runtime.coercion import describe
from sloth.runtime.failure import BadArguments
from sloth.runtime.host import Settings
from sloth.runtime.token import Token
from tests.doubles import FakeHost

CATALOG = Catalog()
ACTIONS = [one for name in CATALOG.names for key, one in CATALOG.module(name).items() if key == one.name]
TABLES = ("dict[", "object", "list[object]")
MISFITS: tuple[object, ...] = (True, "no such word", -1.5, {"a": {}})  # one of these fits no type but "any value"


def takes_a_table(action: Action) -> bool:
    """Whether a lone table is its first value, and no options: then it has no unknown names."""
    return bool(action.parameters) and action.parameters[0].type.startswith(TABLES)


def misfit(parameter: Parameter) -> Iterator[object]:
    """A value that the parameter cannot take; none where it takes any."""
    for value in MISFITS:
        try:
            Action.bind(_Alone(parameter), [], {parameter.name: value})
        except BadArguments:
            yield value
            return


class _Alone(Action):
    """An action with this one parameter."""

    def __init__(self, parameter: Parameter) -> None:
        self.module, self.name, self.rest, self.parameters = "one", "parameter", "", [parameter]


def refusal(action: Action, positional: list[object], named: dict[str, object]) -> str:
    """What a host says to the call: nothing else comes of it, no change and no program that is run."""
    host = FakeHost()
    here = Here(CATALOG, host.ask, host.receive, make=lambda *_: host)
    call = Call(action.module, action.name, positional, named)
    outcome = here.act(call, Settings(), Token(), Report(lambda *_: None, lambda *_: None))
    assert isinstance(outcome.failure, BadArguments), outcome.failure
    assert (outcome.changes, host.commands, host.made) == ([], [], [])
    return outcome.failure.message


def on_the_command_line(action: Action, words: list[str]) -> UsageError:
    """What `sloth call` says to it."""
    with pytest.raises(UsageError) as caught:
        command.of_call(Targets(), "all", action.full_name, words, CATALOG)
    assert f"`sloth modules show {action.full_name}`" in caught.value.hint
    return caught.value


@pytest.mark.parametrize("action", [one for one in ACTIONS if not takes_a_table(one)], ids=lambda one: one.full_name)
def test_an_unknown_argument_is_named_with_what_may_have_been_meant(action):
    meant = max((one.name for one in action.parameters), key=len, default="")
    wrong = meant[:-1] + meant[-1:] * 2 + "z"
    said = refusal(action, [], {wrong: 1})
    assert said.startswith(f"{action.full_name}: unknown argument {wrong}")
    if len(meant) > 3:
        assert f"(did you mean {meant}?)" in said
    assert all(one.name in said.partition("it takes ")[2] for one in action.parameters)
    assert str(on_the_command_line(action, [f"{wrong}=1"])) == said


@pytest.mark.parametrize(
    "action", [one for one in ACTIONS if any(arg.required for arg in one.parameters)], ids=lambda one: one.full_name
)
def test_a_missing_argument_is_named(action):
    required = ", ".join(one.name for one in action.parameters if one.required)
    said = refusal(action, [], {})
    assert said.startswith(f"{action.full_name}: missing argument {required}; it takes ")
    error = on_the_command_line(action, [])
    assert (str(error), error.exit_code) == (said, UsageError.exit_code)


@pytest.mark.parametrize(
    ("action", "parameter", "value"),
    [
        pytest.param(action, parameter, value, id=f"{action.full_name} {parameter.name}")
        for action in ACTIONS for parameter in action.parameters for value in misfit(parameter)
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_type_is_told_with_what_is_wanted(action, parameter, value):
    given = {one.name: _fitting(one) for one in action.parameters if one.required} | {parameter.name: value}
    values = [given.get(one.name) for one in action.parameters]
    is_by_place = action.parameters[0].type == "object"  # of which a table of names is the value
    said = refusal(action, values, {}) if is_by_place else refusal(action, [], given)
    assert said.startswith(f"{action.full_name}: {parameter.name} wants {describe(parameter.type)}, got the ")


def test_only_what_takes_any_value_has_no_wrong_type():
    free = {one.type for action in ACTIONS for one in action.parameters if not list(misfit(one))}
    assert free == {"object", "str | dict[str, object] | list[object] | None"}


def _fitting(parameter: Parameter) -> object:
    """Some value that fits."""
    kinds = {"list[": [], "dict[": {}, "int": 1, "float": 1, "bool": True, "Duration": 1, "Literal": ""}
    found = next((value for kind, value in kinds.items() if parameter.type.startswith(kind)), "x")
    return parameter.type.partition("'")[2].partition("'")[0] if found == "" else found
