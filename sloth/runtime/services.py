"""Services, whatever starts them: systemd, OpenRC or the scripts of System V. One small set of words for all three.

systemd looks at all services of a call together and changes them together; the tools of the others know one at a time.
"""

import glob
import os

from sloth.runtime.failure import ActionFailed
from sloth.runtime.privilege import become_hint
from sloth.runtime.unit_goals import UnitGoals
from sloth.runtime.units import Systemctl

MYPY = False
if MYPY:
    from collections.abc import Callable, Sequence

    from sloth.runtime.host import Host
    from sloth.runtime.unit_goals import Told

_BOOTED_WITH_SYSTEMD = "/run/systemd/system"
_SCRIPTS = "/etc/init.d"
_AT_BOOT = "/etc/rc[S2345].d/S[0-9][0-9]"


class State:
    """How a service is. enabled: whether it starts at boot."""

    def __init__(self, *, exists: bool, active: bool, enabled: bool) -> None:
        self.exists = exists
        self.active = active
        self.enabled = enabled

    def plain(self, name: str) -> "dict[str, object]":
        """For the caller in Lua."""
        return {"name": name, "exists": self.exists, "active": self.active, "enabled": self.enabled}


class Systemd(UnitGoals):
    """Units, by systemctl."""

    def states(self, names: "Sequence[str]") -> "dict[str, State]":
        """How services are, those too that are not there."""
        manager = self.manager
        enablement = {one.name: one.state for one in self.resolved(manager.enablement(names))}
        return {
            unit.name: State(
                exists=unit.is_there, active=unit.is_running, enabled=enablement[unit.name].startswith("enabled")
            )
            for unit in manager.look(names)
        }


class OneByOne:
    """What OpenRC and System V have in common: each service is asked about and changed by itself."""

    def __init__(self, host: "Host") -> None:
        self.host = host

    def exists(self, name: str) -> bool:
        """Whether there is a service of that name."""
        raise NotImplementedError

    def runs(self, name: str) -> bool:
        """Whether a service that exists does its work now."""
        raise NotImplementedError

    def starts_at_boot(self, name: str) -> bool:
        """Whether a service that exists is in any runlevel."""
        raise NotImplementedError

    def act(self, verb: str, name: str) -> None:
        """start, stop, restart or reload."""
        raise NotImplementedError

    def bind(self, verb: str, name: str) -> None:
        """enable or disable."""
        raise NotImplementedError

    def states(self, names: "Sequence[str]") -> "dict[str, State]":
        """How services are, those too that are not there."""
        return {
            name: State(exists=self.exists(name), active=self._is_active(name), enabled=self._is_enabled(name))
            for name in names
        }

    def running(self, names: "Sequence[str]", *, enabled: bool) -> "Told":
        """They run now, and start at boot or not."""
        bound = self.enable(names) if enabled else self.disable(names)
        started = self.start(names)
        return {name: {"changed": bound[name]["changed"] or started[name]["changed"]} for name in started}

    def start(self, names: "Sequence[str]") -> "Told":
        """They run now."""
        return self._settle("start", names, self.act, lambda name: not self._is_active(name))

    def stop(self, names: "Sequence[str]") -> "Told":
        """They do not run now."""
        return self._settle("stop", names, self.act, self._is_active)

    def restart(self, names: "Sequence[str]") -> "Told":
        """They have been started anew."""
        return self._settle("restart", names, self.act, lambda _: True)

    def reload(self, names: "Sequence[str]") -> "Told":
        """They have read their configuration again."""
        for name in names:
            if self.exists(name) and not self.runs(name):
                raise ActionFailed(f"{name} does not run, so it cannot reload; service.start starts it")
        return self._settle("reload", names, self.act, lambda _: True)

    def enable(self, names: "Sequence[str]") -> "Told":
        """They start at boot."""
        return self._settle("enable", names, self.bind, lambda name: not self._is_enabled(name))

    def disable(self, names: "Sequence[str]") -> "Told":
        """They do not start at boot."""
        return self._settle("disable", names, self.bind, self._is_enabled)

    def _settle(
        self, verb: str, names: "Sequence[str]", do: "Callable[[str, str], None]", is_due: "Callable[[str], bool]"
    ) -> "Told":
        missing = [name for name in names if not self.exists(name)]
        for name in missing:
            if not self.host.is_to_come(f"there is no service {name}"):
                raise ActionFailed(f"there is no service {' and no service '.join(missing)}")
        told = {}  # type: Told
        for name in names:
            due = name not in told and is_due(name)
            if due:
                do(verb, name)
            told.setdefault(name, {"changed": due})
        return told

    def _is_active(self, name: str) -> bool:
        return self.exists(name) and self.runs(name)

    def _is_enabled(self, name: str) -> bool:
        return self.exists(name) and self.starts_at_boot(name)


class OpenRC(OneByOne):
    """Services of Alpine and Gentoo, by rc-service and rc-update."""

    def exists(self, name: str) -> bool:
        return self.host.ok("rc-service", "--exists", name)

    def runs(self, name: str) -> bool:
        return self.host.ok("rc-service", name, "status")

    def starts_at_boot(self, name: str) -> bool:
        return bool(self._runlevels(name))

    def act(self, verb: str, name: str) -> None:
        _change(self.host, "rc-service", name, verb)

    def bind(self, verb: str, name: str) -> None:
        # `--all del` fails for each runlevel that the service is not in, though it is gone from the others.
        words = ["add", name, "default"] if verb == "enable" else ["del", name, *self._runlevels(name)]
        _change(self.host, "rc-update", *words)

    def _runlevels(self, name: str) -> "list[str]":
        rows = [row.partition("|") for row in self.host.run("rc-update", "show").out.splitlines()]
        return [runlevel for service, _, runlevels in rows if service.strip() == name for runlevel in runlevels.split()]


class SysV(OneByOne):
    """Scripts in /etc/init.d, by themselves and by update-rc.d or chkconfig."""

    def exists(self, name: str) -> bool:
        return os.access(f"{_SCRIPTS}/{name}", os.X_OK)

    def runs(self, name: str) -> bool:
        return self.host.ok(f"{_SCRIPTS}/{name}", "status")

    def starts_at_boot(self, name: str) -> bool:
        return bool(glob.glob(_AT_BOOT + glob.escape(name)))

    def act(self, verb: str, name: str) -> None:
        _change(self.host, f"{_SCRIPTS}/{name}", verb)

    def bind(self, verb: str, name: str) -> None:
        if not self.host.has("update-rc.d"):
            _change(self.host, "chkconfig", name, "on" if verb == "enable" else "off")
            return
        if verb == "enable":
            _change(self.host, "update-rc.d", name, "defaults")
        _change(self.host, "update-rc.d", name, verb)


def manager_of(host: "Host") -> "Systemd | OneByOne":
    """What starts services on this host."""
    if host.finds(_BOOTED_WITH_SYSTEMD):
        return Systemd(Systemctl(host))
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
