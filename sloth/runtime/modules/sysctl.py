"""Parameters of the kernel: set now, and at boot by a file of /etc/sysctl.d."""

import os
import re

from sloth.runtime import editing, lines
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_./:@-]*$")
_TREE = "/proc/sys/"
_SYNONYMS = {"name": ("key",), "file": ("path", "sysctl_file")}


@action(synonyms=_SYNONYMS, diff=True)
def set_(
    host: "Host",
    *,
    name: str,
    value: "str | int",
    persistent: bool = True,
    file: str = "/etc/sysctl.d/99-sloth.conf",
    ignore_missing: bool = False
) -> None:
    """Make sure that a parameter has a value, now and after the next boot.

    name: the parameter, such as net.ipv4.ip_forward
    value: its value; several numbers are separated by spaces
    persistent: whether it holds after a boot, too
    file: where that is written
    ignore_missing: be content when this kernel has no such parameter; it is written nevertheless

    example: sysctl.set("net.ipv4.ip_forward", 1)
    example: sysctl.set { name = "vm.swappiness", value = 10, file = "/etc/sysctl.d/50-memory.conf" }
    """
    wanted = _checked(name, str(value))
    now = _read(name)
    if now is None and not ignore_missing:
        raise ActionFailed(f"this kernel has no parameter {name}; is its module loaded?")
    if now is not None and now.split() != wanted.split():
        host.change("sysctl", "-w", f"{name}={wanted}")
    if persistent:
        line = raw(f"{name} = {wanted}")
        change = lambda content: lines.with_line(content, line, _line(name), lines.Anchor(None, None))  # noqa: E731
        editing.edit(host, file, change, editing.Terms(Wanted("0644"), "create", backup=False, validate=None))


@action(synonyms=_SYNONYMS, diff=True)
def remove(host: "Host", *, name: str, file: str = "/etc/sysctl.d/99-sloth.conf") -> None:
    """Make sure that a file sets a parameter no more at boot; its value now stays.

    name: the parameter
    file: where it is written

    example: sysctl.remove("net.ipv4.ip_forward")
    """
    _checked(name, "0")
    change = lambda content: lines.without_lines(content, None, _line(name))[0]  # noqa: E731
    editing.edit(host, file, change, editing.Terms(Wanted(), "fine", backup=False, validate=None))


@action(query=True, synonyms={"name": ("key",)})
def get(host: "Host", *, name: str) -> str:
    """The value of a parameter now; several numbers are separated by spaces.

    name: the parameter

    example: if sysctl.get("net.ipv4.ip_forward") == "1" then log.info("it routes") end
    """
    del host  # what this process reads is the host's
    _checked(name, "0")
    found = _read(name)
    if found is None:
        raise ActionFailed(f"this kernel has no parameter {name}")
    return " ".join(found.split())


def _checked(name: str, value: str) -> str:
    if not _NAME.match(name) or ".." in name:
        raise BadArguments(f"sysctl: {name!r} is no name of a parameter")
    if re.search(r"[\n\r\0]", value) or not value.strip():
        raise BadArguments(f"sysctl: the value of {name} has to be one line that is not empty")
    return " ".join(value.split())


def _read(name: str) -> "str | None":
    """As sysctl(8) reads names: where a slash comes first, it separates, and a dot is a part of the name."""
    slash, dot = name.find("/"), name.find(".")
    parts = name.replace(".", "/") if slash < 0 or -1 < dot < slash else name
    if slash >= 0 and -1 < dot < slash:
        parts = "/".join(part.replace("/", ".") for part in name.split("."))
    try:
        with open(os.path.join(_TREE, parts), encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ActionFailed(f"{name} cannot be read: {error.strerror}") from error


def _line(name: str) -> "re.Pattern[bytes]":
    return re.compile(rb"^\s*-?" + re.escape(raw(name)) + rb"\s*=")
