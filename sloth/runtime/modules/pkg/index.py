"""What the package manager keeps of the world: its index, and files it has downloaded."""

from sloth.runtime.action import WOULD_RUN, action
from sloth.runtime.packages.choice import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host


@action(check=WOULD_RUN)
def update(host: "Host", *, cache_valid_time: "Duration" = 0, lock_timeout: "Duration" = 60) -> "dict[str, object]":
    """Fetch the index of available packages; changed when its content is another afterwards.

    cache_valid_time: an index not older than this is fresh enough
    lock_timeout: how long to wait for another program that works on packages

    example: pkg.update { cache_valid_time = "1h" }
    """
    manager = manager_of(host, lock_timeout)
    if manager.is_fresh(cache_valid_time):
        return {"cache_updated": False}
    if host.check:
        host.unknown = True  # only fetching it tells whether it is another
        host.effect("fetch the package index", lambda: None)
    elif manager.refresh():
        host.effect("fetched a new package index", lambda: None)
    return {"cache_updated": True}


@action
def clean(host: "Host", *, lock_timeout: "Duration" = 60) -> "dict[str, object]":
    """Drop downloaded package files.

    lock_timeout: how long to wait for another program that works on packages

    example: pkg.clean()
    """
    manager = manager_of(host, lock_timeout)
    files = manager.cached()
    if files:
        manager.clean()
    return {"files": len(files)}
