"""Services, whatever starts them: systemd, OpenRC or System V. What only systemd has is in the module systemd."""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.services import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_NAME = {"name": ("service", "unit")}


@action(synonyms=_NAME)
def running(host: "Host", *, name: str, enabled: bool = True) -> None:
    """Make sure that a service runs now, and (unless told otherwise) at boot.

    name: the service
    enabled: whether it also starts at boot; service.start leaves that alone

    example: service.running { name = "nginx" }
    """
    if enabled:
        enable(host, name=name)
    else:
        disable(host, name=name)
    start(host, name=name)


@action(synonyms=_NAME)
def start(host: "Host", *, name: str) -> None:
    """Make sure that a service runs now; whether it starts at boot stays as it is.

    name: the service

    example: service.start("nginx")
    """
    manager = manager_of(host)
    if not _due(host, name) or not manager.is_running(name):
        _act(host, "start", name)


@action(synonyms=_NAME)
def stop(host: "Host", *, name: str) -> None:
    """Make sure that a service does not run now; whether it starts at boot stays as it is.

    name: the service

    example: service.stop("apache2")
    """
    if _due(host, name) and manager_of(host).is_running(name):
        _act(host, "stop", name)


@action(synonyms=_NAME)
def restart(host: "Host", *, name: str) -> None:
    """Restart a service, or start it when it does not run. Always a change.

    name: the service

    example: service.restart { name = "nginx" }
    """
    _due(host, name)
    _act(host, "restart", name)


@action(synonyms=_NAME)
def reload(host: "Host", *, name: str) -> None:
    """Have a running service read its configuration again. Always a change.

    name: the service

    example: service.reload("nginx")
    """
    if _due(host, name) and not manager_of(host).is_running(name):
        raise ActionFailed(f"{name} does not run, so it cannot reload; service.start starts it")
    _act(host, "reload", name)


@action(synonyms=_NAME)
def enable(host: "Host", *, name: str) -> None:
    """Make sure that a service starts at boot; whether it runs now stays as it is.

    name: the service

    example: service.enable("nginx")
    """
    _bind(host, name, enabled=True)


@action(synonyms=_NAME)
def disable(host: "Host", *, name: str) -> None:
    """Make sure that a service does not start at boot; whether it runs now stays as it is.

    name: the service

    example: service.disable("apache2")
    """
    _bind(host, name, enabled=False)


@action(query=True, synonyms=_NAME)
def is_active(host: "Host", *, name: str) -> bool:
    """Whether a service runs now.

    name: the service

    example: if service.is_active("nginx") then log.info("it runs") end
    """
    manager = manager_of(host)
    return manager.is_there(name) and manager.is_running(name)


@action(query=True, synonyms=_NAME)
def is_enabled(host: "Host", *, name: str) -> bool:
    """Whether a service starts at boot.

    name: the service

    example: if not service.is_enabled("nginx") then log.warn("not at boot") end
    """
    manager = manager_of(host)
    return manager.is_there(name) and manager.is_enabled(name)


@action(query=True, synonyms=_NAME)
def status(host: "Host", *, name: str) -> "dict[str, object]":
    """exists, active and enabled of a service.

    name: the service

    example: local now = service.status("nginx")
    """
    exists = manager_of(host).is_there(name)
    return {
        "name": name, "exists": exists, "active": is_active(host, name=name), "enabled": is_enabled(host, name=name)
    }


def _due(host: "Host", name: str) -> bool:
    """Whether the service is there; a failure where it is not, unless a check may expect it."""
    there = manager_of(host).is_there(name)
    if not there and not host.is_to_come(f"there is no service {name}"):
        raise ActionFailed(f"there is no service {name}")
    return there


def _act(host: "Host", verb: str, name: str) -> None:
    if host.check and not manager_of(host).is_there(name):
        host.effect(f"{verb} {name}", lambda: None)
        return
    manager_of(host).act(verb, name)


def _bind(host: "Host", name: str, *, enabled: bool) -> None:
    if not _due(host, name):
        host.effect(f"{'enable' if enabled else 'disable'} {name}", lambda: None)
    elif manager_of(host).is_enabled(name) != enabled:
        manager_of(host).bind(name, enabled=enabled)
