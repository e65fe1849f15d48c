"""Numbers: what a workflow counts and measures, and what the host says of itself.

What is measured goes into the stream of the run: `sloth events list --type metric`. `metrics.timer(name, function)`
calls a function and takes the seconds that it needed. Check mode takes no numbers.
"""

import os
import sys

from sloth.runtime.action import LEFT_OUT, action
from sloth.runtime.facts import gather
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_ALMOST_ALL, _MUCH = 95.0, 85.0  # percent of something that is in use
_STAT = "/proc/stat"


@action(query=True, check=LEFT_OUT)
def gauge(host: "Host", *, name: str, value: float, labels: "dict[str, str] | None" = None) -> bool:
    """A number as it is now.

    name: what it is a number of
    value: the number
    labels: what tells it from others of its name

    example: metrics.gauge("queue_length", 17, { queue = "mail" })
    """
    return _tell(host, "gauge", name, value, labels)


@action(query=True, check=LEFT_OUT)
def counter(host: "Host", *, name: str, value: float = 1, labels: "dict[str, str] | None" = None) -> bool:
    """So many more of something.

    name: what is counted
    value: how many more
    labels: what tells it from others of its name

    example: metrics.counter("deploys")
    """
    return _tell(host, "counter", name, value, labels)


@action(query=True, check=LEFT_OUT)
def histogram(host: "Host", *, name: str, value: float, labels: "dict[str, str] | None" = None) -> bool:
    """One number of many whose distribution counts.

    name: what it is a number of
    value: the number
    labels: what tells it from others of its name

    example: metrics.histogram("response_bytes", #body)
    """
    return _tell(host, "histogram", name, value, labels)


@action(query=True, check=LEFT_OUT)
def timer(host: "Host", *, name: str, value: float, labels: "dict[str, str] | None" = None) -> bool:
    """How long something took; with a function in the place of a number, how long that takes (and what it returns).

    name: what took that long
    value: seconds
    labels: what tells it from others of its name

    example: local size = metrics.timer("dump", function() return exec.check("pg_dump app | wc -c") end)
    """
    return _tell(host, "timer", name, value, labels)


@action(query=True)
def system_cpu(host: "Host", *, over: "Duration" = 0.2) -> float:
    """How much of the processors is in use, in percent.

    over: the time that is looked at

    example: if metrics.system_cpu() > 90 then log.warn("it is busy") end
    """
    idle, total = _processors()
    host.sleep(over)
    idle_then, total_then = _processors()
    spent = total_then - total
    return round(100.0 * (spent - (idle_then - idle)) / spent, 1) if spent else 0.0


@action(query=True)
def system_memory(host: "Host") -> "dict[str, object]":
    """Memory in bytes (total, used, available, swap_total, swap_free), in MiB (total_mb …) and percent in use.

    example: print(metrics.system_memory().percent)
    """
    found = gather(host, "memory")
    assert isinstance(found, dict)
    return dict(found, percent=round(100.0 * found["used"] / found["total"], 1), **_in_units(found, "mb", 20))


@action(query=True)
def system_disk(host: "Host", *, path: str = "/") -> "dict[str, object]":
    """The disk that a path lies on: total, used, free in bytes and in GiB (total_gb …), percent in use.

    path: the path

    example: if metrics.system_disk("/var").percent > 90 then log.warn("it is full") end
    """
    found = os.statvfs(host.whole(path))
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    percent = round(100.0 * used / (used + free), 1) if used + free else 0.0
    sizes = {"total": total, "used": used, "free": free}
    return dict(sizes, percent=percent, **_in_units(sizes, "gb", 30))


def _in_units(sizes: "dict[str, int]", unit: str, power: int) -> "dict[str, object]":
    """The same sizes under names that tell their unit."""
    return {f"{name}_{unit}": round(size / (1 << power), 1) for name, size in sizes.items()}


@action(query=True)
def runtime_info(host: "Host") -> "dict[str, object]":
    """What runs this: python, pid, threads, memory (resident bytes) and uptime of the host in seconds.

    example: print(metrics.runtime_info().python)
    """
    import threading

    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    return {
        "python": sys.version.split()[0], "pid": os.getpid(), "threads": threading.active_count(),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"), "uptime": gather(host, "uptime"),
    }  # fmt: skip


@action(query=True)
def health_status(host: "Host", *, path: str = "/") -> "dict[str, object]":
    """How much of cpu, memory and disk is in use, in percent; and status: healthy, degraded (above 85), unhealthy (95).

    path: where the disk is looked at

    example: if metrics.health_status().status ~= "healthy" then log.warn("have a look") end
    """
    found = {
        "cpu": system_cpu(host),
        "memory": system_memory(host)["percent"],
        "disk": system_disk(host, path=path)["percent"],
    }
    worst = max(found.values())
    status = "unhealthy" if worst > _ALMOST_ALL else "degraded" if worst > _MUCH else "healthy"
    return dict(found, status=status)


def _tell(host: "Host", kind: str, name: str, value: float, labels: "dict[str, str] | None") -> bool:
    if not host.check:
        host.ask("announce", {"name": name, "metric": kind, "value": value, "labels": labels or {}})
    return True


def _processors() -> "tuple[int, int]":
    """Ticks that all processors were idle, and all ticks."""
    with open(_STAT, encoding="ascii") as file:
        words = file.readline().split()
    if not words or words[0] != "cpu":
        raise ActionFailed(f"metrics.system_cpu: {_STAT} is not understood")
    ticks = [int(word) for word in words[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
