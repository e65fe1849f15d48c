"""Directories as trees: made with their parents, walked, removed, copied; no symbolic link inside is followed."""

import functools
import os
import stat
from contextlib import contextmanager

from sloth.runtime import files
from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.files import absolute, kind
from sloth.runtime.place import Explained, Place, locate, raw

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.host import Host

_SHOWN = 400  # entries of a removed tree that a diff lists
_VITAL = ("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/sbin", "/usr", "/var")


def make(host: "Host", path: str, want: Wanted) -> None:
    """Make a directory and its missing parents; each one that is made gets the attributes, as does the last."""
    whole = absolute(host, path).rstrip("/") or "/"
    missing = []
    parent = whole
    while not os.path.lexists(raw(parent)):
        missing.append(parent)
        parent = os.path.dirname(parent)
    if not os.path.isdir(raw(parent)):
        raise ActionFailed(f"cannot make the directory {path}: {parent} is {_what(parent)}")
    for one in reversed(missing):
        note = f"make directory {one}"
        if note not in host.changes:  # in check mode it is missing still when the next one is to be made in it
            host.effect(note, functools.partial(_make_one, host, one, want))
    if not missing:
        with Explained("reach", whole), locate(whole, follow=True) as place:
            apply(host, place, want)


def _what(path: str) -> str:
    found = os.lstat(raw(path))
    return "a dangling symbolic link" if stat.S_ISLNK(found.st_mode) else kind(found.st_mode)


def _make_one(host: "Host", path: str, want: Wanted) -> None:
    with Explained("make the directory", path), locate(path) as place:
        try:
            place.mkdir(0o777 if want.mode is None else 0o700)
        except FileExistsError:
            return  # somebody else was quicker
        noted = len(host.changes)
        try:
            apply(host, place, want)
        except ActionFailed:
            place.rmdir()
            raise
        finally:
            del host.changes[noted:]  # part of the making, no change of its own


@contextmanager
def nested(verb: str, path: str) -> "Iterator[None]":
    """Tells of a tree that no recursion gets through: whoever may write in a directory can make one."""
    try:
        yield
    except RecursionError as error:
        raise ActionFailed(f"cannot {verb} {path}: its directories are nested too deep") from error


def walk(host: "Host", place: Place) -> "Iterator[Place]":
    """Everything below a directory, what a directory holds before itself; the top is not included."""
    with Explained("list", place.path):
        names = place.names()
    for name in names:
        host.token.check()
        with place.inside(name) as inner:
            found = inner.stat()
            if found is None:
                continue  # gone meanwhile
            if stat.S_ISDIR(found.st_mode):
                yield from walk(host, inner)
            yield inner


def remove(host: "Host", path: str) -> None:
    """Note and make the end of whatever has a path; the diff lists what goes. Of a link the link alone."""
    whole = absolute(host, path).rstrip("/") or "/"
    if not os.path.lexists(raw(whole)):
        return
    with Explained("remove", path), nested("remove", whole), locate(whole) as place:
        _spare_the_system(place)
        if not place.is_directory():
            files.remove(host, place)
            return
        if host.settings.diff:
            listed = [inner.path for _, inner in zip(range(_SHOWN), walk(host, place))]
            host.show(place.path, raw("".join(one + "\n" for one in [*sorted(listed), place.path])), None)
        host.effect(f"remove {place.path} and all in it", lambda: _remove(host, place))


def _spare_the_system(place: Place) -> None:
    """By identity, as a path can be spelled in many ways."""
    found = place.stat()
    for path in _VITAL:
        for vital in (os.lstat(path), os.stat(path)) if os.path.exists(path) else ():
            if found is not None and (vital.st_dev, vital.st_ino) == (found.st_dev, found.st_ino):
                raise BadArguments(f"refused to remove {place.path}: it is {path}, the system lives there")


def _remove(host: "Host", place: Place) -> None:
    gone = 0
    try:
        for inner in walk(host, place):
            with Explained("remove", inner.path):
                found = inner.stat()
                if found is not None:
                    inner.rmdir() if stat.S_ISDIR(found.st_mode) else inner.unlink()
                    gone += 1
        with Explained("remove", place.path):
            place.rmdir()
    except (ActionFailed, RecursionError):
        if gone:
            host.changes.append(f"remove {place.path} in part")
        raise


def dress(host: "Host", place: Place, want: Wanted) -> None:
    """Give a tree its attributes, the top included: a directory that this opens to its owner first, others last."""
    with nested("change all in", place.path):
        _dress(host, place, want)


def _dress(host: "Host", place: Place, want: Wanted) -> None:
    found = place.stat()
    if found is None:
        return  # gone meanwhile
    is_directory = stat.S_ISDIR(found.st_mode)
    opens = is_directory and want.bits(found.st_mode, is_directory) & ~found.st_mode & stat.S_IRWXU
    if opens:
        apply(host, place, want)
    if opens and host.check and not os.access(raw(place.path), os.R_OK | os.X_OK):
        host.warn(f"{place.path} is closed yet, so what is in it is not checked")
        return
    if is_directory:
        with Explained("list", place.path):
            names = place.names()
        for name in names:
            host.token.check()
            with place.inside(name) as inner:
                _dress(host, inner, want)
    if not opens:
        apply(host, place, want)
