"""Services, whatever starts them: systemd, OpenRC or System V. What only systemd has is in the module systemd.

All services of a call are there, or none is touched.
"""

from sloth.runtime.action import action
from sloth.runtime.services import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host
    from sloth.runtime.unit_goals import Told

_NAMES = {"name": ("names", "service", "services", "unit", "units")}


@action(synonyms=_NAMES)
def running(host: "Host", *, name: "list[str]", enabled: bool = True) -> "dict[str, object]":
    """Make sure that services run now, and (unless told otherwise) at boot.

    name: the service or services
    enabled: whether they also start at boot; service.start leaves that alone

    example: service.running { name = "nginx" }
    example: service.running { name = { "nginx", "cron" } }
    """
    return _told(manager_of(host).running(name, enabled=enabled))


@action(synonyms=_NAMES)
def start(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Make sure that services run now; whether they start at boot stays as it is.

    name: the service or services

    example: service.start("nginx")
    """
    return _told(manager_of(host).start(name))


@action(synonyms=_NAMES)
def stop(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Make sure that services do not run now; whether they start at boot stays as it is.

    name: the service or services

    example: service.stop("apache2")
    """
    return _told(manager_of(host).stop(name))


@action(synonyms=_NAMES)
def restart(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Restart services, and start those that do not run. Always a change.

    name: the service or services

    example: service.restart { name = "nginx" }
    """
    return _told(manager_of(host).restart(name))


@action(synonyms=_NAMES)
def reload(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Have running services read their configuration again. Always a change.

    name: the service or services

    example: service.reload("nginx")
    """
    return _told(manager_of(host).reload(name))


@action(synonyms=_NAMES)
def enable(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Make sure that services start at boot; whether they run now stays as it is.

    name: the service or services

    example: service.enable("nginx")
    """
    return _told(manager_of(host).enable(name))


@action(synonyms=_NAMES)
def disable(host: "Host", *, name: "list[str]") -> "dict[str, object]":
    """Make sure that services do not start at boot; whether they run now stays as it is.

    name: the service or services

    example: service.disable("apache2")
    """
    return _told(manager_of(host).disable(name))


@action(query=True, synonyms=_NAMES)
def is_active(host: "Host", *, name: "list[str]") -> bool:
    """Whether a service runs now, of several whether all do.

    name: the service or services

    example: if service.is_active("nginx") then log.info("it runs") end
    """
    return all(state.active for state in manager_of(host).states(name).values())


@action(query=True, synonyms=_NAMES)
def is_enabled(host: "Host", *, name: "list[str]") -> bool:
    """Whether a service starts at boot, of several whether all do.

    name: the service or services

    example: if not service.is_enabled("nginx") then log.warn("not at boot") end
    """
    return all(state.enabled for state in manager_of(host).states(name).values())


@action(query=True, synonyms=_NAMES)
def status(host: "Host", *, name: "str | list[str]") -> "dict[str, object]":
    """exists, active and enabled of a service.

    name: the service; a list of them gives a table of such tables, by these names

    example: local now = service.status("nginx")
    """
    names = [name] if isinstance(name, str) else name
    found = {one: state.plain(one) for one, state in manager_of(host).states(names).items()}
    return found[name] if isinstance(name, str) else dict(found)


def _told(told: "Told") -> "dict[str, object]":
    """The result of a call: of each service in `services` whether it was changed."""
    return {"services": {name: {"changed": one["changed"]} for name, one in told.items()}}
