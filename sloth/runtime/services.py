"""Services, whatever starts them: systemd, OpenRC or the scripts of System V. One small set of words for all three.

systemd looks at all services of a call together and changes them together; the tools of the others know one at a time.
"""

import glob
import os
import re

from sloth.runtime.failure import ActionFailed, BadArguments
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
_NAME = r"[^-./\s][^/\s]*$"  # of a script: not one elsewhere, and no option of the tools
_RUNLEVELS = ("rc", "rcS")  # these scripts are no services: they start all others
_STATUS = rb"\bstatus\b\S*\)|init-d-script"  # a script that can tell; others may do anything when asked
_LOST = (32, 64)  # how `rc-service NAME status` ends where a started service or its supervisor is gone


class NothingStartsServices(ActionFailed):
    """The host has no systemd, no OpenRC and no scripts of System V: a container, mostly."""


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

    def runs(self, name: str) -> bool:
        """Whether a service does its work now."""
        return self.manager.host.ok("systemctl", "is-active", "--quiet", "--", name)

    def starts_at_boot(self, name: str) -> bool:
        """Whether a service starts at boot, be it by itself or for another."""
        return self.manager.host.ok("systemctl", "is-enabled", "--quiet", "--", name)


class OneByOne:
    """What OpenRC and System V have in common: each service is asked about and changed by itself."""

    def __init__(self, host: "Host") -> None:
        self.host = host

    def known(self) -> "dict[str, State]":
        """All services."""
        raise NotImplementedError

    def exists(self, name: str) -> bool:
        """Whether there is a service of that name."""
        raise NotImplementedError

    def does_run(self, name: str) -> bool:
        """Whether a service that exists does its work now."""
        raise NotImplementedError

    def is_bound(self, name: str) -> bool:
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
            name: State(exists=self.exists(name), active=self.runs(name), enabled=self.starts_at_boot(name))
            for name in names
        }

    def runs(self, name: str) -> bool:
        """Whether a service is there and does its work now."""
        return self.exists(name) and self.does_run(name)

    def starts_at_boot(self, name: str) -> bool:
        """Whether a service is there and in any runlevel."""
        return self.exists(name) and self.is_bound(name)

    def sockets(self, _name: str) -> "list[str]":
        """Only systemd listens in place of services."""
        return []

    def running(self, names: "Sequence[str]", *, enabled: bool) -> "Told":
        """They run now, and start at boot or not."""
        bound = self.enable(names) if enabled else self.disable(names)
        started = self.start(names)
        return {name: {"changed": bound[name]["changed"] or started[name]["changed"]} for name in started}

    def start(self, names: "Sequence[str]") -> "Told":
        """They run now."""
        return self._settle("start", names, self._begin, lambda name: not self.runs(name))

    def stop(self, names: "Sequence[str]") -> "Told":
        """They do not run now."""
        return self._settle("stop", names, self.act, self.runs)

    def restart(self, names: "Sequence[str]") -> "Told":
        """They have been started anew."""
        return self._settle("restart", names, self._begin, lambda _: True)

    def reload(self, names: "Sequence[str]") -> "Told":
        """They have read their configuration again."""
        _judge(names)
        for name in names:
            if self.exists(name) and not self.does_run(name):
                raise ActionFailed(f"{name} does not run, so it cannot reload; service.start starts it")
        return self._settle("reload", names, self.act, lambda _: True)

    def enable(self, names: "Sequence[str]") -> "Told":
        """They start at boot."""
        return self._settle("enable", names, self.bind, lambda name: not self.starts_at_boot(name))

    def disable(self, names: "Sequence[str]") -> "Told":
        """They do not start at boot."""
        return self._settle("disable", names, self.bind, self.starts_at_boot)

    def _settle(
        self, verb: str, names: "Sequence[str]", do: "Callable[[str, str], None]", is_due: "Callable[[str], bool]"
    ) -> "Told":
        _judge(names)
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

    def _begin(self, verb: str, name: str) -> None:
        """start or restart; tools say that this went well also where the service ended at once."""
        self.act(verb, name)
        if not self.host.check and not self.does_run(name):
            self.host.warn(f"{name} says that it does not run after its {verb}, or its script cannot tell")


class OpenRC(OneByOne):
    """Services of Alpine and Gentoo, by rc-service and rc-update."""

    def known(self) -> "dict[str, State]":
        # What OpenRC has written down: where it runs scripts of System V, some of those know no `status` and do more.
        names = self.host.run("rc-service", "--list").out.split()
        told = self.host.run("rc-status", "--all", "--format", "ini").out.splitlines()
        states = {name.strip(): state.strip() for name, _, state in (line.partition("=") for line in told)}
        bound = self._bound()
        return {
            name: State(exists=True, active=states.get(name) == "started", enabled=name in bound)
            for name in sorted(names)
        }

    def exists(self, name: str) -> bool:
        return self.host.ok("rc-service", "--exists", name)

    def does_run(self, name: str) -> bool:
        return self.host.ok("rc-service", name, "status")

    def is_bound(self, name: str) -> bool:
        return name in self._bound()

    def act(self, verb: str, name: str) -> None:
        # One that is lost counts as started, so that `start` would do nothing, and `restart` may find nobody to end.
        if verb in {"start", "restart"} and self.host.run("rc-service", name, "status").code in _LOST:
            _change(self.host, "rc-service", name, "zap")
        _change(self.host, "rc-service", name, verb)

    def bind(self, verb: str, name: str) -> None:
        # `--all del` fails for each runlevel that the service is not in, though it is gone from the others.
        words = ["add", name, "default"] if verb == "enable" else ["del", name, *self._bound()[name]]
        _change(self.host, "rc-update", *words)

    def _bound(self) -> "dict[str, list[str]]":
        """Services → the runlevels that they are in, of those that are in any."""
        rows = [row.partition("|") for row in self.host.run("rc-update", "show").out.splitlines()]
        return {service.strip(): runlevels.split() for service, _, runlevels in rows if runlevels.strip()}


class SysV(OneByOne):
    """Scripts in /etc/init.d, by themselves and by update-rc.d or chkconfig."""

    def known(self) -> "dict[str, State]":
        names = sorted(name for name in os.listdir(_SCRIPTS) if name not in _RUNLEVELS)
        return self.states([name for name in names if self.exists(name)])

    def exists(self, name: str) -> bool:
        path = f"{_SCRIPTS}/{name}"
        return os.path.isfile(path) and os.access(path, os.X_OK)

    def does_run(self, name: str) -> bool:
        with open(f"{_SCRIPTS}/{name}", "rb") as script:
            can_tell = re.search(_STATUS, script.read()) is not None
        return can_tell and self.host.ok(f"{_SCRIPTS}/{name}", "status")

    def is_bound(self, name: str) -> bool:
        return bool(glob.glob(_AT_BOOT + glob.escape(name)))

    def act(self, verb: str, name: str) -> None:
        # With `service` what is started gets nothing of our environment.
        _change(self.host, *(["service", name] if self.host.has("service") else [f"{_SCRIPTS}/{name}"]), verb)

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
    raise NothingStartsServices(
        f"nothing that starts services is known on this host: no systemd, no OpenRC, no {_SCRIPTS}"
    )


def _judge(names: "Sequence[str]") -> None:
    for name in names:
        if not re.match(_NAME, name):
            raise BadArguments(f"{name!r} cannot be the name of a service")


def _change(host: "Host", *words: str) -> None:
    try:
        host.change(*words)
    except ActionFailed as error:
        raise ActionFailed(error.message + become_hint([error.message]), **error.result) from error
