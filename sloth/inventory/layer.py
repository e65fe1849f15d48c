"""One place that gives variables to a host: the part of an inventory or the file that says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sloth.core.discreet import Discreet
from sloth.core.varsfile import VarsFile


class Layer(Discreet, frozen=True):
    """name: whom it speaks of (`all`, `group web`, `host web1`). keys: the path of `values` in the file."""

    unshown: ClassVar[frozenset[str]] = frozenset({"values"})

    name: str
    values: Mapping[str, Any]
    file: VarsFile | None = None
    keys: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The file, or for what no file says, whom it speaks of."""
        return self.file.path if self.file else self.name

    def where(self, variable: str) -> str:
        """`file:line` of the variable."""
        return self.file.where(*self.keys, variable) if self.file else self.name
