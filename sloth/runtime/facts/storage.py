"""Facts of storage: what is mounted, and how full it is. A server that is gone does not hang them."""

import os

from sloth.runtime.facts.patience import answers
from sloth.runtime.mounts import now

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host
    from sloth.runtime.mounts import Mount

DEADLINE = 2.0  # seconds for all file systems together
# File systems without a device of their own that hold files all the same.
_WITHOUT_DEVICE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "zfs", "overlay", "glusterfs", "virtiofs")


def mounts(host: "Host") -> "list[dict[str, object]]":
    """A list of device, mount, type, options (a list); all that is mounted, in the order of mounting."""
    return [
        {"device": one.source, "mount": one.path, "type": one.kind, "options": sorted(one.options)} for one in now()
    ]


def disk(host: "Host") -> "list[dict[str, object]]":
    """A list of device, mount, type, size, used, free (bytes; for non-root users), percent; each file system once.

    One that does not answer in 2 s has `error` in the place of its numbers.
    """
    there = with_files(now(), _without_device())
    told = answers({one.path: _question(one.path) for one in there}, DEADLINE)
    return [
        dict({"device": one.source, "mount": one.path, "type": one.kind}, **_figures(told.get(one.path)))
        for one in there if not isinstance(told.get(one.path), NotADirectoryError)
    ]


def with_files(every: "list[Mount]", without_device: "set[str]") -> "list[Mount]":
    """The mounts that hold files of users, each file system where it was mounted first."""
    found = {}  # type: dict[str, Mount]
    for one in every:
        if one.path == "/" or one.kind not in without_device or one.kind.startswith("fuse."):
            found.setdefault(one.device, one)
    return list(found.values())


def _question(path: str) -> "Callable[[], object]":
    def ask() -> os.statvfs_result:
        fd = os.open(path, os.O_PATH | os.O_DIRECTORY)  # a single file may be a mount too: nothing to fill there
        try:
            return os.statvfs(fd)
        finally:
            os.close(fd)

    return ask


def _figures(told: object) -> "dict[str, object]":
    if not isinstance(told, os.statvfs_result):
        return {"error": f"no answer in {DEADLINE:g} s" if told is None else str(told)}
    used = (told.f_blocks - told.f_bfree) * told.f_frsize
    free = told.f_bavail * told.f_frsize
    percent = round(100 * used / (used + free), 1) if used + free else 0.0
    return {"size": told.f_blocks * told.f_frsize, "used": used, "free": free, "percent": percent}


def _without_device() -> "set[str]":
    with open("/proc/filesystems", encoding="ascii", errors="replace") as lines:
        return {line.split()[1] for line in lines if line.startswith("nodev")} - set(_WITHOUT_DEVICE)
