"""Records that do not show all of themselves."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """The root of records with secrets: their repr, which ends in logs, leaves out what `unshown` names."""

    unshown: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """What rich shows of it."""
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name not in self.unshown]
