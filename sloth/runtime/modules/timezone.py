"""The host's time zone: /etc/localtime, and Debian's /etc/timezone where it is."""

import os
import re

from sloth.runtime import files, links
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_ZONES = "/usr/share/zoneinfo"
_LOCAL = "/etc/localtime"
_NAME_FILE = "/etc/timezone"
_ZONE = re.compile(r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$")


@action(synonyms={"name": ("zone", "timezone")}, diff=True)
def set_(host: "Host", *, name: str) -> None:
    """Make sure that the host keeps the time of this zone.

    name: the zone, such as Europe/Berlin or UTC

    example: timezone.set("Europe/Berlin")
    """
    if not _ZONE.match(name):
        raise BadArguments(f"timezone.set: {name!r} is no time zone: write Europe/Berlin or UTC")
    zone = f"{_ZONES}/{name}"
    if not os.path.isfile(zone):
        why = "" if os.path.isdir(_ZONES) else '; pkg.install("tzdata") brings the zones'
        if not host.is_to_come(f"this host knows no time zone {name}{why}"):
            raise ActionFailed(f"this host knows no time zone {name}{why}")
        return
    if _current() != name:
        links.symbolic(host, _LOCAL, zone, force=True)
    if os.path.exists(_NAME_FILE):
        files.ensure(host, _NAME_FILE, f"{name}\n".encode("ascii"), Wanted())


@action(query=True)
def get(host: "Host") -> str:
    """The name of the host's time zone.

    example: print(timezone.get())
    """
    del host  # this process is on it
    name = _current()
    if name:
        return name
    if os.path.exists(_NAME_FILE):
        with open(_NAME_FILE, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    if not os.path.exists(_LOCAL):
        return "UTC"
    raise ActionFailed(f"{_LOCAL} is no link to a zone, so it has no name")


def _current() -> str:
    """The zone that /etc/localtime leads to, or an empty string."""
    target = os.path.join(os.path.dirname(_LOCAL), os.readlink(_LOCAL)) if os.path.islink(_LOCAL) else ""
    target = os.path.normpath(target)
    return target[len(_ZONES) + 1 :] if target.startswith(_ZONES + "/") else ""
