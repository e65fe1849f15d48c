"""Actions of systemd for units of one's own: services and timers, their files written and taken away."""

from sloth.runtime import unitfile
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.files import ensure, reach
from sloth.runtime.files import remove as remove_file
from sloth.runtime.host import last_words
from sloth.runtime.unit_goals import UnitGoals
from sloth.runtime.units import Systemctl, Unit

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.swap import Approve

_SERVICE = {"name": ("service",), "exec_start": ("command", "exec"), "working_directory": ("workdir",)}


@action(synonyms=_SERVICE, diff=True)
def create_service(
    host: "Host",
    *,
    name: str,
    description: "str | None" = None,
    exec_start: "str | list[str] | None" = None,
    content: "str | None" = None,
    type: "str | None" = None,  # noqa: A002  # the setting's own name
    user: "str | None" = None,
    group: "str | None" = None,
    working_directory: "str | None" = None,
    environment: "dict[str, str] | None" = None,
    environment_file: "str | None" = None,
    exec_start_pre: "list[str] | None" = None,
    exec_reload: "str | None" = None,
    exec_stop: "str | None" = None,
    restart: "str | None" = None,
    restart_sec: "str | None" = None,
    after: "list[str] | None" = None,
    requires: "list[str] | None" = None,
    wants: "list[str] | None" = None,
    wanted_by: "list[str]" = ("multi-user.target",),  # type: ignore[assignment]  # a default that nobody can change
    options: "dict[str, object] | None" = None
) -> "dict[str, object]":
    """Make sure that a service of one's own has a unit file, which systemd has read; systemd.running starts it.

    name: the service
    description: what it is, in a few words
    exec_start: the command, with the program's absolute path
    content: the whole unit file, in the place of all other settings
    type: simple, exec, forking, oneshot, notify …
    user: who it runs as
    group: the group it runs as
    working_directory: where it starts
    environment: variables and their values
    environment_file: a file of variables; a leading - means that it may be missing
    exec_start_pre: commands to run first
    exec_reload: the command that makes it read its configuration again
    exec_stop: the command that ends it
    restart: when it is started again: no, on-failure, always …
    restart_sec: how long it waits before that
    after: units that start before it
    requires: units that it cannot do without
    wants: units that are started with it
    wanted_by: where systemd.enable binds it
    options: further settings of its [Service] section, such as { LimitNOFILE = 65536 }

    example: systemd.create_service { name = "web", exec_start = "/opt/web/run", user = "web", restart = "always" }
    """
    if (exec_start is None) == (content is None):
        raise BadArguments("systemd.create_service takes either exec_start or content")
    text = content if content is not None else unitfile.render({
        "Unit": {"Description": description or name, "After": _words(after), "Requires": _words(requires),
                 "Wants": _words(wants)},
        "Service": dict({
            "Type": type, "User": user, "Group": group, "WorkingDirectory": working_directory,
            "Environment": unitfile.environment(environment or {}), "EnvironmentFile": environment_file,
            "ExecStartPre": exec_start_pre, "ExecStart": exec_start, "ExecReload": exec_reload, "ExecStop": exec_stop,
            "Restart": restart, "RestartSec": restart_sec,
        }, **(options or {})),
        "Install": {"WantedBy": _words(wanted_by)},
    })
    return {"path": _write(host, unitfile.file_name(name, ".service"), text)}


@action(synonyms={"name": ("service",)}, diff=True)
def remove_service(host: "Host", *, name: str) -> None:
    """Make sure that a service of one's own is stopped, disabled and without a unit file.

    name: the service; one that came with a package is refused

    example: systemd.remove_service("web")
    """
    full = unitfile.file_name(name, ".service")
    manager = Systemctl(host)
    place = reach(host, f"{unitfile.FOLDER}/{full}")
    if place is None:
        return
    with place:
        unit = Unit(full, manager.show(full, "LoadState,ActiveState,FragmentPath,Id"))
        if place.stat() is None:
            if unit.load == "not-found":
                return
            raise ActionFailed(f"{full} is not ours, it comes from {unit.file}; systemd.mask keeps it from starting")
        if not unit.is_stopped:
            manager.change("stop", full)
        UnitGoals(manager).disable([full])
        remove_file(host, place)
    manager.read_files()
    if unit.active == "failed":
        manager.change("reset-failed", full)


@action(synonyms={"unit": ("service",)}, diff=True)
def timer(
    host: "Host",
    *,
    name: str,
    on_calendar: "list[str] | None" = None,
    on_boot: "str | None" = None,
    every: "str | None" = None,
    unit: "str | None" = None,
    description: "str | None" = None,
    persistent: bool = False,
    random_delay: "str | None" = None
) -> "dict[str, object]":
    """Make sure that a timer of one's own exists, runs, and starts at boot.

    name: the timer
    on_calendar: when it goes off, such as "daily" or "Mon *-*-* 04:00"
    on_boot: how long after the start of the host it goes off, such as 5min
    every: how long after its last start it goes off again, such as 1h
    unit: what it starts; the service of the timer's name when not given
    description: what it is, in a few words
    persistent: whether a time that was missed (the host was off) is made up for
    random_delay: up to how long each time is put off, such as 10min

    example: systemd.timer { name = "backup", on_calendar = "daily", persistent = true }
    """
    if not (on_calendar or on_boot or every):
        raise BadArguments("systemd.timer needs on_calendar, on_boot or every")
    full = unitfile.file_name(name, ".timer")
    text = unitfile.render({
        "Unit": {"Description": description or name},
        "Timer": {"OnCalendar": on_calendar, "OnBootSec": on_boot, "OnUnitActiveSec": every, "Unit": unit,
                  "Persistent": True if persistent else None, "RandomizedDelaySec": random_delay},
        "Install": {"WantedBy": "timers.target"},
    })
    path = _write(host, full, text, _calendar(host, on_calendar or []))
    if host.check and host.changes:
        host.effect(f"enable and start {full}", lambda: None)  # the unit may not be there yet to be asked
        return {"path": path}
    goals, has_new_times = UnitGoals(Systemctl(host)), bool(host.changes)
    goals.enable([full])
    (goals.restart if has_new_times else goals.start)([full])  # one that runs keeps its old times
    return {"path": path}


def _write(host: "Host", full: str, text: str, approve: "Approve | None" = None) -> str:
    """Have this unit file, and have it read."""
    path = f"{unitfile.FOLDER}/{full}"
    before = len(host.changes)
    ensure(host, path, text.encode(), Wanted(mode="0644"), approve=approve)
    if len(host.changes) > before:
        Systemctl(host).read_files()
    return path


def _calendar(host: "Host", times: "list[str]") -> "Approve":
    """Refuses a timer with a time that systemd does not understand, before its file is there."""

    def approve(_: str) -> None:
        for time in times:
            done = host.run("systemd-analyze", "calendar", "--", time)
            if not done.ok:
                raise ActionFailed(f"on_calendar: {last_words(done)}; the timer is as it was")

    return approve


def _words(names: "list[str] | None") -> str:
    return " ".join(names or [])
