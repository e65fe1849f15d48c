"""What `-i` names: a file, a directory of files, or a literal list of hosts such as `web1,web2,`."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sloth.core.errors import InventoryError
from sloth.core.near import near_file
from sloth.core.varsfile import SUFFIXES, VarsFile, read
from sloth.inventory.vars_folders import GROUPS, HOSTS, is_hidden

_NO_INVENTORY = (".cfg", ".md", ".rst", ".txt", ".py", ".pyc", ".pyo", ".rpm", ".j2", ".sloth", ".lua")
_READ = "an inventory is read from YAML (.yml, .yaml), TOML (.toml), JSON (.json) or a list such as `web1,web2,`"
_INI_SECTION = re.compile(r"^\[[^\]\s]+\]\s*(?:[#;].*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that `-i` names: documents in the order of reading, literal hosts, and folders beside the files."""

    documents: Sequence[VarsFile] = ()
    literals: Sequence[str] = ()
    folders: Sequence[Path] = ()


def collect(named: Sequence[str]) -> Sources:
    """Reads every source."""
    documents: list[VarsFile] = []
    literals: list[str] = []
    folders: list[Path] = []
    for name in named:
        if not name.strip():
            raise InventoryError("-i wants a file, a directory or a list of hosts, and is empty")
        if "," in name:
            literals += _literal(name)
            continue
        path = Path(name).expanduser()
        files = list(_files(path))
        documents += [_document(file) for file in files]
        folders += [path] if path.is_dir() else [path.parent]
    return Sources(documents, literals, folders)


def _literal(name: str) -> list[str]:
    hosts = [part.strip() for part in name.split(",") if part.strip()]
    if not hosts:
        raise InventoryError(f"-i {name} names no host", hint="a list of hosts looks like `web1,web2,`")
    return hosts


def _files(path: Path) -> Iterator[Path]:
    """The file, or a directory's files in alphabetical order, without those that hold no inventory."""
    if not path.exists():
        hint = f"a single host is a list with a comma: -i {path},"
        raise InventoryError(f"there is no inventory {path}", hint=near_file(path) or hint)
    if not path.is_dir():
        yield path
        return
    found = [entry for entry in sorted(path.iterdir()) if _may_hold_hosts(entry)]
    if not found:
        raise InventoryError(f"there is no inventory in {path}", hint=_READ)
    for entry in found:
        if entry.is_dir():
            hint = f"name it beside the other: -i {entry}"
            raise InventoryError(f"{path} holds the directory {entry.name}, which would not be read", hint=hint)
        yield entry


def _may_hold_hosts(entry: Path) -> bool:
    return not is_hidden(entry.name) and entry.name not in {GROUPS, HOSTS} and entry.suffix not in _NO_INVENTORY


def _document(path: Path) -> VarsFile:
    if path.suffix.lower() not in SUFFIXES:
        _refuse_other_forms(path)
    return read(path)


def _refuse_other_forms(path: Path) -> None:
    """Ansible's INI files and inventory scripts have no suffix of ours: say what they are."""
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            head = file.read(65536).decode("utf-8", "replace")
    except OSError as error:
        raise InventoryError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if head.startswith("#!") or (mode & stat.S_IXUSR and "\0" in head):
        raise InventoryError("inventory programs are not run yet", where=str(path), hint=_READ)
    if path.suffix == ".ini" or _INI_SECTION.search(head):
        raise InventoryError("Ansible's INI form is not read yet", where=str(path), hint=_READ)
    if path.suffix:
        raise InventoryError(f"a file {path.suffix} is no inventory", where=str(path), hint=_READ)
