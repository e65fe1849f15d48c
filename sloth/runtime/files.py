"""Files as actions want them: read, compared, given a content and attributes, backed up, removed."""

import os
import stat
import time

from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.checksum import CHUNK, sha256_of
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import DIFF_LIMIT, last_words
from sloth.runtime.place import Explained, Place, locate
from sloth.runtime.swap import replace

MYPY = False
if MYPY:
    import hashlib
    from collections.abc import Iterable, Iterator

    from sloth.runtime.host import Host
    from sloth.runtime.swap import Approve

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


def absolute(host: "Host", path: str) -> str:
    """A path as users write it: `~` is the home, a relative one starts at the task's workdir."""
    if not path or "\0" in path:
        raise BadArguments(f"{path!r} is no path")
    return host.whole(path)


def reach(host: "Host", path: str, follow: bool = False) -> "Place | None":
    """The place of a path to write to. None: only in check mode, when its directory is yet to be made."""
    with Explained("reach", path):
        try:
            return locate(absolute(host, path), follow)
        except FileNotFoundError as error:
            if host.check:
                host.warn(f"the directory {os.path.dirname(path)} does not exist yet")
                return None
            raise ActionFailed(
                f"cannot write {path}: the directory {os.path.dirname(path.rstrip('/'))} does not exist; "
                "make it first with file_ops.directory"
            ) from error


def kind(mode: int) -> str:
    """What a mode of stat(2) says that something is, in words."""
    return next((word for test, word in _KINDS if test(mode)), "a file")


def open_file(place: Place) -> int:
    """A descriptor to read a regular file from; anything else is refused."""
    with Explained("read", place.path):
        found = place.stat()
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise ActionFailed(f"cannot read {place.path}: it is {kind(found.st_mode)}")
        return place.open(os.O_RDONLY | os.O_NONBLOCK)


def chunks_of(host: "Host", fd: int) -> "Iterator[bytes]":
    """What is left to read of a descriptor, which is closed then."""
    try:
        while True:
            host.token.check()
            data = os.read(fd, CHUNK)
            if not data:
                return
            yield data
    finally:
        os.close(fd)


def read(host: "Host", place: Place) -> "bytes | None":
    """The whole content; None when there is no such file."""
    if place.stat() is None:
        return None
    fd = open_file(place)
    with Explained("read", place.path):
        return b"".join(chunks_of(host, fd))


def digest(host: "Host", place: Place, algorithm: str = "sha256") -> str:
    """The checksum of a file."""
    fd = open_file(place)
    summed = _sum(algorithm, os.fstat(fd).st_size)
    with Explained("read", place.path):
        for data in chunks_of(host, fd):
            summed.update(data)
    return summed.hexdigest()


def _sum(algorithm: str, size: int) -> "hashlib._Hash":
    if algorithm == "sha256":
        return sha256_of(size)
    import hashlib

    return hashlib.new(algorithm)


def beginning(place: Place) -> "bytes | None":
    """As much of a file as a diff may need."""
    found = place.stat()
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    fd = open_file(place)
    try:
        return os.read(fd, DIFF_LIMIT + 1)
    finally:
        os.close(fd)


def ensure(
    host: "Host",
    path: str,
    content: bytes,
    want: Wanted,
    *,
    backup: bool = False,
    follow: bool = False,
    approve: "Approve | None" = None
) -> str:
    """Make a file hold this content with these attributes; returns the backup's path, or ''."""
    place = reach(host, path, follow)
    if place is None:
        host.show(path, None, content)
        announce(host, f"write {path}")
        return ""
    with place:
        before = _comparable(host, place, len(content))
        if before == content:
            apply(host, place, want)
            return ""
        host.show(place.path, before, content)
        return put(host, place, [content], want, backup=backup, approve=approve)


def _comparable(host: "Host", place: Place, size: int) -> "bytes | None":
    """The content of a file of that size; of another the beginning, enough for a diff; None if there is no file."""
    found = place.stat()
    if found is None or stat.S_ISLNK(found.st_mode):
        return None
    return read(host, place) if found.st_size == size or not stat.S_ISREG(found.st_mode) else beginning(place)


def put(
    host: "Host",
    place: Place,
    chunks: "Iterable[bytes]",
    want: Wanted,
    *,
    backup: bool = False,
    approve: "Approve | None" = None,
    durable: bool = True
) -> str:
    """Note and make the change of a file's content; returns the backup's path, or ''."""
    found = place.stat()
    if found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        raise ActionFailed(f"cannot write {place.path}: it is {kind(found.st_mode)}")
    saved = []  # type: list[str]

    def ready(path: str) -> None:
        if approve is not None:
            approve(path)
        if backup and found is not None and stat.S_ISREG(found.st_mode):
            saved.append(back_up(host, place))

    host.effect(f"write {place.path}", lambda: replace(host, place, chunks, want, approve=ready, durable=durable))
    return "".join(saved)


def announce(host: "Host", note: str) -> None:
    """Note a change that check mode cannot look at: its directory is yet to be made."""
    assert host.check
    host.changes.append(note)


def back_up(host: "Host", place: Place) -> str:
    """A copy beside the file, with its attributes and the time in its name."""
    stamp = time.strftime("%Y-%m-%d@%H-%M-%S").encode()
    for number in range(1000):
        copy = place.beside(place.name + b"." + stamp + (b".%d~" % number if number else b"~"))
        with copy:
            if copy.stat() is None:
                replace(host, copy, chunks_of(host, open_file(place)), Wanted(), model=place)
                return copy.path
    raise ActionFailed(f"cannot back up {place.path}: there are too many backups of this second")


def approver(host: "Host", command: "str | None") -> "Approve | None":
    """What asks a program such as `visudo -cf %s` about a new content before it takes the file's place."""
    if command is None:
        return None
    import shlex

    words = shlex.split(command)
    if not any("%s" in word for word in words):
        raise BadArguments(f"validate needs a %s where the file's name goes: {command}")

    def approve(path: str) -> None:
        done = host.run(*[word.replace("%s", path) for word in words])
        if not done.ok:
            raise ActionFailed(
                f"validate refused the new content, the file is as it was: {command}: {last_words(done)}",
                exit_code=done.code,
                stdout=done.out,
                stderr=done.err,
            )

    return approve


def remove(host: "Host", place: Place) -> None:
    """Note and make the end of a file or link; its content goes to the diff."""
    found = place.stat()
    if found is None:
        return
    if stat.S_ISREG(found.st_mode) and host.settings.diff:
        host.show(place.path, beginning(place), None)
    elif stat.S_ISLNK(found.st_mode):
        host.show(place.path, b"-> " + place.target() + b"\n", None)
    with Explained("remove", place.path):
        host.effect(f"remove {place.path}", place.unlink)
