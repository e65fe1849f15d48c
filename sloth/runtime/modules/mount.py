"""File systems: mounted now, and at boot by /etc/fstab."""

import os

from sloth.runtime import files, mounts
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import BadArguments
from sloth.runtime.mounts import Mount
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host

_SYNONYMS = {"path": ("dest", "name", "target", "mountpoint"), "src": ("source", "device"),
             "fstype": ("type", "kind"), "opts": ("options",)}  # fmt: skip
# What mount itself makes of options, or what only says when something is mounted.
_SILENT = {"defaults", "auto", "noauto", "nofail", "_netdev", "user", "nouser", "users", "owner", "group", "bind",
           "rbind", "loop", "remount"}  # fmt: skip


@action(synonyms=_SYNONYMS, diff=True)
def mount(
    host: "Host",
    *,
    path: str,
    src: str,
    fstype: str,
    opts: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    fstab: bool = True,
    file: str = "/etc/fstab"
) -> None:
    """Make sure that something is mounted now and (unless told otherwise) at boot; its directory is made.

    path: where it is mounted
    src: what is mounted: a device, UUID=…, host:/export, tmpfs, or a directory with the option bind
    fstype: its kind: ext4, xfs, nfs, tmpfs; none for bind
    opts: its options; changed ones are set by a remount
    fstab: whether it stands in fstab, too
    file: the fstab

    example: mount.mount { path = "/srv/data", src = "UUID=0a1b-2c3d", fstype = "xfs", opts = { "noatime" } }
    """
    wanted = _wanted(path, src, fstype, opts)
    if fstab:
        _write(host, file, path, wanted)
    if not os.path.isdir(raw(path)):
        host.effect(f"make directory {path}", lambda: os.makedirs(raw(path), 0o755))
    there = _mounted(path)
    options = ["-o", ",".join(wanted.options)] if wanted.options else []
    if there is None:
        host.change("mount", "-t", fstype, *options, "--", src, path)
    elif not _has(there, wanted):
        host.change("mount", "-o", ",".join(["remount", *wanted.options]), "--", path)


@action(synonyms={"path": _SYNONYMS["path"]}, diff=True)
def unmount(
    host: "Host", *, path: str, fstab: bool = False, lazy: bool = False, file: str = "/etc/fstab"
) -> None:
    """Make sure that nothing is mounted at a path.

    path: where it is mounted
    fstab: take it out of fstab, too
    lazy: let it go now, though somebody still uses it
    file: the fstab

    example: mount.unmount { path = "/mnt/old", fstab = true }
    """
    if fstab:
        _write(host, file, path, None)
    if _mounted(path) is not None:
        host.change("umount", *(["-l"] if lazy else []), "--", path)


@action(synonyms=_SYNONYMS, diff=True)
def fstab(
    host: "Host",
    *,
    path: str,
    src: "str | None" = None,
    fstype: "str | None" = None,
    opts: "list[str]" = (),  # type: ignore[assignment]  # see mount
    dump: int = 0,
    order: int = 0,
    state: "Literal['present', 'absent']" = "present",
    file: str = "/etc/fstab"
) -> None:
    """Make sure that fstab mounts something at a path at boot, or nothing there; what is mounted now stays.

    path: where it is mounted
    src: what is mounted
    fstype: its kind
    opts: its options
    dump: the fifth field
    order: the sixth field: the order of checks at boot; 0 for none
    state: whether the line shall be there
    file: the fstab

    example: mount.fstab { path = "/srv/data", src = "LABEL=data", fstype = "ext4", opts = { "noatime" }, order = 2 }
    example: mount.fstab { path = "/mnt/old", state = "absent" }
    """
    if state == "absent":
        _write(host, file, path, None)
        return
    if src is None or fstype is None:
        raise BadArguments("mount.fstab: src and fstype are wanted, but for state absent")
    entry = _wanted(path, src, fstype, opts)
    entry.dump, entry.order = dump, order
    _write(host, file, path, entry)


@action(query=True, synonyms={"path": _SYNONYMS["path"]})
def is_mounted(host: "Host", *, path: str) -> bool:
    """Whether something is mounted at a path.

    path: the directory

    example: if not mount.is_mounted("/srv/data") then error("no data") end
    """
    del host  # this process sees its mounts
    return _mounted(path) is not None


def _wanted(path: str, src: str, fstype: str, opts: "list[str]") -> Mount:
    if not path.startswith("/") or os.path.normpath(path) != path.rstrip("/"):
        raise BadArguments(f"mount: path must be a whole one without .., got {path!r}")
    options = [option for word in opts for option in word.split(",") if option]
    return Mount(src, path.rstrip("/"), fstype, options)


def _write(host: "Host", file: str, path: str, entry: "Mount | None") -> None:
    before = ""
    if os.path.exists(raw(file)):
        with open(raw(file), encoding="utf-8", errors="surrogateescape") as table:
            before = table.read()
    after = mounts.with_entry(before, path.rstrip("/"), entry)
    if after != before:
        files.ensure(host, file, raw(after), Wanted(), follow=True)


def _mounted(path: str) -> "Mount | None":
    there = [one for one in mounts.now() if one.path == path.rstrip("/")]
    return there[-1] if there else None


def _has(there: Mount, wanted: Mount) -> bool:
    """Whether the options that were asked for hold; what the kernel writes otherwise (size=1m) is not compared."""
    opposites = {"ro": "rw", "rw": "ro"}
    for option in wanted.options:
        if option in _SILENT or "=" in option or option.startswith("x-"):
            continue
        positive = option[2:] if option.startswith("no") else "no" + option
        if option in there.options:
            continue
        if opposites.get(option) in there.options or option.startswith("no") or positive in there.options:
            return False
    return True
