"""What actions do in a test, in place of what they do on hosts; and what was asked of them.

A mock is a value, `{ fails = "why" }`, or a function of the arguments. Arguments are bound by the real signature first,
so a call that no host would take fails in a test as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from sloth.runtime.acting import Call, Outcome
from sloth.runtime.action import Action
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import exec as commands
from sloth.runtime.process import Done

Function = Callable[[int, list[object]], list[object]]
RAISING = frozenset({"check", "sh", "script"})
"""Actions of exec that fail when the exit code is not 0."""


class Mock(Struct, frozen=True):
    """action: `module.action`, or `module.*`. function: the number of a closure, in place of the value."""

    action: str
    value: object = None
    function: int | None = None


class Made(Struct, frozen=True):
    """A call that was made, with its arguments by name."""

    action: str
    args: Mapping[str, object]


class Mocks:
    """The mocks of one test; those that come later count first. call(number, arguments): a function of the test."""

    def __init__(self, catalog: Catalog, mocks: Sequence[Mock], call: Function) -> None:
        self.made: list[Made] = []
        self.unexpected: list[str] = []
        self._catalog = catalog
        self._mocks = list(mocks)
        self._call = call
        for mock in mocks:
            self._check(mock)

    def add(self, mock: Mock) -> None:
        """One more. Raises ActionFailed when there is no such action."""
        self._check(mock)
        self._mocks.append(mock)

    def answer(self, call: Call) -> Outcome | None:
        """What the mock says of a call; None when there is none for it."""
        outcome = Outcome()
        try:
            action = self._catalog.find(call.module, call.action)
            mock = self._find(action)
            if mock is None:
                return None
            outcome.query = action.query
            args = action.bind(call.positional, call.named, call.empty)
            self.made.append(Made(action.full_name, args))
            self._fill(outcome, action, args, self._definition(mock, args))
        except ActionFailed as error:
            outcome.failure = error
        return outcome

    def refuse(self, call: Call) -> Outcome:
        """A call for which there is no mock, where nothing may reach a machine."""
        name = f"{call.module}.{call.action}"
        self.unexpected.append(name)
        outcome = Outcome()
        outcome.failure = BadArguments(
            f'{name} is called, and the test does not say what it does: test.mock("{name}", …), or real = true'
        )
        return outcome

    def _check(self, mock: Mock) -> None:
        module, _, action = mock.action.partition(".")
        if action == "*":
            self._catalog.module(module)
        else:
            self._catalog.find(module, action)

    def _find(self, action: Action) -> Mock | None:
        names = {action.full_name, f"{action.module}.*"}
        names |= {
            f"{action.module}.{key}" for key, one in self._catalog.module(action.module).items() if _same(one, action)
        }
        return next((mock for mock in reversed(self._mocks) if mock.action in names), None)

    def _definition(self, mock: Mock, args: Mapping[str, object]) -> object:
        if mock.function is None:
            return mock.value
        returned = self._call(mock.function, [dict(args)])
        first, second = [*returned, None, None][:2]
        if not first and isinstance(second, str):
            return {"fails": second}
        return first

    def _fill(self, outcome: Outcome, action: Action, args: Mapping[str, object], definition: object) -> None:
        said: dict[str, Any] = dict(definition) if isinstance(definition, Mapping) else {"returns": definition}
        changed, fails = said.pop("changed", False), said.pop("fails", None)
        if changed is True:
            outcome.changes = [f"{action.full_name} (mocked)"]
        if fails is not None:
            raise ActionFailed(str(fails), **said)
        value = said.get("returns", said)
        if action.module == "exec":
            outcome.value = _command(action, args, value if isinstance(value, Mapping) else {"stdout": value or ""})
        elif action.query:
            outcome.value = value
        else:
            outcome.value = value if isinstance(value, Mapping) else {"message": "" if value is None else str(value)}


def _same(one: Action, other: Action) -> bool:
    return one.function is other.function


def _command(action: Action, args: Mapping[str, object], said: Mapping[str, Any]) -> object:
    """The result of a command, with all that commands bring."""
    code = said.get("exit_code")
    if code is None:
        code = 0 if said.get("success", True) else 1
    out, err = (str(said.get(key, "")).encode("utf-8", "surrogateescape") for key in ("stdout", "stderr"))
    result = commands.result_of(Done(int(code), out, err))
    if action.name in RAISING:
        commands.successful(result, str(next(iter(args.values()), action.full_name)))
    return commands.values_of(result)
