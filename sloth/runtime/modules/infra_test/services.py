"""Checks of services and processes."""

import os

from sloth.runtime.action import SAME, action
from sloth.runtime.facts.population import processes
from sloth.runtime.modules.infra_test.requiring import require
from sloth.runtime.services import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(synonyms={"name": ("service",)}, check=SAME)
def service_is_running(host: "Host", *, name: str) -> None:
    """A service runs now.

    name: the service

    example: infra_test.service_is_running("nginx")
    """
    require(host, manager_of(host).runs(name), f"{name} does not run")


@action(synonyms={"name": ("service",)}, check=SAME)
def service_is_enabled(host: "Host", *, name: str) -> None:
    """A service starts at boot.

    name: the service

    example: infra_test.service_is_enabled("nginx")
    """
    require(host, manager_of(host).starts_at_boot(name), f"{name} does not start at boot")


@action(check=SAME)
def process_is_running(host: "Host", *, name: str) -> None:
    """A process of this name, or with this text in its command line, is there.

    name: the name or text

    example: infra_test.process_is_running("nginx: master")
    """
    require(host, bool(_processes(host, name)), f"there is no process {name}")


@action(check=SAME)
def process_count(
    host: "Host", *, name: str, count: "int | None" = None, least: "int | None" = None, most: "int | None" = None
) -> None:
    """As many processes of this name, or with this text in their command line, are there.

    name: the name or text
    count: exactly so many
    least: at least so many
    most: at most so many

    example: infra_test.process_count { name = "php-fpm", least = 2 }
    """
    now = len(_processes(host, name))
    holds = (count is None or now == count) and (least is None or now >= least) and (most is None or now <= most)
    require(host, holds, f"there are {now} processes {name}")


def _processes(host: "Host", name: str) -> "list[object]":
    own = os.getpid()
    return [
        one for one in processes(host) if one["pid"] != own and (one["name"] == name or name in str(one["command"]))
    ]
