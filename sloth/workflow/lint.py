"""What would fail in a run, found without one: modules, actions and arguments that nobody knows.

Only what is certain is told. A name that any of the sources sets, takes as a parameter or merely looks at may be
anything, so nothing is said of it; values that are not literal may be anything, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from sloth.catalog.library import LANGUAGE, MADE_IN_LUA
from sloth.core.near import near
from sloth.runtime.action import ABSENT, COMMON, OF_VALUES, Action
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import BadArguments
from sloth.workflow import literals
from sloth.workflow.literals import UNKNOWN, Table
from sloth.workflow.names import is_field, is_key, is_use
from sloth.workflow.requires import resolved
from sloth.workflow.tokens import NAME, SIGN, STRING, WORD, Token, tokens

SPECIAL = frozenset({"facts", "log", "secrets", "test", "assert"})
"""Modules whose names after the dot are not only actions."""
_AROUND = frozenset({"_G", "_ENV", "load", "loadstring"})


class Problem(Struct, frozen=True):
    """where: `file:line`."""

    where: str
    text: str
    hint: str = ""


def problems(
    sources: Mapping[str, str], catalog: Catalog, lua_modules: Sequence[str], place: Callable[[str], str]
) -> list[Problem]:
    """What is wrong in these files.

    sources: the name of each, as errors have it → its text. place(where): the same for people
    """
    modules = {*catalog.names, *ABSENT}
    read = {name: resolved(tokens(text), modules) for name, text in sources.items()}
    taken = {name for file in read.values() for name in _taken(file)}
    known = LANGUAGE | {*catalog.names, *lua_modules} | SPECIAL
    found = [
        Problem(place(f"{name}:{line}"), text, hint)
        for name, file in read.items()
        for line, text, hint in _Checker(file, catalog, known, taken).all()
    ]
    return sorted(found, key=lambda one: (one.where.rpartition(":")[0], int(one.where.rpartition(":")[2])))


def _taken(file: Sequence[Token]) -> Iterator[str]:
    """Names of a file that are more than the names of modules: locals, parameters, globals that it sets or looks at."""
    for place, token in enumerate(file):
        if token.kind != NAME or is_field(file, place):
            continue
        if token.text in _AROUND and token.text[0] == "_":
            yield "_G"
        is_defined = place > 0 and file[place - 1].kind == WORD and file[place - 1].text in {"function", "local", "for"}
        if is_defined or (not is_use(file, place) and not is_key(file, place)):
            yield token.text


class _Checker:
    """The checks of one file."""

    def __init__(self, file: Sequence[Token], catalog: Catalog, known: frozenset[str], taken: set[str]) -> None:
        self._file = file
        self._catalog = catalog
        self._known = known
        self._taken = taken

    def all(self) -> Iterator[tuple[int, str, str]]:
        """(line, what is wrong, hint)."""
        for place, token in enumerate(self._file[:-1]):
            if token.kind != NAME or is_field(self._file, place) or token.text in self._taken:
                continue
            before = self._file[place - 1] if place else Token(SIGN, "", 0)
            if (before.kind == WORD and before.text in {"function", "goto", "local"}) or before.text == "::":
                continue
            if not is_use(self._file, place):
                continue
            if token.text not in self._known:
                if "_G" not in self._taken:
                    yield token.line, *self._unknown(token.text)
            elif token.text in self._catalog.names and token.text not in SPECIAL:
                yield from self._action(place)

    def _unknown(self, name: str) -> tuple[str, str]:
        """What is wrong with a name that nobody knows, and a hint."""
        if name in ABSENT:
            return f"sloth has no module {name!r} yet", "`sloth modules list` shows those that there are"
        return f"there is no module or function called {name!r}", near(name, self._known)

    def _action(self, place: int) -> Iterator[tuple[int, str, str]]:
        if len(self._file) < place + 4 or self._file[place + 1].text not in {".", ":"}:
            return
        module, name, opening = self._file[place], self._file[place + 2], self._file[place + 3]
        if name.kind != NAME or not (opening.kind == STRING or (opening.kind == SIGN and opening.text in {"(", "{"})):
            return
        if f"{module.text}.{name.text}" in MADE_IN_LUA:
            return
        try:
            action = self._catalog.find(module.text, name.text)
        except BadArguments:
            hint = near(name.text, self._catalog.module(module.text)) or f"`sloth modules show {module.text}` shows all"
            yield name.line, f"there is no action {module.text}.{name.text}", hint
            return
        wrong = _misfit(action, literals.call(self._file, place + 3))
        if wrong:
            yield name.line, wrong, f"`sloth modules show {action.full_name}` is its manual"


def _misfit(action: Action, values: list[object] | None) -> str:
    """Why a call cannot be made, or an empty string."""
    if values is None or action.module in OF_VALUES:
        return ""
    given = _arguments(values)
    if given is None:
        return ""
    positional, named = given
    options = {*COMMON, *(("user",) if action.module == "exec" else ())}
    named = {name: value for name, value in named.items() if name not in options}
    try:
        action.check_names(len(positional), named)
        if literals.is_known([*positional, *named.values()]):
            action.bind(positional, named, empty=bool(values) and values[-1] == Table())
    except BadArguments as error:
        return error.message
    return ""


def _arguments(values: list[object]) -> tuple[list[object], dict[str, object]] | None:
    """Positional and named arguments as the language splits them; None when that hangs on what is not literal."""
    last = values[-1] if values else None
    if not isinstance(last, Table):
        return None if last is UNKNOWN else ([_plain(value) for value in values], {})  # a variable may be a table
    if last.is_open or (last.named and last.items and len(values) > 1):
        return None
    named = {name: _plain(value) for name, value in last.named.items()}
    items = [_plain(item) for item in last.items]
    if last.items and not last.named:
        return [*map(_plain, values[:-1]), items], {}
    if last.items:
        return [items[0] if len(items) == 1 else items], named
    return [_plain(value) for value in values[:-1]], named


def _plain(value: object) -> object:
    return value.plain() if isinstance(value, Table) else value
