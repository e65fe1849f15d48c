"""group_vars/ and host_vars/: which files speak of a group or host, each read once and only when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sloth.core.errors import InventoryError
from sloth.core.sealed import OpenFile
from sloth.core.varsfile import SUFFIXES, VarsFile, closed, read

GROUPS, HOSTS = "group_vars", "host_vars"


def is_hidden(name: str) -> bool:
    """Whether editors and version control own the file, and not a person."""
    return name.startswith(".") or name.endswith(("~", ".bak", ".orig", ".swp", ".retry"))


class VarsFolders:
    """The two folders beside an inventory or a workflow file."""

    def __init__(self, beside: Path, open_file: OpenFile = closed) -> None:
        self.beside = beside
        self._open_file = open_file
        self._listed: dict[str, dict[str, list[Path]]] = {}
        self._read: dict[tuple[str, str], Sequence[VarsFile]] = {}

    def of(self, folder: str, name: str) -> Sequence[VarsFile]:
        """The files that speak of a name, the later winning."""
        if folder not in self._listed:
            self._listed[folder] = _listing(self.beside / folder)
        key = folder, name
        if key not in self._read:
            self._read[key] = self._files(self._listed[folder].get(name, []))
        return self._read[key]

    def _files(self, entries: Sequence[Path]) -> Sequence[VarsFile]:
        if len(entries) > 1:
            shown = " and ".join(sorted(str(entry) for entry in entries))
            hint = "keep one; a folder may hold many files"
            raise InventoryError(f"two places for the same variables: {shown}", hint=hint)
        return [read(path, self._open_file) for entry in entries for path in _tree(entry)]


def _listing(folder: Path) -> dict[str, list[Path]]:
    """The entries by the name they speak of: `web` for web, web.yml, web/. One look for all hosts."""
    found: dict[str, list[Path]] = {}
    if not folder.is_dir():
        return found
    try:
        with os.scandir(folder) as listed:
            entries = sorted(listed, key=lambda entry: entry.name)
    except OSError as error:
        raise InventoryError(f"cannot read {folder}: {(error.strerror or str(error)).lower()}") from error
    for entry in entries:
        if is_hidden(entry.name):
            continue
        path = folder / entry.name
        name = path.stem if path.suffix in SUFFIXES and not entry.is_dir() else entry.name
        found.setdefault(name, []).append(path)
    return found


def _tree(entry: Path) -> Iterator[Path]:
    """The entry, or all variables files beneath it in alphabetical order."""
    if not entry.is_dir():
        yield entry
        return
    for inner in sorted(entry.iterdir()):
        if is_hidden(inner.name):
            continue
        if inner.is_dir() or inner.suffix in {"", *SUFFIXES}:
            yield from _tree(inner)
