"""Which package manager a host has."""

from sloth.runtime.boot import load
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.packages.tool import Tool

# Program, module, class; the first that a host has is its own: tools of other distributions come behind.
_KNOWN = (
    ("apt-get", "apt", "Apt"), ("dnf", "dnf", "Dnf"), ("zypper", "zypper", "Zypper"), ("apk", "apk", "Apk"),
    ("pacman", "pacman", "Pacman"),
)
_OTHERS = ("yum", "emerge", "xbps-install", "nix-env", "opkg", "pkg")


def manager_of(host: "Host", lock_timeout: float = 60) -> "Tool":
    """The package manager of this host, or ActionFailed that says what is there instead."""
    for program, module, name in _KNOWN:
        if host.has(program):
            kind: "type[Tool]" = getattr(load(f"sloth.runtime.packages.{module}"), name)
            return kind(host, lock_timeout)
    others = [name for name in _OTHERS if host.has(name)]
    has = f"it has {', '.join(others)}" if others else "no package manager is known on it"
    raise ActionFailed(f"pkg works with {', '.join(one[0] for one in _KNOWN)} and this host has none; {has}")
