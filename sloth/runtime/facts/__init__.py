"""Facts of a host, each gathered when it is asked for: one function a fact, in files by subject.

A function takes the host and gives plain data. `GATHERERS` names each; its file is imported when it is called.
"""

from sloth.runtime.boot import load

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

GATHERERS = {
    "hostname": "system.hostname",
    "fqdn": "system.fqdn",
    "os": "system.distribution",
    "kernel": "system.kernel",
    "arch": "system.arch",
    "cpu": "hardware.cpu",
    "memory": "hardware.memory",
    "disk": "storage.disk",
    "mounts": "storage.mounts",
    "network": "network.network",
    "packages": "population.packages",
    "services": "population.services",
    "users": "population.users",
    "processes": "population.processes",
    "uptime": "system.uptime",
    "load": "system.load",
    "virtualization": "system.virtualization",
    "python": "system.python",
    "timezone": "system.timezone",
    "env": "system.env",
    "custom": "system.custom",
}


def gather(host: "Host", name: str) -> object:
    """One fact, by a name of GATHERERS. What it reads may be missing: OSError or ActionFailed."""
    file, _, function = GATHERERS[name].partition(".")
    return getattr(load("sloth.runtime.facts." + file), function)(host)
