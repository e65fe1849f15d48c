"""Answers of inventory programs, kept for a while, in a cache that is ours alone.

An answer holds for the program as it was (place, time of change, size), started from the same directory
with the same environment: with another AWS_PROFILE there are other hosts. What cannot be read is as good
as absent.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from sloth.core.cache import Cache
from sloth.core.discreet import Discreet
from sloth.core.places import Places

# What differs between two terminals of one person, and tells a program nothing about hosts.
_VOLATILE = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "SHLVL", "TERM", "TMUX_PANE", "WINDOWID"})


class Kept(Discreet, frozen=True):
    """The answers. seconds: how long one is used (0: never). fresh: use none, but keep what is answered now."""

    unshown: ClassVar[frozenset[str]] = frozenset({"environ"})

    places: Places
    seconds: float
    directory: Path
    environ: Mapping[str, str]
    fresh: bool = False
    clock: Callable[[], float] = time.time

    def find(self, program: Path) -> dict[str, Any] | None:
        """What the program answered not long ago."""
        if self.fresh or not self.seconds:
            return None
        said = self._cache().find(self._key(program), self.seconds)
        return said if isinstance(said, dict) else None

    def keep(self, program: Path, said: Mapping[str, Any]) -> None:
        """Keep an answer in place of what is too old."""
        if self.seconds:
            self._cache().keep(self._key(program), said, self.seconds)

    def _cache(self) -> Cache:
        return Cache(self.places.inventories, self.clock)

    def _key(self, program: Path) -> str:
        found = program.stat()
        environ = sorted((name, value) for name, value in self.environ.items() if name not in _VOLATILE)
        key = [str(program.resolve()), found.st_mtime_ns, found.st_size, str(self.directory), environ]
        return hashlib.sha256(json.dumps(key).encode()).hexdigest()
