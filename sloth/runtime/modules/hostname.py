"""The host's own name."""

import os
import re

from sloth.runtime import files
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_FILE = "/etc/hostname"
_LABEL = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
_LIMIT = 64  # bytes that Linux has for it


@action(diff=True)
def set_(host: "Host", *, name: str) -> None:
    """Make sure that the host has this name, now and after the next boot.

    name: letters, digits and dashes, with dots between; /etc/hosts stays as it is

    example: hostname.set("web1")
    """
    if len(name) > _LIMIT or not all(_LABEL.match(label) for label in name.split(".")):
        raise BadArguments(f"hostname.set: {name!r} is no name of a host: letters, digits and dashes, up to {_LIMIT}")
    if os.uname().nodename != name:
        host.change("hostname", name)
    files.ensure(host, _FILE, f"{name}\n".encode("ascii"), Wanted("0644"))


@action(query=True)
def get(host: "Host") -> str:
    """The host's name now.

    example: print(hostname.get())
    """
    del host  # this process is on it
    return os.uname().nodename
