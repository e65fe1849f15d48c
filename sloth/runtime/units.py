"""Units under systemd: what is asked of `systemctl`, and what its answers mean. Many units are asked about at once.

The activity of all units of a call is one `systemctl show`. Whether they start at boot is asked with one `is-enabled`,
because `show` answers that from the manager's memory, which links made or lost by hand do not reach.
"""

import fnmatch
import os
import re

from sloth.runtime import enablement
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import last_words
from sloth.runtime.place import user_name
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from collections.abc import Sequence

    from sloth.runtime.host import Host

PROPERTIES = (
    "Id,LoadState,LoadError,ActiveState,SubState,MainPID,NeedDaemonReload,CanReload,FragmentPath,TriggeredBy,"
    "StateChangeTimestampMonotonic"
)
# What `status` tells, and the property that it is in systemd.
_STATUS = {
    "description": "Description", "load": "LoadState", "active": "ActiveState", "sub": "SubState",
    "result": "Result", "since": "ActiveEnterTimestamp", "file": "FragmentPath",
}
_NUMBERS = {"pid": "MainPID", "restarts": "NRestarts", "exit_code": "ExecMainStatus", "memory": "MemoryCurrent",
            "tasks": "TasksCurrent"}
_UNKNOWN = 1 << 63  # systemd writes 2^64-1 where it does not know a number
_RUNNING = ("active", "reloading", "refreshing")
_LOADED = ("loaded", "masked", "merged", "stub", "not-found")
_NO_MANAGER = ("not been booted with systemd", "Failed to connect to bus", "Failed to get D-Bus connection")
_OF_USERS = "/run/user"
_PATTERN = re.compile(r"[*?\[]")
_LAST_LINES = 8


class NoUnit(ActionFailed):
    """There is no unit of that name."""


class Unit:
    """One unit as the manager knows it."""

    def __init__(self, name: str, properties: "dict[str, str]") -> None:
        self.name = name
        self.properties = properties
        self.id = properties.get("Id", name)
        self.load = properties.get("LoadState", "")
        self.load_error = properties.get("LoadError", "")
        self.active = properties.get("ActiveState", "")
        self.sub = properties.get("SubState", "")
        self.pid = int(properties.get("MainPID") or 0)
        self.needs_reload = properties.get("NeedDaemonReload") == "yes"
        self.can_reload = properties.get("CanReload") == "yes"
        self.file = properties.get("FragmentPath", "")
        self.triggers = properties.get("TriggeredBy", "").split()
        self.since = properties.get("StateChangeTimestampMonotonic", "")

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

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly, or is only about to be tried again."""
        return self.active == "failed" or self.sub == "auto-restart"

    def plain(self) -> "dict[str, object]":
        """For the caller in Lua."""
        return {"name": self.id, "active": self.active, "sub": self.sub, "pid": self.pid}

    def status(self) -> "dict[str, object]":
        """What a person wants to know of it; numbers only where systemd knows them."""
        found = {key: self.properties.get(wanted, "") for key, wanted in _STATUS.items()}  # type: dict[str, object]
        numbers = {key: self.properties.get(wanted, "") for key, wanted in _NUMBERS.items()}
        found.update({key: int(text) for key, text in numbers.items() if text.isdigit() and int(text) < _UNKNOWN})
        return dict(found, name=self.id)


class Systemctl:
    """The manager of the whole system, or of the user who we are."""

    def __init__(self, host: "Host", scope: str = "system") -> None:
        self.host = host
        self.scope = scope
        self._argv = ["systemctl"]
        self._needs = ""  # what is there only while the manager runs
        if scope == "user":
            self._needs = f"{_OF_USERS}/{os.geteuid()}"
            self._argv = ["env", f"XDG_RUNTIME_DIR={self._needs}", "systemctl", "--user"]
        self._journal = ["journalctl", *(["--user-unit"] if scope == "user" else ["--unit"])]

    def show(self, name: str, properties: str = "") -> "dict[str, str]":
        """Properties of a unit, by their names in systemd; all when none are named."""
        return self._shown([name], properties)[0]

    def look(self, names: "Sequence[str]", more: str = "") -> "list[Unit]":
        """These units as they are, also those that are not there; ActionFailed where a unit's file is bad.

        more: further properties, which `Unit.status` tells
        """
        for name in names:
            if not name or _PATTERN.search(name):
                raise BadArguments(f"{name!r} cannot be the name of a unit; systemd.list_services takes patterns")
            if name.endswith(("@", "@.service")):
                stem = name.partition("@")[0]
                raise ActionFailed(f"{name} is a template; name one of its instances, such as {stem}@one")
        shown = self._shown(names, PROPERTIES + more) if names else []
        units = [Unit(name, properties) for name, properties in zip(names, shown)]
        for unit in units:
            if unit.load not in _LOADED:
                why, file = unit.load_error.partition(" ")[2].strip('"') or unit.load, unit.file or unit.name
                raise ActionFailed(f"{unit.name} cannot be loaded: {why} (`systemd-analyze verify {file}`)")
        return units

    def units(self, names: "Sequence[str]", more: str = "") -> "list[Unit]":
        """Units that exist, masked or not."""
        units = self.look(names, more)
        missing = [unit.name for unit in units if not unit.is_there]
        if missing:
            raise no_unit(missing)
        return units

    def enablement(self, names: "Sequence[str]") -> "dict[str, str]":
        """How units are bound into the start of the host: enabled, disabled, static, masked … or not-found."""
        if not names:
            return {}
        if not self._has_manager():
            return dict.fromkeys(names, "not-found")
        done = self.host.run(*self._argv, "is-enabled", "--", *names)
        said = done.out.split()
        if len(said) == len(names):
            return dict(zip(names, said))
        if len(names) > 1:  # older ones (252) stop at the first that is not there
            return {name: self.enablement([name])[name] for name in names}
        if any(sign in done.err for sign in ("No such file", "does not exist")):
            return {names[0]: "not-found"}
        raise ActionFailed(f"systemctl is-enabled {names[0]}: {last_words(done)}")

    def change(self, verb: str, *names: str, option: str = "") -> None:
        """Have the manager do something."""
        words = [verb, option] if option else [verb]
        separator = ["--"] if names else []
        self._has_manager()
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

    def last_lines(self, unit: Unit) -> str:
        """How a unit's journal ends, to be told behind its failure."""
        done = self.host.run(*self._journal, unit.id, "--no-pager", "--quiet", "-n", str(_LAST_LINES), "-o", "cat")
        lines = done.out.strip().splitlines() if done.ok else []
        return f"; the journal of {unit.id} ends: " + " / ".join(lines) if lines else ""

    def statuses(self, names: "Sequence[str]") -> "dict[str, dict[str, object]]":
        """What a person wants to know of units."""
        more = ",".join(["", *_STATUS.values(), *_NUMBERS.values()])
        return {unit.name: unit.status() for unit in self.units(names, more)}

    def services(self, pattern: str = "*", root: str = "/") -> "list[dict[str, str]]":
        """All services: those with a unit file below the root, and those that are loaded without one."""
        only = pattern if pattern.endswith((".service", "*")) else pattern + ".service"
        files = {name: state for name, state in self._files(root).items() if fnmatch.fnmatchcase(name, only)}
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

    def _files(self, root: str) -> "dict[str, str]":
        """Unit file → whether it starts at boot. Those of users lie in other folders, which systemd alone knows."""
        if self.scope == "system":
            return enablement.states(root)
        return {line[0]: line[1] for line in self._table("list-unit-files", "*")}

    def _has_manager(self) -> bool:
        """Whether there is one to be asked. That of a user runs while they are logged in, or always if they linger."""
        if not self._needs or os.path.exists(self._needs):
            return True
        who = user_name(os.geteuid())
        why = f"no systemd runs for {who}, there is no {self._needs}: `loginctl enable-linger {who}` has it run always"
        if not self.host.is_to_come(why):
            raise ActionFailed(why)
        return False

    def _shown(self, names: "Sequence[str]", properties: str) -> "list[dict[str, str]]":
        if not self._has_manager():
            return [{"LoadState": "not-found"} for _ in names]
        wanted = ["-p", properties] if properties else []
        done = self.host.run(*self._argv, "show", *wanted, "--", *names)
        if not done.ok:
            which = " ".join(names)
            raise ActionFailed(f"systemctl show {which}: {last_words(done)}", exit_code=done.code, stderr=done.err)
        blocks = done.out.split("\n\n") if len(names) > 1 else [done.out]
        pairs = [[line.partition("=") for line in block.splitlines()] for block in blocks]
        found = [{key: value for key, _, value in block} for block in pairs]
        if len(found) != len(names):
            raise ActionFailed(f"systemctl show told of {len(found)} units, not of {' '.join(names)}")
        return found

    def _table(self, verb: str, pattern: str, *options: str) -> "list[list[str]]":
        if not self._has_manager():
            return []
        done = self.host.run(
            *self._argv, verb, "--type=service", *options, "--no-legend", "--no-pager", "--plain", "--", pattern
        )
        if not done.ok and done.err:  # that nothing matches is said with the exit code alone
            raise ActionFailed(f"systemctl {verb}: {last_words(done)}")
        return [line.split() for line in done.out.splitlines() if line.strip()]


def no_unit(names: "Sequence[str]") -> NoUnit:
    """The error that says which units are not there."""
    return NoUnit(f"there is no unit {' and no unit '.join(names)}; systemd.list_services shows those that are")
