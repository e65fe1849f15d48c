"""What units are to be: running, stopped, enabled, masked. Those of one call are looked at and changed together.

Each goal names the units as its caller did and tells how each is then, and whether it was changed. All are there and
can be what is wanted, or none is touched. Only check mode goes on (`would_run`) with a unit that is not there: the
package or the file of it may come with an earlier task, which check mode leaves.
"""

from sloth.runtime.failure import ActionFailed
from sloth.runtime.units import Unit, no_unit

MYPY = False
if MYPY:
    from collections.abc import Callable, Sequence

    from sloth.runtime.units import Systemctl

    Told = dict[str, dict[str, object]]  # a unit's name → how it is, and whether it was changed

# What `is-enabled` says of units that start at boot, or that no [Install] section lets us bind there.
_BOUND = ("enabled", "static", "indirect", "generated", "transient")
_AT_BOOT = ("enabled", "enabled-runtime")
_MASKED = ("masked", "masked-runtime")
_JOURNALS = 3  # of units that failed together; more would bury the message
_SSH_SERVERS = ("ssh.service", "sshd.service")


class UnitGoals:
    """What is wanted of the units of one manager."""

    def __init__(self, manager: "Systemctl") -> None:
        self.manager = manager
        self._host = manager.host

    def running(self, names: "Sequence[str]", *, enabled: bool) -> "Told":
        """They run now, and start at boot or not."""
        units = self._startable(_once(names))
        bound = self.enable(names) if enabled else self.disable(names)
        started = self._settled("start", units, [unit for unit in units if not unit.is_running])
        return {name: dict(one, changed=one["changed"] or bound[name]["changed"]) for name, one in started.items()}

    def start(self, names: "Sequence[str]") -> "Told":
        """They run now."""
        units = self._startable(_once(names))
        return self._settled("start", units, [unit for unit in units if not unit.is_running])

    def stop(self, names: "Sequence[str]") -> "Told":
        """They do not run now."""
        units = self._due(_once(names))
        return self._settled("stop", units, [unit for unit in units if not unit.is_stopped])

    def restart(self, names: "Sequence[str]") -> "Told":
        """They have been started anew."""
        units = self._startable(_once(names))
        return self._settled("restart", units, units)

    def reload(self, names: "Sequence[str]") -> "Told":
        """They have read their configuration again.

        An SSH server that systemd started for its socket cannot take its port a second time, so that a reload would
        end it. A new one gets the socket anew; sessions go on, as each is a process of its own (KillMode=process).
        """
        units = self._startable(_once(names))
        for unit in units:
            if unit.is_there and not unit.is_running:
                why = f"does not run ({unit.active}), so it cannot reload; systemd.start starts it"
                raise ActionFailed(f"{unit.name} {why}")
            if unit.is_there and not unit.can_reload:
                raise ActionFailed(f"{unit.name} cannot reload, it has no ExecReload; systemd.restart restarts it")
        anew = [unit for unit in units if self._sockets(unit)]
        told = self._settled("reload", units, [unit for unit in units if unit not in anew])
        return dict(told, **self._settled("restart", anew, anew))

    def enable(self, names: "Sequence[str]") -> "Told":
        """They start at boot; `enabled` tells how."""
        bindings = self._bindings(_once(names))
        for one in bindings:
            if one.state in _MASKED:
                raise ActionFailed(f"{one.name} is masked and cannot be enabled; systemd.unmask permits it")
            if one.state == "bad":
                hint = f"`systemd-analyze verify {one.real}` tells what is bad"
                raise ActionFailed(f"{one.name} cannot be enabled: {hint}")
        todo = [one for one in bindings if one.state not in _BOUND]
        self._bind("enable", todo)
        return {one.name: one.told("enabled", changed=one in todo) for one in bindings}

    def disable(self, names: "Sequence[str]") -> "Told":
        """They do not start at boot; `enabled` tells how they are bound then."""
        bindings = self._bindings(_once(names))
        todo = [one for one in bindings if one.state in _AT_BOOT]
        lasting = [one for one in todo if one.state == "enabled"]
        self._bind("disable", lasting)
        # With what lasts taken away, something may be left that only the next boot would clear.
        left = {} if self._host.check else self.manager.enablement([one.real for one in lasting])
        until_boot = [one for one in todo if left.get(one.real, one.state) == "enabled-runtime"]
        self._bind("disable", until_boot, option="--runtime")
        return {one.name: one.told("disabled", changed=one in todo) for one in bindings}

    def mask(self, names: "Sequence[str]") -> "Told":
        """Nothing can start them."""
        return self._mask("mask", _once(names), lambda state: state != "masked")

    def unmask(self, names: "Sequence[str]") -> "Told":
        """They may be started."""
        return self._mask("unmask", _once(names), lambda state: state in _MASKED)

    def are_active(self, names: "Sequence[str]") -> bool:
        """Whether all run."""
        return all(unit.is_running for unit in self.manager.units(_once(names)))

    def are_enabled(self, names: "Sequence[str]") -> bool:
        """Whether all start at boot."""
        states = self.manager.enablement(_once(names))
        missing = [name for name, state in states.items() if state == "not-found"]
        if missing:
            raise no_unit(missing)
        return all(one.state in _AT_BOOT for one in self.resolved(states))

    def resolved(self, states: "dict[str, str]") -> "list[Binding]":
        """Names and their enablement, those of aliases told by the units behind them, which alone can be enabled."""
        aliases = [name for name, state in states.items() if state == "alias"]
        real = {unit.name: unit.id for unit in self.manager.units(aliases)}
        known = dict(states, **self.manager.enablement(_once(list(real.values()))))
        return [Binding(name, real.get(name, name), known[real.get(name, name)]) for name in states]

    def sockets(self, name: str) -> "list[str]":
        """The sockets at which systemd listens in place of a unit, if that is an SSH server."""
        return self._sockets(self.manager.look([name])[0])

    def _startable(self, names: "Sequence[str]") -> "list[Unit]":
        """Units that can be started; in check mode also those that are yet to come."""
        units = self._due(names)
        for unit in units:
            if unit.load == "masked":
                raise ActionFailed(f"{unit.name} is masked and cannot be started; systemd.unmask permits it")
        return units

    def _due(self, names: "Sequence[str]") -> "list[Unit]":
        """Units to act on; in check mode also those that are yet to come."""
        units = self.manager.look(names)
        self._expect([unit.name for unit in units if not unit.is_there])
        to_come = {"LoadState": "not-found", "ActiveState": "inactive"}  # also of a unit that runs and lost its file
        return [unit if unit.is_there else Unit(unit.name, to_come) for unit in units]

    def _states(self, names: "Sequence[str]") -> "dict[str, str]":
        """Enablement of units to act on; in check mode also of those that are yet to come."""
        states = self.manager.enablement(names)
        self._expect([name for name, state in states.items() if state == "not-found"])
        return states

    def _bindings(self, names: "Sequence[str]") -> "list[Binding]":
        return self.resolved(self._states(names))

    def _expect(self, missing: "Sequence[str]") -> None:
        """NoUnit for these, unless this is a check; then each is warned of."""
        for name in missing:
            if not self._host.is_to_come(f"there is no unit {name}"):
                raise no_unit(missing)

    def _mask(self, verb: str, names: "Sequence[str]", is_due: "Callable[[str], bool]") -> "Told":
        states = self._states(names)
        todo = [name for name, state in states.items() if is_due(state)]
        self._bind(verb, [Binding(name, name, states[name]) for name in todo])
        return {name: {"changed": name in todo} for name in names}

    def _bind(self, verb: str, bindings: "Sequence[Binding]", option: str = "") -> None:
        names = _once([one.real for one in bindings])
        if not names:
            return
        try:
            self.manager.change(verb, *names, option=option)
        except ActionFailed:
            if len(names) > 1:
                now = self.manager.enablement(names)
                done = [one.real for one in bindings if now[one.real] != one.state]
                self._host.changes += [f"systemctl {verb} {name}" for name in done]
            raise

    def _settled(self, verb: str, units: "Sequence[Unit]", todo: "Sequence[Unit]") -> "Told":
        """How units are after this was done to some of them."""
        now = {unit.name: unit for unit in self._act(verb, todo)}
        return {unit.name: dict(now.get(unit.name, unit).plain(), changed=unit.name in now) for unit in units}

    def _act(self, verb: str, units: "Sequence[Unit]") -> "Sequence[Unit]":
        """Start, stop, restart or reload units; the units as they are then. Files that have changed are read first."""
        if not units:
            return []
        if any(unit.needs_reload for unit in units):
            self.manager.read_files()
        names = [unit.name for unit in units]
        try:
            self.manager.change(verb, *names)
        except ActionFailed as error:
            failed = self._not_done(verb, units) if len(units) > 1 else units
            raise ActionFailed(error.message + self._ends(failed), **error.result) from error
        if self._host.check:
            return units
        now = self.manager.look(names)
        failed = [unit for unit in now if verb != "stop" and unit.has_failed]
        if failed:
            who = " and ".join(unit.name for unit in failed)
            raise ActionFailed(f"{who} failed right after its {verb}{self._ends(failed)}")
        return now

    def _not_done(self, verb: str, units: "Sequence[Unit]") -> "list[Unit]":
        """Of units of a command that failed, those to which it was not done; the others are noted."""
        failed = []
        for before, now in zip(units, self.manager.look([unit.name for unit in units])):
            if now.since != before.since and (now.is_stopped if verb == "stop" else not now.has_failed):
                self._host.changes.append(f"systemctl {verb} {now.name}")
            else:
                failed.append(now)
        return failed

    def _ends(self, units: "Sequence[Unit]") -> str:
        """How the journals of the first few end."""
        return "".join(self.manager.last_lines(unit) for unit in units[:_JOURNALS])

    def _sockets(self, unit: Unit) -> "list[str]":
        sockets = [name for name in unit.triggers if name.endswith(".socket") and unit.id in _SSH_SERVERS]
        return [socket.name for socket in self.manager.look(sockets) if socket.is_running]


class Binding:
    """How a unit is bound into the start of the host. real: its name, where it is known by another."""

    def __init__(self, name: str, real: str, state: str) -> None:
        self.name = name
        self.real = real
        self.state = state

    def told(self, state: str, *, changed: bool) -> "dict[str, object]":
        """For the caller in Lua; state: what it is where it was changed."""
        return {"enabled": state if changed else self.state, "changed": changed}


def _once(names: "Sequence[str]") -> "list[str]":
    return list(dict.fromkeys(names))
