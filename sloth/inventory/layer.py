"""One place that gives variables to a host: the part of an inventory or the file that says them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sloth.core.varsfile import VarsFile


@dataclass(frozen=True, slots=True)
class Layer:
    """name: whom it speaks of (`all`, `group web`, `host web1`). keys: the path of `values` in the file."""

    name: str
    values: Mapping[str, Any] = field(repr=False)
    file: VarsFile | None = field(default=None, repr=False)
    keys: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The file, or for what no file says, whom it speaks of."""
        return self.file.path if self.file else self.name

    def where(self, variable: str) -> str:
        """`file:line` of the variable."""
        return self.file.where(*self.keys, variable) if self.file else self.name
