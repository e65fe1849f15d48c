"""The modules that a project brings beside the shipped ones: files of `modules/` folders, and installed packages.

A module is one file: `NAME.py` with actions, or `NAME.lua` that returns a table. Its code runs with the rights of
whoever runs the workflow, here and on hosts, so a file counts only when it belongs to root, to us, or to whom the
workflow belongs. Packages offer Python modules under the entry point group `sloth.modules`.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct, field

from sloth.catalog.authored import actions_of
from sloth.core.errors import ModuleError
from sloth.runtime.action import Action
from sloth.runtime.catalog import Catalog, module_names

GROUP = "sloth.modules"
_WORDS = """
    and assert break collectgarbage coroutine delegate_to do else elseif end error export false
    flush_handlers for function getmetatable goroutine goto group groups handler if import in inventory_hostname io
    ipairs load loadstring local math next nil not notify null or os pairs parallel params pcall print rawequal
    rawget rawlen rawset reliability repeat require retry return role secrets select setmetatable stack string table
    task test then tonumber tostring true type unpack until utf8 values vars while workflow xpcall
"""
LANGUAGE = frozenset(_WORDS.split())
"""Names that mean something else in a workflow file."""
MADE_IN_LUA = frozenset({"state.with_lock"})
"""What modules have besides their actions: it takes a function, which never leaves Lua."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Source(Struct, frozen=True):
    """The source of a module."""

    name: str
    path: Path
    text: str


class Library(Struct, frozen=True):
    """Modules by name. python: what hosts get with the bundle. lua: what travels with the job."""

    python: Mapping[str, Source] = field(default_factory=dict)
    lua: Mapping[str, Source] = field(default_factory=dict)
    actions: Mapping[str, dict[str, Action]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The shipped actions and those of these modules."""
        return Catalog(self.actions)

    def path(self, module: str) -> Path | None:
        """The file of a module, or None for one that ships."""
        source = self.python.get(module) or self.lua.get(module)
        return source.path if source else None


def find(folders: Iterable[Path], beside: Path) -> Library:
    """The modules of these folders and of installed packages. Raises ModuleError with file and line.

    beside: the workflow's folder; whoever owns it is trusted
    """
    trusted = {0, os.geteuid(), *_owner(beside)}
    found = [*_installed(), *(source for folder in folders for source in _sources(folder, trusted))]
    by_name: dict[str, Source] = {}
    for source in found:
        check_name(source.name, str(source.path))
        other = by_name.setdefault(source.name, source)
        if other.path != source.path and other.text != source.text:
            raise ModuleError(
                f"there are two modules called {source.name!r}", where=str(source.path),
                hint=f"the other is {other.path}",
            )  # fmt: skip
    python = {name: one for name, one in by_name.items() if one.path.suffix == ".py"}
    lua = {name: one for name, one in by_name.items() if one.path.suffix == ".lua"}
    return Library(python, lua, {name: actions_of(name, one.path, one.text) for name, one in python.items()})


def _sources(folder: Path, trusted: set[int]) -> Iterator[Source]:
    if not os.path.isdir(folder):  # noqa: PTH112  # False where we may not look, too
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in {".py", ".lua"} and path.stem[0] not in "._" and path.is_file():
            for place in (folder, path):
                _check_owner(place, trusted)
            yield Source(path.stem, path, _read(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModuleError("the module is not UTF-8 text", where=str(path)) from error
    except OSError as error:
        raise ModuleError(f"cannot read the module: {str(error.strerror).lower()}", where=str(path)) from error


def _owner(folder: Path) -> Sequence[int]:
    return [folder.stat().st_uid] if folder.is_dir() else []


def _check_owner(path: Path, trusted: set[int]) -> None:
    entry = path.stat()
    if entry.st_uid not in trusted or entry.st_mode & stat.S_IWOTH:
        why = "everybody may write it" if entry.st_mode & stat.S_IWOTH else "it belongs to somebody else"
        raise ModuleError(
            f"a module is code that would run here and on hosts, and {why}", where=str(path),
            hint=f"`chmod o-w {path}`, `chown` it, or take it away",
        )  # fmt: skip


def check_name(name: str, where: str = "") -> None:
    """ModuleError when nothing new can have this name."""
    hint = "give it another name"
    if not _NAME.fullmatch(name):
        letters = "letters, digits and _, a letter first"
        raise ModuleError(f"{name!r} is no name for a module", where=where, hint=letters)
    if name in module_names():
        raise ModuleError(f"sloth has a module called {name!r}", where=where, hint=hint)
    if name in LANGUAGE:
        raise ModuleError(f"{name!r} means something else in a workflow", where=where, hint=hint)


def _names_group(folder: str) -> bool:
    """Whether the metadata of a package in this folder of Python's path has our entry point group."""
    mark = f"[{GROUP}]".encode()
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208  # on every run's way, as what follows
    except OSError:
        return False
    infos = [f"{folder}/{name}" if folder else name for name in names if name.endswith((".dist-info", ".egg-info"))]
    return any(mark in _content(f"{info}/entry_points.txt") for info in infos)


def _content(path: str) -> bytes:
    """What a file holds; nothing, where there is none that we may read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


@cache
def _installed() -> tuple[Source, ...]:
    """What packages of this Python offer; asked once."""
    if not any(map(_names_group, sys.path)):  # to ask importlib.metadata costs a twentieth of a second
        return ()
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found = []
    for point in entry_points(group=GROUP):
        where = f"entry point {point.name!r} of {point.dist.name if point.dist else 'a package'}"
        try:
            spec = find_spec(point.module)
        except ImportError as error:
            raise ModuleError(f"{point.module} cannot be found: {error}", where=where) from error
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            raise ModuleError(f"{point.module} is no Python file", where=where)
        path = Path(spec.origin)
        found.append(Source(point.name, path, _read(path)))
    return tuple(found)
