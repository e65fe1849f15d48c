"""Facts of storage: what is mounted, and how full it is. A server that is gone does not hang them."""

import os

from sloth.runtime.facts.patience import answers

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host

DEADLINE = 2.0  # seconds for all file systems together
# File systems without a device of their own that hold files all the same.
_WITHOUT_DEVICE = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "9p", "zfs", "overlay", "glusterfs", "virtiofs")


class Mount:
    """One line of /proc/self/mountinfo."""

    def __init__(self, line: str) -> None:
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        self.number = fields[2]  # major:minor, the same for bind mounts of one file system
        self.path = _unescaped(fields[4])
        self.type = kind[0]
        self.device = _unescaped(kind[1])
        self.options = sorted({*fields[5].split(","), *(kind[2].split(",") if len(kind) > 2 else [])})


def mounts(host: "Host") -> "list[dict[str, object]]":
    """A list of device, mount, type, options (a list); all that is mounted, in the order of mounting."""
    return [
        {"device": one.device, "mount": one.path, "type": one.type, "options": one.options} for one in _read_mounts()
    ]


def disk(host: "Host") -> "list[dict[str, object]]":
    """A list of device, mount, type, size, used, free (bytes; for non-root users), percent; each file system once.

    One that does not answer in 2 s has `error` in the place of its numbers.
    """
    there = with_files(_read_mounts(), _without_device())
    told = answers({one.path: _question(one.path) for one in there}, DEADLINE)
    return [
        dict({"device": one.device, "mount": one.path, "type": one.type}, **_figures(told.get(one.path)))
        for one in there if not isinstance(told.get(one.path), NotADirectoryError)
    ]


def with_files(every: "list[Mount]", without_device: "set[str]") -> "list[Mount]":
    """The mounts that hold files of users, each file system where it was mounted first."""
    found = {}  # type: dict[str, Mount]
    for one in every:
        if one.path == "/" or one.type not in without_device or one.type.startswith("fuse."):
            found.setdefault(one.number, one)
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


def _read_mounts() -> "list[Mount]":
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        return [Mount(line) for line in lines]


def _without_device() -> "set[str]":
    with open("/proc/filesystems", encoding="ascii", errors="replace") as lines:
        return {line.split()[1] for line in lines if line.startswith("nodev")} - set(_WITHOUT_DEVICE)


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
