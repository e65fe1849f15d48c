"""Symbolic and hard links: made, redirected in one step, never at the cost of a full directory."""

import os
import stat

from sloth.runtime.failure import ActionFailed
from sloth.runtime.files import absolute, announce, kind, reach
from sloth.runtime.place import Explained, Place, locate, raw

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host


def symbolic(host: "Host", path: str, target: str, force: bool) -> None:
    """Make a path a symbolic link to a target, which is kept as it is written.

    force: replace a file or an empty directory that has the name, and do not mind a missing target
    """
    place = reach(host, path)
    after = b"-> " + raw(target) + b"\n"
    if place is None:
        host.show(path, None, after)
        announce(host, f"link {path} -> {target}")
        return
    with place:
        found = place.stat()
        if found is not None and stat.S_ISLNK(found.st_mode) and place.target() == raw(target):
            return
        _ask_for_target(host, place, target, force)
        _refuse_to_lose(place, found, force)
        before = place.target() if found is not None and stat.S_ISLNK(found.st_mode) else None
        host.show(place.path, None if before is None else b"-> " + before + b"\n", after)
        host.effect(f"link {place.path} -> {target}", lambda: _swap_in(place, found, lambda new: _symlink(target, new)))


def hard(host: "Host", path: str, target: str, force: bool) -> None:
    """Make a path another name of the file `target`. force: replace a file that has the name."""
    source, place = _existing(host, target), reach(host, path)
    if source is None or place is None:
        announce(host, f"hard link {path} -> {target}")
        return
    with source, place:
        origin, found = os.stat(source.name, dir_fd=source.directory, follow_symlinks=False), place.stat()
        if found is not None and (found.st_dev, found.st_ino) == (origin.st_dev, origin.st_ino):
            return
        _refuse_to_lose(place, found, force)
        note = f"hard link {place.path} -> {target}"
        host.effect(note, lambda: _swap_in(place, found, lambda new: _link(source, new)))


def _existing(host: "Host", target: str) -> "Place | None":
    """The place of a file that is there; None: not yet, in check mode."""
    path = absolute(host, target)
    if os.path.lexists(raw(path)):
        with Explained("link to", path):
            return locate(path)
    if not host.check:
        raise ActionFailed("src does not exist", src=path)
    host.warn(f"{path} does not exist yet")
    return None


def _ask_for_target(host: "Host", place: Place, target: str, force: bool) -> None:
    whole = os.path.join(os.path.dirname(place.path), target)
    if force or os.path.lexists(raw(whole)):
        return
    if not host.check:  # an earlier task may be about to make it
        raise ActionFailed(f"cannot link {place.path}: the target {target} does not exist; force = true links anyway")
    host.warn(f"the link's target {target} does not exist yet")


def _refuse_to_lose(place: Place, found: "os.stat_result | None", force: bool) -> None:
    if found is None or stat.S_ISLNK(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode) and place.names():
        raise ActionFailed(f"cannot link {place.path}: it is a directory that is not empty; remove it first")
    if not force:
        raise ActionFailed(f"cannot link {place.path}: it is {kind(found.st_mode)}; force = true replaces it")


def _swap_in(place: Place, found: "os.stat_result | None", make: "Callable[[Place], None]") -> None:
    with Explained("link", place.path), place.temporary() as temporary:
        make(temporary)
        try:
            if found is not None and stat.S_ISDIR(found.st_mode):
                place.rmdir()
            temporary.rename(place)
        except OSError:
            temporary.unlink()
            raise


def _symlink(target: str, new: Place) -> None:
    os.symlink(raw(target), new.name, dir_fd=new.directory)


def _link(source: Place, new: Place) -> None:
    os.link(source.name, new.name, src_dir_fd=source.directory, dst_dir_fd=new.directory, follow_symlinks=False)
