"""Answers of inventory programs, kept for a while: one file of JSON for each, in a folder that is ours alone.

An answer holds for the program as it was (place, time of change, size), started from the same directory
with the same environment: with another AWS_PROFILE there are other hosts. What cannot be read is as good
as absent. diskcache would give nothing here: there are a few large answers, and no two writers of one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sloth.core.places import Places

# What differs between two terminals of one person, and tells a program nothing about hosts.
_VOLATILE = frozenset({"_", "COLUMNS", "LINES", "OLDPWD", "SHLVL", "TERM", "TMUX_PANE", "WINDOWID"})


@dataclass(frozen=True, slots=True)
class Kept:
    """The answers. seconds: how long one is used (0: never). fresh: use none, but keep what is answered now."""

    places: Places
    seconds: float
    directory: Path
    environ: Mapping[str, str] = field(repr=False)
    fresh: bool = False
    clock: Callable[[], float] = time.time

    def find(self, program: Path) -> dict[str, Any] | None:
        """What the program answered not long ago."""
        if self.fresh or not self.seconds:
            return None
        file = self._file(program)
        try:
            said = json.loads(file.read_bytes()) if self._is_young(file) else None
        except (OSError, ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None

    def keep(self, program: Path, said: Mapping[str, Any]) -> None:
        """Keep an answer in place of what is too old. A full disk is no reason to stop: it only keeps nothing."""
        if not self.seconds:
            return
        file = self._file(program)
        with contextlib.suppress(OSError):
            for old in file.parent.iterdir():
                if not self._is_young(old):
                    old.unlink(missing_ok=True)
            written = file.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(said), encoding="utf-8")
            os.utime(written, (self.clock(), self.clock()))
            written.replace(file)

    def _is_young(self, file: Path) -> bool:
        """A time that is yet to come is not young: the clock was put back."""
        return 0 <= self.clock() - file.stat().st_mtime < self.seconds

    def _file(self, program: Path) -> Path:
        found = program.stat()
        environ = sorted((name, value) for name, value in self.environ.items() if name not in _VOLATILE)
        key = [str(program.resolve()), found.st_mtime_ns, found.st_size, str(self.directory), environ]
        return self.places.inventories / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}.json"
