"""The bundle: sloth/runtime as one archive, the same bytes for the same sources, named by its sha256.

Building it costs some milliseconds, and its bytes are needed only for a host that has not seen it, so it is built when
first asked for. Its name and the program that starts it are kept (warm_start.py). Packing it for the wire costs
more: the packed form is kept, too.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from sloth import __version__
from sloth.runtime.archive import pack
from sloth.runtime.catalog import INDEX, names_of
from sloth.transport import warm_start
from sloth.transport.startline import boot_source, packed, terminal_source
from sloth.transport.warm_start import WarmStart

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

KEEP = 3
MODULES = "sloth/runtime/modules/"
_PACKAGE = f'"""The part of sloth that runs on hosts."""\n\n__version__ = "{__version__}"\n'


class Bundle:
    """What a host needs beside Python.

    contents(): name in the archive → content. directory: where packed forms are kept
    mark(): differs when a source does; None where that cannot be told
    """

    def __init__(
        self,
        contents: Callable[[], Mapping[str, bytes]],
        directory: Path,
        mark: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.directory = directory
        self._contents = contents
        self._mark = mark
        self._lock = threading.RLock()
        self._data = self._packed = b""

    @classmethod
    def build(cls, directory: Path, modules: Mapping[str, str]) -> Bundle:
        """The bundle of the sources that run now, and of a project's own modules: name → source."""
        return cls(partial(contents, modules), directory, partial(warm_start.mark, modules))

    @property
    def data(self) -> bytes:
        """The archive."""
        with self._lock:
            if not self._data:
                self._data = pack(self._contents())
            return self._data

    @cached_property
    def warm_start(self) -> WarmStart:
        """Its name and the program that starts it."""
        mark = self._mark()
        path = None if mark is None else self.directory / f"{mark}{warm_start.SUFFIX}"
        found = None if path is None else warm_start.find(path)
        if found is None:
            found = WarmStart(hashlib.sha256(self.data).hexdigest(), packed(boot_source()))
            if path is not None:
                warm_start.keep(path, found)
        return found

    @property
    def sha(self) -> str:
        """What names it."""
        return self.warm_start.sha

    @property
    def path(self) -> Path:
        """Where the packed form is, or will be."""
        return self.directory / f"{self.sha}.bundle"

    def packed(self) -> bytes:
        """The archive, compressed for the wire."""
        with self._lock:
            if not self._packed:
                self._packed = self._kept() or self._keep(zlib.compress(self.data, 9))
            return self._packed

    def _kept(self) -> bytes | None:
        try:
            packed = self.path.read_bytes()
            if zlib.decompress(packed) == self.data:
                return packed
        except (OSError, zlib.error):
            return None
        return None

    def _keep(self, packed: bytes) -> bytes:
        new = self.path.with_suffix(f".{os.getpid()}.new")
        try:
            new.write_bytes(packed)
            new.replace(self.path)
            prune(self.directory)
        except OSError:
            new.unlink(missing_ok=True)  # a full disk: the next run packs it again
        return packed


def contents(modules: Mapping[str, str]) -> dict[str, bytes]:
    """What hosts get: the runtime, and a project's own modules among those that ship."""
    from importlib.resources import files

    found = dict(_sources(files("sloth.runtime"), "sloth/runtime"))
    found |= {f"{MODULES}{name}.py": text.encode("utf-8") for name, text in modules.items()}
    found[MODULES + INDEX] = _module_index(found)
    found["sloth/__init__.py"] = _PACKAGE.encode("ascii")
    found["sloth/runtime/start.txt"] = boot_source().encode("ascii")
    found["sloth/runtime/terminal.txt"] = terminal_source().encode("ascii")
    return found


class Kept(Struct, frozen=True):
    """A packed bundle on the disk of the controller."""

    sha: str
    size: int
    used: datetime


def kept(directory: Path) -> list[Kept]:
    """The packed bundles, the last one first."""
    found = [
        Kept(path.stem, entry.st_size, datetime.fromtimestamp(entry.st_mtime, UTC))
        for path in directory.glob("*.bundle")
        for entry in [path.stat()]
    ]
    return sorted(found, key=lambda one: one.used, reverse=True)


def prune(directory: Path, keep: int = KEEP) -> list[Kept]:
    """Remove all but the last; returns what is gone."""
    gone = kept(directory)[keep:]
    for one in gone:
        (directory / f"{one.sha}.bundle").unlink(missing_ok=True)
    starts = sorted(directory.glob(f"*{warm_start.SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in (*starts[keep:], *directory.glob("*.new")):
        path.unlink(missing_ok=True)
    return gone


def _module_index(contents: dict[str, bytes]) -> bytes:
    """The names of the actions' modules, which Python's import out of an archive cannot list."""
    inner = {name.removeprefix(MODULES).partition("/")[0] for name in contents if name.startswith(MODULES)}
    return " ".join(names_of(inner)).encode("ascii")


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        inner = f"{name}/{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, inner)
        elif entry.name.endswith(warm_start.KINDS):
            yield inner, entry.read_bytes()
