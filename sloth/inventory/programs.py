"""Inventory programs: executables that print hosts and groups as JSON, by Ansible's contract.

`PROGRAM --list` prints `{"web": {"hosts": […], "vars": {…}, "children": […]}, "_meta": {"hostvars": {…}}}`; without
`_meta`, `PROGRAM --host NAME` prints one host's variables. What is printed is data: it is checked as
hand-written inventories are, and nothing in it is a range, a template or a path.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core.errors import InventoryError
from sloth.core.varsfile import VarsFile, decoded, kind, parse
from sloth.inventory import names
from sloth.inventory.kept import Kept
from sloth.inventory.tree import GROUP_KEYS
from sloth.runtime import process
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.token import Token

TIME_LIMIT = 30.0
MAX_BYTES = 64 << 20
_AT_ONCE = 8  # runs of `--host`
_QUOTED = 1000  # characters of what went wrong
_META = "_meta"


class Programs(Struct, frozen=True):
    """How inventory programs are run. time_limit: seconds for one's whole answer. kept: answers of before."""

    time_limit: float = TIME_LIMIT
    kept: Kept | None = None

    def ask(self, path: Path) -> VarsFile:
        """What a program says, as a document. Raises InventoryError when it fails or says what is no inventory."""
        _refuse_untrusted(path)
        said = self.kept.find(path) if self.kept else None
        if said is not None:
            return document(said, path)
        said = _Asking(path).answer(self.time_limit)
        found = document(said, path)
        if self.kept:
            self.kept.keep(path, said)
        return found


class _Asking:
    """One program's answer. All its runs share one limit of time and one of size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.token = Token()
        self.left = MAX_BYTES
        self.counting = threading.Lock()

    def answer(self, time_limit: float) -> dict[str, Any]:
        """What `--list` prints, with every host's variables in its `_meta`."""
        timer = threading.Timer(time_limit, self.token.stop, [f"has not answered within {time_limit:g} s"])
        timer.daemon = True
        timer.start()
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                try:
                    said = pool.submit(self.run, "--list").result()
                    if "hostvars" in _mapping(said, _META, f"{self.path} --list"):
                        return said
                    hosts = list(dict.fromkeys(_hosts(said, f"{self.path} --list")))
                    found = pool.map(lambda host: self.run("--host", host), hosts)
                    return {**said, _META: {"hostvars": dict(zip(hosts, found, strict=True))}}
                except BaseException:
                    self.token.stop("was interrupted")  # the pool waits for what still runs
                    raise
        finally:
            timer.cancel()

    def run(self, *words: str) -> dict[str, Any]:
        heard = bytearray()

        def hear(stream: str, data: bytes) -> None:
            if stream == "stdout":
                heard.extend(data)
            self.count(len(data))

        where = " ".join([str(self.path), *words])
        try:
            done = process.run([str(self.path.absolute()), *words], self.token, on_output=hear)
        except Stopped as error:
            hint = "inventory_timeout in sloth.toml says how long to wait" if "within" in str(error) else ""
            raise InventoryError(f"the inventory program {error}", where=where, hint=hint) from error
        except ActionFailed as error:
            raise InventoryError(str(error), where=where) from error
        if done.code != 0:
            ending = f"with exit code {done.code}" if done.code > 0 else f"by signal {-done.code}"
            said = f": {done.err.strip()[-_QUOTED:]}" if done.err.strip() else ", and says nothing on stderr"
            raise InventoryError(f"the inventory program ended {ending}{said}", where=where)
        return _parsed(bytes(heard), done.err, where)

    def count(self, size: int) -> None:
        with self.counting:
            self.left -= size
        if self.left < 0:
            self.token.stop(f"printed more than {MAX_BYTES >> 20} MB")


def _refuse_untrusted(path: Path) -> None:
    found = path.stat()
    if not os.access(path, os.X_OK):
        hint = f"`chmod +x {path}` lets it run"
        raise InventoryError("this is a program, and may not be executed", where=str(path), hint=hint)
    if found.st_mode & stat.S_IWOTH:
        hint = f"`chmod o-w {path}`"
        raise InventoryError("everybody may write this inventory program, so it is not run", where=str(path), hint=hint)


def _parsed(out: bytes, err: str, where: str) -> dict[str, Any]:
    """The mapping that a run printed; nothing is an empty one, as for `--host`."""
    try:
        text = decoded(out, where)
        return dict(parse(text, where, ".json").values) if text.strip() else {}
    except InventoryError as error:
        begins = out[:60].decode("utf-8", "replace").strip().partition("\n")[0]
        said = f", and on stderr: {err.strip()[-_QUOTED:]}" if err.strip() else ""
        raise InventoryError(str(error), where=error.where, hint=f"the output begins with {begins!r}{said}") from error


def document(said: Mapping[str, Any], path: Path) -> VarsFile:
    """An answer in the shape of a hand-written inventory. A host's variables stand where it is named first."""
    where = f"{path} --list"
    hostvars = dict(_mapping(_mapping(said, _META, where), "hostvars", where))
    groups = {}
    for name, body in said.items():
        if name == _META:
            continue
        parts = _group(name, body)
        hosts = {host: hostvars.pop(host, None) for host in _names(parts.get("hosts"), f"hosts of {name}", where)}
        children = dict.fromkeys(_names(parts.get("children"), f"children of {name}", where))
        groups[name] = {**parts, "hosts": hosts, "children": children}
    return VarsFile(str(path), groups)


def _hosts(said: Mapping[str, Any], where: str) -> Iterable[str]:
    for name, body in said.items():
        if name != _META:
            yield from _names(_group(name, body).get("hosts"), f"hosts of {name}", where)


def _group(name: str, body: object) -> Mapping[str, Any]:
    """A group's parts. Two older forms are Ansible's too: a list of hosts, and the variables of a host of that name."""
    if not isinstance(body, dict):
        return {"hosts": body}
    return body if not body or body.keys() & set(GROUP_KEYS) else {"hosts": [name], "vars": body}


def _names(said: object, what: str, where: str) -> list[str]:
    if not isinstance(said, list) and said is not None:
        raise InventoryError(f"{what}: a list of names is expected, not {kind(said)}", where=where)
    for name in said or ():
        if not isinstance(name, str):
            raise InventoryError(f"{what}: a name is expected, not {kind(name)}", where=where)
        if not names.is_ipv6(name):
            names.checked(name, where)
    return list(said or ())


def _mapping(said: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = said.get(key)
    if found is not None and not isinstance(found, dict):
        raise InventoryError(f"{key} must be a mapping, not {kind(found)}", where=where)
    return found or {}
