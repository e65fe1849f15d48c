"""Where packages come from: repositories, and the keys that sign them."""

import os
import re

from sloth.runtime import files, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.packages import sources
from sloth.runtime.packages.choice import manager_of
from sloth.runtime.packages.sources import Repository
from sloth.runtime.place import locate, raw
from sloth.runtime.transfer import ask_for

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_KEY_LIMIT = 1 << 20


@action(synonyms={"url": ("repo", "uri", "baseurl"), "suites": ("suite",), "components": ("component",)}, diff=True)
def repository(
    host: "Host",
    *,
    name: str,
    url: "str | None" = None,
    suites: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    components: "list[str]" = (),  # type: ignore[assignment]
    architectures: "list[str]" = (),  # type: ignore[assignment]
    key: "str | None" = None,
    trusted: bool = False,
    enabled: bool = True,
    state: "Literal['present', 'absent']" = "present",
    update_cache: bool = True,
    lock_timeout: "Duration" = 60
) -> "dict[str, object]":
    """Make sure that packages come from a repository, or not: a file of its own for apt, dnf or zypper.

    name: what it is known by, and its file called
    url: its address
    suites: apt's, such as bookworm; ./ for a flat repository
    components: apt's, such as main
    architectures: apt's, such as amd64; all of the host when not given
    key: the key that signs it: the name of one that pkg.key has put there, or a path
    trusted: take packages from it that nobody has signed
    enabled: whether it is used
    state: whether it is there
    update_cache: fetch the index, if anything has changed
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.repository { name = "app", url = "https://apt.example.org", suites = "./", key = "app" }
    example: pkg.repository { name = "old", state = "absent" }
    """
    manager = manager_of(host, lock_timeout)
    path, before = sources.path_of(manager.program, _checked(name)), len(host.changes)
    if state == "absent":
        _remove(host, path)
    else:
        if url is None or re.search(r"\s", url):
            raise BadArguments("pkg.repository: url is wanted, an address without spaces")
        if any(re.search(r"\s", word) for word in [*suites, *components, *architectures]):
            raise BadArguments("pkg.repository: suites, components and architectures are lists of single words")
        wanted = Repository(
            name, url, suites, components, architectures, _key(manager.program, key), is_enabled=enabled,
            is_trusted=trusted,
        )  # fmt: skip
        text = sources.text_of(manager.program, wanted)
        _write(host, path, text.encode())
    if len(host.changes) > before and update_cache and not host.check:
        manager.refresh()
    return {"file": path}


@action(synonyms={"src": ("path", "file"), "content": ("text", "data")}, diff=True)
def key(
    host: "Host",
    *,
    name: str,
    content: "str | None" = None,
    src: "str | None" = None,
    state: "Literal['present', 'absent']" = "present"
) -> "dict[str, object]":
    """Make sure that the key of a repository is on the host, or not; it is trusted for those that name it.

    name: what it is known by, for pkg.repository
    content: the key, as text
    src: or a file with it, among the workflow's files
    state: whether it is there

    example: pkg.key { name = "app", src = "app.asc" }
    """
    manager = manager_of(host)
    if state == "absent":
        for path in sources.key_paths(manager.program, _checked(name)):
            _remove(host, path)
        return {}
    data = _content(host, content, src)
    path = sources.key_path(manager.program, _checked(name), data)
    before = len(host.changes)
    _write(host, path, data)
    if len(host.changes) > before and manager.program in {"dnf", "zypper"}:
        host.change("rpm", "--import", path)
    return {"file": path}


def _checked(name: str) -> str:
    if not _NAME.match(name) or ".." in name:
        raise BadArguments(f"pkg: {name!r} is no name for a repository or key: letters, digits, dots and dashes")
    return name


def _content(host: "Host", content: "str | None", src: "str | None") -> bytes:
    if (content is None) == (src is None):
        raise BadArguments("pkg.key: give either content or src")
    data = raw(content) if content is not None else b"".join(ask_for(host, str(src), "").content())
    if not data.strip() or len(data) > _KEY_LIMIT:
        raise ActionFailed(f"pkg.key: {src or 'content'} is no key")
    return data


def _key(program: str, key: "str | None") -> str:
    """The path of a key that the caller names."""
    if key is None:
        return ""
    if key.startswith("/"):
        return key
    paths = sources.key_paths(program, _checked(key))
    return next((path for path in paths if os.path.exists(path)), paths[0])


def _write(host: "Host", path: str, content: bytes) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        trees.make(host, folder, Wanted("0755"))
    files.ensure(host, path, content, Wanted("0644"))


def _remove(host: "Host", path: str) -> None:
    if os.path.lexists(path):
        with locate(path) as place:
            files.remove(host, place)
