"""Actions of systemd for units that are there: running, enabled, masked, asked about."""

from sloth.runtime.action import action
from sloth.runtime.unit_goals import UnitGoals
from sloth.runtime.units import Systemctl

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host
    from sloth.runtime.unit_goals import Told

_UNIT = {"name": ("unit", "service")}
_UNITS = {"name": ("names", "unit", "units", "service", "services")}


@action(synonyms=_UNITS)
def running(
    host: "Host", *, name: "list[str]", enabled: bool = True, scope: "Literal['system', 'user']" = "system"
) -> "dict[str, object]":
    """Make sure that units run now, and (unless told otherwise) at boot.

    name: the unit or units; without a suffix a service
    enabled: whether they also start at boot; systemd.start leaves that alone
    scope: the manager: of the system, or of the user who runs this

    example: systemd.running { name = "nginx" }
    example: systemd.running { name = { "nginx", "php8.2-fpm", "backup.timer" } }
    """
    return _told(_goals(host, scope).running(name, enabled=enabled))


@action(synonyms=_UNITS)
def start(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that units run now; whether they start at boot stays as it is.

    as in running: name, scope

    example: systemd.start("nginx")
    """
    return _told(_goals(host, scope).start(name))


@action(synonyms=_UNITS)
def stop(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that units do not run now; whether they start at boot stays as it is.

    as in running: name, scope

    example: systemd.stop("apache2")
    """
    return _told(_goals(host, scope).stop(name))


@action(synonyms=_UNITS)
def restart(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Restart units, and start those that do not run. Always a change.

    as in running: name, scope

    example: systemd.restart { name = "nginx" }
    """
    return _told(_goals(host, scope).restart(name))


@action(synonyms=_UNITS)
def reload(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Have running units read their configuration again. Always a change.

    An SSH server that its socket started is restarted, as a reload would end it; sessions go on either way.

    as in running: name, scope

    example: systemd.reload("nginx")
    """
    return _told(_goals(host, scope).reload(name))


@action(synonyms=_UNITS)
def enable(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that units start at boot; whether they run now stays as it is.

    as in running: name, scope

    example: systemd.enable("nginx")
    """
    told = _goals(host, scope).enable(name)
    for unit, one in told.items():
        if one["enabled"] == "static":
            host.warn(f"{unit} is static: it has no [Install] section, other units decide when it starts")
    return _told(told)


@action(synonyms=_UNITS)
def disable(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that units do not start at boot; whether they run now stays as it is.

    as in running: name, scope

    example: systemd.disable("apache2")
    """
    return _told(_goals(host, scope).disable(name))


@action(synonyms=_UNITS)
def mask(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that nothing can start these units; one that runs keeps running.

    as in running: name, scope

    example: systemd.mask("apache2")
    """
    return _told(_goals(host, scope).mask(name))


@action(synonyms=_UNITS)
def unmask(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> "dict[str, object]":
    """Make sure that units may be started.

    as in running: name, scope

    example: systemd.unmask("apache2")
    """
    return _told(_goals(host, scope).unmask(name))


@action
def daemon_reload(host: "Host", *, scope: "Literal['system', 'user']" = "system") -> None:
    """Have the manager read all unit files again. Always a change; the other actions do it where it is needed.

    as in running: scope

    example: systemd.daemon_reload()
    """
    Systemctl(host, scope).read_files()


@action(query=True, synonyms=_UNITS)
def is_active(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> bool:
    """Whether a unit runs now, of several whether all do; nil when there is none of that name.

    as in running: name, scope

    example: if systemd.is_active("nginx") then log.info("up") end
    """
    return _goals(host, scope).are_active(name)


@action(query=True, synonyms=_UNITS)
def is_enabled(host: "Host", *, name: "list[str]", scope: "Literal['system', 'user']" = "system") -> bool:
    """Whether a unit starts at boot, of several whether all do; nil when there is none of that name.

    as in running: name, scope

    example: if not systemd.is_enabled("nginx") then log.warn("off after a reboot") end
    """
    return _goals(host, scope).are_enabled(name)


@action(query=True, synonyms=_UNITS)
def status(
    host: "Host", *, name: "str | list[str]", scope: "Literal['system', 'user']" = "system"
) -> "dict[str, object]":
    """A unit as a table: name, description, load, active, sub, result, since, file, pid, restarts and memory.

    name: the unit; without a suffix a service. A list of them gives a table of such tables, by these names
    scope: the manager: of the system, or of the user who runs this

    example: log.info(systemd.status("nginx").sub)
    example: for unit, now in pairs(systemd.status({ "nginx", "cron" })) do print(unit, now.active) end
    """
    names = [name] if isinstance(name, str) else name
    found = Systemctl(host, scope).statuses(names)
    return found[name] if isinstance(name, str) else dict(found)


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
    manager.units([name])
    return manager.show(name, ",".join(properties or []))


@action(query=True, synonyms={"pattern": ("name",)})
def list_services(
    host: "Host",
    *,
    pattern: str = "*",
    state: "str | None" = None,
    scope: "Literal['system', 'user']" = "system"
) -> "list[dict[str, str]]":
    """The services that the manager knows: a list of name, load, active, sub, enabled, description.

    pattern: only names that match this wildcard
    state: only those of which load, active, sub or enabled is this, such as running, failed or enabled
    as in running: scope

    example: for _, s in ipairs(systemd.list_services("ssh*")) do print(s.name, s.active) end
    """
    found = Systemctl(host, scope).services(pattern)
    return [one for one in found if state is None or state in (one["load"], one["active"], one["sub"], one["enabled"])]


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


def _goals(host: "Host", scope: str) -> UnitGoals:
    return UnitGoals(Systemctl(host, scope))


def _told(told: "Told") -> "dict[str, object]":
    """The result of a call: each unit in `units`, and of a single one its fields beside that."""
    alone = next(iter(told.values())) if len(told) == 1 else {}
    return dict(alone, units=told)
