"""Units under systemd: running, stopped, enabled, masked; services and timers of one's own.

A unit that does not exist is an error. Only check mode goes on with a warning (`would_run`): the package or the
file of the unit may come with an earlier task, which check mode leaves.
"""

from sloth.runtime import unitfile
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.files import ensure, reach
from sloth.runtime.files import remove as remove_file
from sloth.runtime.host import last_words
from sloth.runtime.units import Systemctl, Unit

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host
    from sloth.runtime.swap import Approve

_UNIT = {"name": ("unit", "service")}
_SERVICE = {"name": ("service",), "exec_start": ("command", "exec"), "working_directory": ("workdir",)}


@action(synonyms=_UNIT)
def running(
    host: "Host", *, name: str, enabled: bool = True, scope: "Literal['system', 'user']" = "system"
) -> "dict[str, object]":
    """Make sure that a unit runs now, and (unless told otherwise) at boot.

    name: the unit; without a suffix a service
    enabled: whether it also starts at boot; systemd.start leaves that alone
    scope: the manager: of the system, or of the user who runs this

    example: systemd.running { name = "nginx" }
    """
    manager = Systemctl(host, scope)
    unit = manager.startable(name)
    if enabled:
        manager.enable(name)
    else:
        manager.disable(name)
    return manager.start(unit).plain()


@action(synonyms=_UNIT)
def start(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that a unit runs now; whether it starts at boot stays as it is.

    as in running: name, scope

    example: systemd.start("nginx")
    """
    manager = Systemctl(host, scope)
    return manager.start(manager.startable(name)).plain()


@action(synonyms=_UNIT)
def stop(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that a unit does not run now; whether it starts at boot stays as it is.

    as in running: name, scope

    example: systemd.stop("apache2")
    """
    manager = Systemctl(host, scope)
    unit = manager.due(name)
    return unit.plain() if unit.is_stopped else manager.act("stop", unit).plain()


@action(synonyms=_UNIT)
def restart(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Restart a unit, or start it when it does not run. Always a change.

    as in running: name, scope

    example: systemd.restart { name = "nginx" }
    """
    manager = Systemctl(host, scope)
    return manager.act("restart", manager.startable(name)).plain()


@action(synonyms=_UNIT)
def reload(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Have a running unit read its configuration again. Always a change.

    as in running: name, scope

    example: systemd.reload("nginx")
    """
    manager = Systemctl(host, scope)
    unit = manager.startable(name)
    if unit.is_there and not unit.is_running:
        raise ActionFailed(f"{name} does not run ({unit.active}), so it cannot reload; systemd.start starts it")
    if unit.is_there and not unit.can_reload:
        raise ActionFailed(f"{name} cannot reload, its unit has no ExecReload; systemd.restart restarts it")
    return manager.act("reload", unit).plain()


@action(synonyms=_UNIT)
def enable(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that a unit starts at boot; whether it runs now stays as it is.

    as in running: name, scope

    example: systemd.enable("nginx")
    """
    state = Systemctl(host, scope).enable(name)
    if state == "static":
        host.warn(f"{name} is static: it has no [Install] section, other units decide when it starts")
    return {"enabled": state}


@action(synonyms=_UNIT)
def disable(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that a unit does not start at boot; whether it runs now stays as it is.

    as in running: name, scope

    example: systemd.disable("apache2")
    """
    return {"enabled": Systemctl(host, scope).disable(name)}


@action(synonyms=_UNIT)
def mask(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> None:
    """Make sure that nothing can start a unit; one that runs keeps running.

    as in running: name, scope

    example: systemd.mask("apache2")
    """
    manager = Systemctl(host, scope)
    if manager.enablement_due(name) != "masked":
        manager.change("mask", name)


@action(synonyms=_UNIT)
def unmask(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> None:
    """Make sure that a unit may be started.

    as in running: name, scope

    example: systemd.unmask("apache2")
    """
    manager = Systemctl(host, scope)
    if manager.enablement_due(name) in {"masked", "masked-runtime"}:
        manager.change("unmask", name)


@action
def daemon_reload(host: "Host", *, scope: "Literal['system', 'user']" = "system") -> None:
    """Have the manager read all unit files again. Always a change; the other actions do it where it is needed.

    as in running: scope

    example: systemd.daemon_reload()
    """
    Systemctl(host, scope).read_files()


@action(query=True, synonyms=_UNIT)
def is_active(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> bool:
    """Whether a unit runs now; nil when there is none of that name.

    as in running: name, scope

    example: if systemd.is_active("nginx") then log.info("up") end
    """
    return Systemctl(host, scope).unit(name).is_running


@action(query=True, synonyms=_UNIT)
def is_enabled(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> bool:
    """Whether a unit starts at boot; nil when there is none of that name.

    as in running: name, scope

    example: if not systemd.is_enabled("nginx") then log.warn("off after a reboot") end
    """
    manager = Systemctl(host, scope)
    return manager.resolved(name, manager.enablement(name))[1] in {"enabled", "enabled-runtime"}


@action(query=True, synonyms=_UNIT)
def status(host: "Host", *, name: str, scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """A unit as a table: name, description, load, active, sub, result, since, file, pid, restarts and memory.

    as in running: name, scope

    example: log.info(systemd.status("nginx").sub)
    """
    return Systemctl(host, scope).status(name)


@action(query=True, synonyms=_UNIT, rest="properties")
def show(
    host: "Host", *, name: str, properties: "list[str] | None" = None,
    scope: "Literal['system', 'user']" = "system"
) -> "dict[str, str]":
    """Properties of a unit as systemd names them.

    properties: only these; all when none is named
    as in running: name, scope

    example: print(systemd.show("nginx", "ExecMainStartTimestamp").ExecMainStartTimestamp)
    """
    manager = Systemctl(host, scope)
    manager.unit(name)
    return manager.show(name, ",".join(properties or []))


@action(query=True, synonyms={"pattern": ("name",)})
def list_services(
    host: "Host", *, pattern: str = "*", scope: "Literal['system', 'user']" = "system"
) -> "list[dict[str, str]]":
    """The services that the manager knows: a list of name, load, active, sub, enabled, description.

    pattern: only names that match this wildcard
    as in running: scope

    example: for _, s in ipairs(systemd.list_services("ssh*")) do print(s.name, s.active) end
    """
    return Systemctl(host, scope).services(pattern)


@action(query=True, synonyms=_UNIT)
def logs(
    host: "Host",
    *,
    name: str,
    lines: int = 50,
    since: "str | None" = None,
    priority: "str | None" = None,
    scope: "Literal['system', 'user']" = "system"
) -> str:
    """The last lines that a unit wrote to the journal, as text.

    lines: how many
    since: only later ones; a time as journalctl takes it, such as "10 min ago"
    priority: only these and more urgent ones, such as err
    as in running: name, scope

    example: print(systemd.logs("nginx", 20))
    """
    options = ["-n", str(lines)]
    options += ["--since", since] if since else []
    options += ["--priority", priority] if priority else []
    return Systemctl(host, scope).logs(name, *options)


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
            manager.act("stop", unit)
        manager.disable(full)
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
    manager = Systemctl(host)
    found = manager.startable(full)
    manager.enable(full)
    if host.changes and found.is_running:
        manager.act("restart", found)  # a timer that runs keeps its old times
    else:
        manager.start(found)
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
