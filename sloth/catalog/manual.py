"""The manual of every module, read off its code: signatures say what is taken, docstrings what it means.

`sloth modules` and whoever else shows documentation ask here. The form of an action's docstring is
told in sloth/runtime/action.py.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sloth.catalog import luadoc
from sloth.catalog.library import LANGUAGE, Library
from sloth.catalog.manuals import ActionManual, ModuleManual, ParameterManual
from sloth.core.errors import UsageError
from sloth.core.near import near
from sloth.runtime.action import Action, Parameter
from sloth.runtime.catalog import PACKAGE, Catalog
from sloth.runtime.coercion import describe


def modules(library: Library) -> list[ModuleManual]:
    """All modules, those of the project as well, by name."""
    catalog = library.catalog
    return [_any(library, catalog, name) for name in sorted({*catalog.names, *library.lua})]


def module(name: str, library: Library) -> ModuleManual:
    """One module. Raises UsageError when there is none of that name."""
    catalog = library.catalog
    known = {*catalog.names, *library.lua}
    if name not in known:
        hint = near(name, known) or "`sloth modules list` shows all"
        if name in LANGUAGE:
            hint = "it is a part of the language, which sloth/docs/language.md tells of"
        raise UsageError(f"there is no module named {name!r}", hint=hint)
    return _any(library, catalog, name)


def action(full_name: str, library: Library) -> ActionManual:
    """One action by its full name, such as `pkg.install`. Raises UsageError when there is none."""
    found = module(full_name.partition(".")[0], library)
    names = {name: one for one in found.actions for name in (one.name, *one.synonyms)}
    if full_name not in names:
        hint = near(full_name, names) or f"`sloth modules show {found.name}` shows all of them"
        raise UsageError(f"there is no action named {full_name!r}", hint=hint)
    return names[full_name]


def _any(library: Library, catalog: Catalog, name: str) -> ModuleManual:
    source = library.lua.get(name)
    found = _module(library, catalog, name) if source is None else luadoc.manual(name, source.text)
    path = library.path(name)
    return found if path is None else replace(found, path=str(path))


def _module(library: Library, catalog: Catalog, name: str) -> ModuleManual:
    by_name = catalog.module(name)
    actions = [one for key, one in by_name.items() if key == one.name]
    summary = inspect.cleandoc(_opening(library, name)).partition("\n\n")[0]
    return ModuleManual(name, " ".join(summary.split()), tuple(_action(one, by_name) for one in actions))


def _opening(library: Library, module: str) -> str:
    """What a module says of itself at its top."""
    own = library.python.get(module)
    if own is not None:
        return ast.get_docstring(ast.parse(own.text)) or ""
    return importlib.import_module(f"{PACKAGE}.{module}").__doc__ or ""


def _action(one: Action, by_name: Mapping[str, Action]) -> ActionManual:
    others = [key for key, other in by_name.items() if other.function is one.function and key != one.name]
    text = _text(one)
    for name, other in text.borrowed.items():
        if other in by_name:
            text.meanings[name] = _text(by_name[other]).meanings.get(name, "")
    return ActionManual(
        name=one.full_name,
        synonyms=tuple(f"{one.module}.{key}" for key in others),
        summary=text.summary,
        details=text.details,
        query=one.query,
        several="Values" in str(one.function.__annotations__.get("return")),
        check=one.check,
        diff=one.diff,
        parameters=tuple(_parameter(one, parameter, text) for parameter in one.parameters),
        examples=tuple(text.examples),
    )


def _text(one: Action) -> _Text:
    return _Text(inspect.getdoc(one.function) or "", [parameter.name for parameter in one.parameters])


def _parameter(one: Action, parameter: Parameter, text: _Text) -> ParameterManual:
    return ParameterManual(
        name=parameter.name,
        type=describe(parameter.type),
        annotation=parameter.type,
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
        self.borrowed: dict[str, str] = {}  # parameter → the action of the same module that tells what it means
        self.examples: list[str] = []
        plain: list[str] = []
        subject = ""
        for line in rest.splitlines():
            word, colon, after = line.partition(":")
            if word.startswith("as in ") and colon:
                self.borrowed.update(dict.fromkeys(re.findall(r"\w+", after), word.removeprefix("as in ")))
            elif colon and (word in parameters or word == "example"):
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
