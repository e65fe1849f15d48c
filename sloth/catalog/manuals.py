"""What the manual of a module says, whatever language the module is written in."""

from __future__ import annotations

from msgspec import Struct

from sloth.runtime.action import FORETELLS, LEFT_OUT, OF_VALUES, SAME, WOULD_RUN

CALLS = "calls"  # of a function in Lua: check mode is a matter of the actions that it calls
IN_CHECK_MODE = {
    FORETELLS: "check mode foretells what it changes",
    SAME: "changes nothing: check mode makes no difference",
    WOULD_RUN: "check mode does not run it: nobody can know what it would change",
    LEFT_OUT: "changes nothing on the host: check mode leaves it out",
    CALLS: "check mode is that of the actions it calls",
}
DIFF = "-D shows the difference"


class ParameterManual(Struct, frozen=True):
    """One argument. `type` is in words, `annotation` as its author wrote it; `rest` tells that it takes all further
    positional values.
    """

    name: str
    type: str
    annotation: str
    required: bool
    default: object
    synonyms: tuple[str, ...]
    rest: bool
    meaning: str


class ActionManual(Struct, frozen=True):
    """One action. A query gives a value, and `nil, why` when it fails. synonyms: its other names. several: it returns
    values of its own, and no result.

    check: what check mode makes of it, a key of IN_CHECK_MODE. diff: whether -D shows the difference that it makes;
    None where that depends on what it calls
    """

    name: str
    synonyms: tuple[str, ...]
    summary: str
    details: str
    query: bool
    several: bool
    check: str
    diff: bool | None
    parameters: tuple[ParameterManual, ...]
    examples: tuple[str, ...]

    @property
    def takes_common(self) -> bool:
        """Whether each call takes COMMON, too: functions in Lua do not, nor what takes tables as values."""
        return self.check != CALLS and self.name.partition(".")[0] not in OF_VALUES

    @property
    def modes(self) -> str:
        """Whether it is a query, check mode and diff, in words."""
        words = ["query"] * self.query + [IN_CHECK_MODE[self.check]] + [DIFF] * (self.diff is True)
        return "; ".join(words)


class ModuleManual(Struct, frozen=True):
    """One module and all of its actions, in the order of their definition. path: the file of a project's own."""

    name: str
    summary: str
    actions: tuple[ActionManual, ...]
    path: str = ""
