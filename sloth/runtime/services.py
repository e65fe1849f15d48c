"""Services, whatever starts them: systemd, OpenRC or the scripts of System V. One small set of words for all three."""

import glob
import os

from sloth.runtime.failure import ActionFailed
from sloth.runtime.privilege import become_hint
from sloth.runtime.units import NoUnit, Systemctl

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_BOOTED_WITH_SYSTEMD = "/run/systemd/system"
_SCRIPTS = "/etc/init.d"
_AT_BOOT = "/etc/rc[S2345].d/S[0-9][0-9]"


class Systemd:
    """Units, by systemctl."""

    def __init__(self, host: "Host") -> None:
        self._manager = Systemctl(host)

    def is_there(self, name: str) -> bool:
        """Whether there is a service of that name."""
        try:
            self._manager.unit(name)
        except NoUnit:
            return False
        return True

    def is_running(self, name: str) -> bool:
        """Whether it does its work now."""
        return self._manager.unit(name).is_running

    def is_enabled(self, name: str) -> bool:
        """Whether it starts at boot."""
        return self._manager.enablement(name).startswith("enabled")

    def act(self, verb: str, name: str) -> None:
        """start, stop, restart or reload."""
        self._manager.act(verb, self._manager.unit(name))

    def bind(self, name: str, *, enabled: bool) -> None:
        """Have it start at boot, or not."""
        (self._manager.enable if enabled else self._manager.disable)(name)


class OpenRC:
    """Services of Alpine and Gentoo, by rc-service and rc-update."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def is_there(self, name: str) -> bool:
        """Whether there is a service of that name."""
        return self._host.ok("rc-service", "--exists", name)

    def is_running(self, name: str) -> bool:
        """Whether it does its work now."""
        return self._host.ok("rc-service", name, "status")

    def is_enabled(self, name: str) -> bool:
        """Whether it starts at boot: in whatever runlevel."""
        rows = self._host.run("rc-update", "show").out.splitlines()
        return any(row.partition("|")[0].strip() == name and row.partition("|")[2].strip() for row in rows)

    def act(self, verb: str, name: str) -> None:
        """start, stop, restart or reload."""
        _change(self._host, "rc-service", name, verb)

    def bind(self, name: str, *, enabled: bool) -> None:
        """Have it start at boot, or not."""
        words = ("add", name, "default") if enabled else ("--all", "del", name)
        _change(self._host, "rc-update", *words)


class SysV:
    """Scripts in /etc/init.d, by themselves and by update-rc.d or chkconfig."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    def is_there(self, name: str) -> bool:
        """Whether there is a service of that name."""
        return os.access(f"{_SCRIPTS}/{name}", os.X_OK)

    def is_running(self, name: str) -> bool:
        """Whether it does its work now."""
        return self._host.ok(f"{_SCRIPTS}/{name}", "status")

    def is_enabled(self, name: str) -> bool:
        """Whether it starts at boot: in whatever runlevel."""
        return bool(glob.glob(_AT_BOOT + glob.escape(name)))

    def act(self, verb: str, name: str) -> None:
        """start, stop, restart or reload."""
        _change(self._host, f"{_SCRIPTS}/{name}", verb)

    def bind(self, name: str, *, enabled: bool) -> None:
        """Have it start at boot, or not."""
        if not self._host.has("update-rc.d"):
            _change(self._host, "chkconfig", name, "on" if enabled else "off")
            return
        if enabled:
            _change(self._host, "update-rc.d", name, "defaults")
        _change(self._host, "update-rc.d", name, "enable" if enabled else "disable")


def manager_of(host: "Host") -> "Systemd | OpenRC | SysV":
    """What starts services on this host."""
    if host.finds(_BOOTED_WITH_SYSTEMD):
        return Systemd(host)
    if host.has("rc-service"):
        return OpenRC(host)
    if host.finds(_SCRIPTS):
        return SysV(host)
    raise ActionFailed(f"nothing that starts services is known on this host: no systemd, no OpenRC, no {_SCRIPTS}")


def _change(host: "Host", *words: str) -> None:
    try:
        host.change(*words)
    except ActionFailed as error:
        raise ActionFailed(error.message + become_hint([error.message]), **error.result) from error
