"""Which package manager a host has.

A manager is a class with the public methods of `Apt`, each one or two command lines; it is added here.
What to do with it (present, latest, absent) is decided in modules/pkg.py, in the words of words.py alone.
"""

from sloth.runtime.failure import ActionFailed
from sloth.runtime.packages.apt import Apt

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_OTHERS = ("dnf", "yum", "zypper", "apk", "pacman")


def manager_of(host: "Host", lock_timeout: float = 60) -> Apt:
    """The package manager of this host, or ActionFailed that says what is there instead."""
    if host.has(Apt.program):
        return Apt(host, lock_timeout)
    others = [name for name in _OTHERS if host.has(name)]
    has = f"it has {', '.join(others)}" if others else "no package manager is known on it"
    raise ActionFailed(f"pkg works with {Apt.program} and this host has none; {has}")
