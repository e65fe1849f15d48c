"""What `-i` names: a file, a directory of files, or a literal list of hosts such as `web1,web2,`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from sloth.core.errors import InventoryError
from sloth.core.near import near_file
from sloth.core.sealed import OpenFile
from sloth.core.userpath import user_path
from sloth.core.varsfile import SUFFIXES, VarsFile, closed, decoded, parse, read, read_bytes
from sloth.inventory import ini
from sloth.inventory.constructed import PLUGINS
from sloth.inventory.names import ALL
from sloth.inventory.programs import Programs
from sloth.inventory.tree import GROUP_KEYS
from sloth.inventory.vars_folders import GROUPS, HOSTS, is_hidden

_NO_INVENTORY = (".cfg", ".md", ".rst", ".txt", ".py", ".pyc", ".pyo", ".rpm", ".j2", ".sloth", ".lua")
_READ = "an inventory is YAML (.yml), TOML, JSON, Ansible's INI, a program, or a list such as `web1,web2,`"
# How YAML begins, after comments, where no suffix says the format: what matches not is a line of Ansible's INI.
_YAML = re.compile(r"""(?:\s*\#.*(?:\n|\Z))*+\s*(?:---|[{\["'%$]|-\s|[^\s\#=]+[ ]*:(?:\s|\Z)|\Z)""")
_HEAD = 65536


class Sources(Struct, frozen=True):
    """All that `-i` names.

    documents: in the order of reading. constructed: those that make groups of the others' hosts. literals: hosts.
    folders: where files lie, with group_vars/ and host_vars/ beside them. programs: those that said a document
    """

    documents: Sequence[VarsFile] = ()
    constructed: Sequence[VarsFile] = ()
    literals: Sequence[str] = ()
    folders: Sequence[Path] = ()
    programs: Sequence[Path] = ()


def collect(named: Sequence[str], programs: Programs, open_file: OpenFile = closed) -> Sources:
    """Reads every source; those that are programs are asked, and what is encrypted is opened."""
    documents: list[VarsFile] = []
    literals: list[str] = []
    folders: list[Path] = []
    asked: list[Path] = []

    def ask(program: Path) -> VarsFile:
        asked.append(program)
        return programs.ask(program)

    for name in named:
        if not name.strip():
            raise InventoryError("-i wants a file, a directory or a list of hosts, and is empty")
        if "," in name:
            literals += _literal(name)
            continue
        path = user_path(name)
        files = list(_files(path))
        documents += [_document(file, ask, open_file) for file in files]
        folders += [path] if path.is_dir() else [path.parent]
    constructed = [document for document in documents if _is_constructed(document)]
    plain = [document for document in documents if not _is_constructed(document)]
    return Sources(plain, constructed, literals, folders, asked)


def _is_constructed(document: VarsFile) -> bool:
    return document.values.get("plugin") in PLUGINS


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
    if is_hidden(entry.name) or entry.name in {GROUPS, HOSTS}:
        return False
    return entry.suffix not in _NO_INVENTORY or (entry.suffix == ".py" and os.access(entry, os.X_OK))


def _document(path: Path, ask: Callable[[Path], VarsFile], open_file: OpenFile) -> VarsFile:
    if path.suffix.lower() in SUFFIXES:
        return _checked(read(path, open_file))
    raw = read_bytes(path)
    if raw.startswith(b"#!") or b"\0" in raw[:_HEAD]:
        return ask(path)
    text = decoded(raw, str(path))
    if path.suffix == ".ini" or ini.is_ini(text):
        return ini.parse(text, str(path))
    if path.suffix:
        raise InventoryError(f"a file {path.suffix} is no inventory", where=str(path), hint=_READ)
    return _checked(parse(text, str(path), ".yml", open_file)) if _YAML.match(text) else ini.parse(text, str(path))


def _checked(document: VarsFile) -> VarsFile:
    """The document, if its top level is that of an inventory."""
    top = document.values
    plugin = top.get("plugin")
    if isinstance(plugin, str) and plugin not in PLUGINS:
        hint = f"sloth has {PLUGINS[0]} alone; what other plugins do, a program that prints JSON can do"
        message = f"the inventory plugin {plugin!r} is Ansible's, and cannot be run"
        raise InventoryError(message, where=document.where("plugin"), hint=hint)
    for key in GROUP_KEYS:
        if key in top and ALL not in top and not _is_constructed(document):
            hint = "write `all:` above it, and indent it"
            raise InventoryError(f"{key} stands outside of a group", where=document.where(key), hint=hint)
    return document
