"""Units under systemd: what is asked of `systemctl`, and what its answers mean.

A unit's activity is one `systemctl show`. Whether it starts at boot is asked with `is-enabled`, because
`show` answers that from the manager's memory, which links made or lost by hand do not reach.
"""

import os

from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import last_words
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_PROPERTIES = "Id,LoadState,LoadError,ActiveState,SubState,MainPID,NeedDaemonReload,CanReload,FragmentPath"
# What `status` tells, and the property that it is in systemd.
_STATUS = {
    "description": "Description", "load": "LoadState", "active": "ActiveState", "sub": "SubState",
    "result": "Result", "since": "ActiveEnterTimestamp", "file": "FragmentPath",
}
_NUMBERS = {"pid": "MainPID", "restarts": "NRestarts", "exit_code": "ExecMainStatus", "memory": "MemoryCurrent",
            "tasks": "TasksCurrent"}
_UNKNOWN = 1 << 63  # systemd writes 2^64-1 where it does not know a number
# What `is-enabled` says of units that start at boot, or that no [Install] section lets us bind there.
_BOUND = ("enabled", "static", "indirect", "generated", "transient")
_RUNNING = ("active", "reloading", "refreshing")
_NO_MANAGER = ("not been booted with systemd", "Failed to connect to bus", "Failed to get D-Bus connection")
_LAST_LINES = 8


class NoUnit(ActionFailed):
    """There is no unit of that name."""


class Unit:
    """One unit as the manager knows it."""

    def __init__(self, name: str, properties: "dict[str, str]") -> None:
        self.name = name
        self.id = properties.get("Id", name)
        self.load = properties.get("LoadState", "")
        self.load_error = properties.get("LoadError", "")
        self.active = properties.get("ActiveState", "")
        self.sub = properties.get("SubState", "")
        self.pid = int(properties.get("MainPID") or 0)
        self.needs_reload = properties.get("NeedDaemonReload") == "yes"
        self.can_reload = properties.get("CanReload") == "yes"
        self.file = properties.get("FragmentPath", "")

    @property
    def is_there(self) -> bool:
        """Whether the manager knows it at all."""
        return self.load != "not-found"

    @property
    def is_running(self) -> bool:
        """Whether it does its work now."""
        return self.active in _RUNNING

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of it runs or is about to."""
        return self.active in {"inactive", "failed"}

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua."""
        return {"name": self.id, "active": self.active, "sub": self.sub, "pid": self.pid}


class Systemctl:
    """The manager of the whole system, or of the user who we are."""

    def __init__(self, host: "Host", scope: str = "system") -> None:
        self.host = host
        self._argv = ["systemctl"]
        if scope == "user":
            self._argv = ["env", f"XDG_RUNTIME_DIR=/run/user/{os.geteuid()}", "systemctl", "--user"]
        self._journal = ["journalctl", *(["--user-unit"] if scope == "user" else ["--unit"])]

    def show(self, name: str, properties: str = "") -> "dict[str, str]":
        """Properties of a unit, by their names in systemd; all when none are named."""
        wanted = ["-p", properties] if properties else []
        done = self.host.run(*self._argv, "show", *wanted, "--", name)
        if not done.ok:
            raise ActionFailed(f"systemctl show {name}: {last_words(done)}", exit_code=done.code, stderr=done.err)
        pairs = [line.partition("=") for line in done.out.splitlines()]
        return {key: value for key, _, value in pairs}

    def unit(self, name: str) -> Unit:
        """A unit that exists, masked or not; ActionFailed when there is none of that name or its file is bad."""
        if name.endswith(("@", "@.service")):
            raise ActionFailed(f"{name} is a template; name one of its instances, such as {name.partition('@')[0]}@one")
        unit = Unit(name, self.show(name, _PROPERTIES))
        if not unit.is_there:
            raise NoUnit(f"there is no unit {name}; systemd.list_services shows those that are")
        if unit.load not in {"loaded", "masked", "merged", "stub"}:
            why = unit.load_error.partition(" ")[2].strip('"') or unit.load
            raise ActionFailed(f"{name} cannot be loaded: {why} (`systemd-analyze verify {unit.file or name}`)")
        return unit

    def due(self, name: str) -> Unit:
        """A unit to act on; in check mode also one that is yet to come."""
        try:
            return self.unit(name)
        except NoUnit:
            if not self.host.is_to_come(f"there is no unit {name}"):
                raise
            return Unit(name, {"LoadState": "not-found", "ActiveState": "inactive"})

    def startable(self, name: str) -> Unit:
        """A unit that can be started; in check mode also one that is yet to come."""
        unit = self.due(name)
        if unit.load == "masked":
            raise ActionFailed(f"{name} is masked and cannot be started; systemd.unmask permits it")
        return unit

    def enablement(self, name: str) -> str:
        """How a unit is bound into the start of the host: enabled, disabled, static, masked …"""
        done = self.host.run(*self._argv, "is-enabled", "--", name)
        state = done.out.strip()
        if state in {"", "not-found"}:
            why = last_words(done)
            missing = state or "No such file" in done.err or "does not exist" in done.err
            if missing:
                raise NoUnit(f"there is no unit {name}")
            raise ActionFailed(f"systemctl is-enabled {name}: {why}")
        return state

    def enablement_due(self, name: str) -> str:
        """The same of a unit to act on; in check mode also of one that is yet to come."""
        try:
            return self.enablement(name)
        except NoUnit:
            if not self.host.is_to_come(f"there is no unit {name}"):
                raise
            return "not-found"

    def resolved(self, name: str, state: str) -> "tuple[str, str]":
        """The unit behind an alias, which alone can be enabled, and its enablement; state: that of the name."""
        if state != "alias":
            return name, state
        real = self.unit(name).id
        return real, self.enablement(real)

    def enable(self, name: str) -> str:
        """Make sure that it starts at boot; its enablement then."""
        real, state = self.resolved(name, self.enablement_due(name))
        if state in {"masked", "masked-runtime"}:
            raise ActionFailed(f"{name} is masked and cannot be enabled; systemd.unmask permits it")
        if state == "bad":
            raise ActionFailed(f"{name} cannot be enabled, its unit file is bad (`systemd-analyze verify {real}`)")
        if state in _BOUND:
            return state
        self.change("enable", real)
        return "enabled"

    def disable(self, name: str) -> str:
        """Make sure that it does not start at boot; its enablement then."""
        real, state = self.resolved(name, self.enablement_due(name))
        if state not in {"enabled", "enabled-runtime"}:
            return state
        if state == "enabled":
            self.change("disable", real)
        if state == "enabled-runtime" or self._is_bound_until_boot(real):
            self.change("disable", real, option="--runtime")
        return "disabled"

    def _is_bound_until_boot(self, name: str) -> bool:
        """Whether, with what lasts taken away, something is left that only the next boot would clear."""
        done = None if self.host.check else self.host.run(*self._argv, "is-enabled", "--", name)
        return done is not None and done.out.strip() == "enabled-runtime"

    def start(self, unit: Unit) -> Unit:
        """Make sure that it runs."""
        return unit if unit.is_running else self.act("start", unit)

    def act(self, verb: str, unit: Unit) -> Unit:
        """Start, stop, restart or reload a unit; the unit as it is then. Its file is read again if it has changed."""
        if unit.needs_reload:
            self.read_files()
        try:
            self.change(verb, unit.name)
        except ActionFailed as error:
            raise ActionFailed(error.message + self._last_lines(unit), **error.result) from error
        if self.host.check:
            return unit
        now = Unit(unit.name, self.show(unit.name, _PROPERTIES))
        if verb != "stop" and (now.active == "failed" or now.sub == "auto-restart"):
            raise ActionFailed(f"{unit.name} failed right after its {verb}{self._last_lines(now)}")
        return now

    def change(self, verb: str, *names: str, option: str = "") -> None:
        """Have the manager do something."""
        words = [verb, option] if option else [verb]
        separator = ["--"] if names else []
        try:
            self.host.change(*self._argv, *words, *separator, *names, note=" ".join(["systemctl", *words, *names]))
        except ActionFailed as error:
            raise ActionFailed(error.message + become_hint([error.message]), **error.result) from error

    def read_files(self) -> None:
        """Have the manager read all unit files again. Where none runs (a chroot), there is nothing to do."""
        try:
            self.change("daemon-reload")
        except ActionFailed as error:
            if not any(sign in error.message for sign in _NO_MANAGER):
                raise

    def logs(self, name: str, *options: str) -> str:
        """What a unit wrote to the journal."""
        done = self.host.run(*self._journal, name, "--no-pager", "--quiet", *options)
        if not done.ok:
            raise ActionFailed(f"journalctl {name}: {last_words(done)}{become_hint([done.err])}")
        return done.out

    def status(self, name: str) -> "dict[str, object]":
        """What a person wants to know of a unit; numbers only where systemd knows them."""
        unit = self.unit(name)
        properties = self.show(name, ",".join([*_STATUS.values(), *_NUMBERS.values()]))
        found = {key: properties.get(wanted, "") for key, wanted in _STATUS.items()}  # type: dict[str, object]
        numbers = {key: properties.get(wanted, "") for key, wanted in _NUMBERS.items()}
        found.update({key: int(text) for key, text in numbers.items() if text.isdigit() and int(text) < _UNKNOWN})
        return dict(found, name=unit.id)

    def services(self, pattern: str = "*") -> "list[dict[str, str]]":
        """All services: those with a unit file, and those that are loaded without one."""
        only = pattern if pattern.endswith((".service", "*")) else pattern + ".service"
        files = {line[0]: line[1] for line in self._table("list-unit-files", only)}
        units = self.loaded(only)
        found = []
        for name in sorted({**files, **units}):
            words = units.get(name, [name, "loaded", "inactive", "dead"])
            found.append({"name": name, "load": words[1], "active": words[2], "sub": words[3],
                          "enabled": files.get(name, ""), "description": " ".join(words[4:])})
        return found

    def loaded(self, pattern: str = "*") -> "dict[str, list[str]]":
        """The services that the manager has in memory: name → name, load, active, sub, words of the description."""
        return {line[0]: line for line in self._table("list-units", pattern, "--all")}

    def _table(self, verb: str, pattern: str, *options: str) -> "list[list[str]]":
        done = self.host.run(
            *self._argv, verb, "--type=service", *options, "--no-legend", "--no-pager", "--plain", "--", pattern
        )
        if not done.ok and done.err:  # that nothing matches is said with the exit code alone
            raise ActionFailed(f"systemctl {verb}: {last_words(done)}")
        return [line.split() for line in done.out.splitlines() if line.strip()]

    def _last_lines(self, unit: Unit) -> str:
        done = self.host.run(*self._journal, unit.id, "--no-pager", "--quiet", "-n", str(_LAST_LINES), "-o", "cat")
        lines = done.out.strip().splitlines() if done.ok else []
        return "; its journal ends: " + " / ".join(lines) if lines else ""
