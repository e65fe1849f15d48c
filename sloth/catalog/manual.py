"""The manual of every module, read off its code: signatures say what is taken, docstrings what it means.

`sloth modules` and whoever else shows documentation ask here. The form of an action's docstring is
told in sloth/runtime/action.py.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sloth.core.errors import UsageError
from sloth.core.near import near
from sloth.runtime.action import Action, Catalog, Parameter, describe


@dataclass(frozen=True, slots=True)
class ParameterManual:
    """One argument. `type` is in words; `rest` tells that it takes all further positional values."""

    name: str
    type: str
    required: bool
    default: object
    synonyms: tuple[str, ...]
    rest: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class ActionManual:
    """One action. A query only looks: it never changes a host. synonyms: its other names."""

    name: str
    synonyms: tuple[str, ...]
    summary: str
    details: str
    query: bool
    parameters: tuple[ParameterManual, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModuleManual:
    """One module and all of its actions, in the order of their definition."""

    name: str
    summary: str
    actions: tuple[ActionManual, ...]


def modules() -> list[ModuleManual]:
    """All modules that ship, by name."""
    catalog = Catalog()
    return [_module(catalog, name) for name in catalog.names]


def module(name: str) -> ModuleManual:
    """One module. Raises UsageError when there is none of that name."""
    catalog = Catalog()
    if name not in catalog.names:
        hint = near(name, catalog.names) or "`sloth modules list` shows all"
        raise UsageError(f"there is no module named {name!r}", hint=hint)
    return _module(catalog, name)


def action(full_name: str) -> ActionManual:
    """One action by its full name, such as `pkg.install`. Raises UsageError when there is none."""
    found = module(full_name.partition(".")[0])
    names = {name: one for one in found.actions for name in (one.name, *one.synonyms)}
    if full_name not in names:
        hint = near(full_name, names) or f"`sloth modules show {found.name}` shows all of them"
        raise UsageError(f"there is no action named {full_name!r}", hint=hint)
    return names[full_name]


def _module(catalog: Catalog, name: str) -> ModuleManual:
    by_name = catalog.module(name)
    actions = [one for key, one in by_name.items() if key == one.name]
    source = sys.modules[actions[0].function.__module__] if actions else None
    summary = (inspect.getdoc(source) or "").partition("\n\n")[0]
    return ModuleManual(name, " ".join(summary.split()), tuple(_action(one, by_name) for one in actions))


def _action(one: Action, by_name: Mapping[str, Action]) -> ActionManual:
    others = [key for key, other in by_name.items() if other.function is one.function and key != one.name]
    text = _Text(inspect.getdoc(one.function) or "", [parameter.name for parameter in one.parameters])
    return ActionManual(
        name=one.full_name,
        synonyms=tuple(f"{one.module}.{key}" for key in others),
        summary=text.summary,
        details=text.details,
        query=one.query,
        parameters=tuple(_parameter(one, parameter, text) for parameter in one.parameters),
        examples=tuple(text.examples),
    )


def _parameter(one: Action, parameter: Parameter, text: _Text) -> ParameterManual:
    return ParameterManual(
        name=parameter.name,
        type=describe(parameter.type),
        required=parameter.required,
        default=parameter.default,
        synonyms=parameter.synonyms,
        rest=parameter.name == one.rest,
        meaning=text.meanings.get(parameter.name, ""),
    )


class _Text:
    """A docstring, taken apart."""

    def __init__(self, text: str, parameters: Sequence[str]) -> None:
        summary, _, rest = text.partition("\n\n")
        self.summary = " ".join(summary.split())
        self.meanings: dict[str, str] = {}
        self.examples: list[str] = []
        plain: list[str] = []
        subject = ""
        for line in rest.splitlines():
            word, colon, after = line.partition(":")
            if colon and (word in parameters or word == "example"):
                subject = word
                self._begin(subject, after.strip())
            elif subject and line[:1] == " ":
                self._continue(subject, line)
            else:
                subject = ""
                plain.append(line)
        self.details = "\n".join(plain).strip()

    def _begin(self, subject: str, text: str) -> None:
        if subject == "example":
            self.examples.append(text)
        else:
            self.meanings[subject] = text

    def _continue(self, subject: str, line: str) -> None:
        if subject == "example":
            self.examples[-1] += "\n" + line
        else:
            self.meanings[subject] += " " + line.strip()
