"""What starts at boot, read off systemd's folders in milliseconds; `systemctl list-unit-files` takes most of a second.

It is what systemctl would say, word for word: enabled, disabled, static, masked, alias, indirect, linked, generated …
"""

import os
import re

from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from collections.abc import Iterator

_CONFIGURED = "etc/systemd/system"
_FOLDERS = (
    "etc/systemd/system.control", "run/systemd/system.control", "run/systemd/transient", "run/systemd/generator.early",
    _CONFIGURED, "etc/systemd/system.attached", "run/systemd/system", "run/systemd/system.attached",
    "run/systemd/generator", "usr/local/lib/systemd/system", "lib/systemd/system", "usr/lib/systemd/system",
    "run/systemd/generator.late",
)  # fmt: skip
_BINDS = (".wants", ".requires", ".upholds")
_INSTALL = rb"(?ms)^\[Install\]\s*$(.*?)(?=^\[|\Z)"
_BINDING = rb"(?m)^\s*(?:WantedBy|RequiredBy|UpheldBy|Alias)\s*=\s*\S"
_DEFAULT = rb"(?m)^\s*DefaultInstance\s*=\s*(\S+)"
_ALIAS = rb"(?m)^\s*Alias\s*=(.*)$"
_OTHERS = rb"(?m)^\s*(?:Also|DefaultInstance)\s*=\s*\S"


def states(root: str = "/") -> "dict[str, str]":
    """Unit file → whether it starts at boot, of all services. The first folder that has a file counts."""
    links = {}  # type: dict[str, dict[str, str]]  # unit → the names that links call it by, see _links → how
    for folder in [one for one in _FOLDERS if one.startswith("run/")] + [_CONFIGURED]:
        for unit, name in _links(root + folder):
            links.setdefault(unit, {})[name] = "enabled" if folder == _CONFIGURED else "enabled-runtime"
    found = {}  # type: dict[str, str]
    for folder in _FOLDERS:
        for name in _names(root + folder):
            if name.endswith(".service") and name not in found:
                found[name] = _state(root + folder, name, links)
    return {name: state for name, state in found.items() if state}


def _state(folder: str, name: str, links: "dict[str, dict[str, str]]") -> str:
    """One unit file's state."""
    path, kind = os.path.join(folder, name), os.path.basename(folder)
    suffix = "-runtime" if "/run/systemd/" in path else ""
    if os.path.islink(raw(path)):
        target = os.readlink(path)
        if os.path.realpath(raw(path)) == b"/dev/null":
            return "masked" + suffix
        if os.path.basename(target) != name:
            return "alias"
        bound = name in links.get(name, {})
        if not bound and not os.path.normpath(os.path.join(folder, target, "..")).endswith(_FOLDERS):
            return "linked" + suffix
    if kind.startswith("generator"):
        return "generated"
    if kind == "transient":
        return kind
    return links.get(name, {}).get(name) or _by_content(path, name, suffix, links)


def _by_content(path: str, name: str, suffix: str, links: "dict[str, dict[str, str]]") -> str:
    """What the file permits, which of its aliases are there, and which instances of a template are bound."""
    try:
        with open(raw(path), "rb") as file:
            content = file.read()
    except OSError:
        return ""  # a link to nowhere, or a file that went meanwhile
    if not content:
        return "masked" + suffix
    install = b"\n".join(re.findall(_INSTALL, content))
    named = links.get(name, {})
    aliases = b" ".join(re.findall(_ALIAS, install)).decode("utf-8", "replace").split()
    enabled = [named[alias] for alias in aliases if alias in named]
    if enabled:
        return min(enabled)  # that of the configuration says more than that of the runtime
    stem = name[: -len(".service")]
    if stem.endswith("@") and any(one.startswith(stem) for one in links):
        default = re.search(_DEFAULT, install)
        instance = f"{stem}{default.group(1).decode('utf-8', 'replace')}.service" if default else ""
        return links.get(instance, {}).get(instance, "indirect")
    if named:  # by names that it does not claim
        return "indirect"
    if re.search(_BINDING, install):
        return "disabled"
    return "indirect" if re.search(_OTHERS, install) else "static"


def _links(folder: str) -> "Iterator[tuple[str, str]]":
    """Which unit a folder's links mean, and by which name: its own if they bind it into the start, or another."""
    for name in _names(folder):
        path = os.path.join(folder, name)
        if name.endswith(_BINDS):
            for unit in _names(path):
                yield unit, unit
        elif os.path.islink(raw(path)):
            target = os.path.basename(os.readlink(path))
            if target != name:
                yield target, name


def _names(folder: str) -> "list[str]":
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
