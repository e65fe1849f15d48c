"""The first program on a host: finds the bundle, or takes it and keeps it, and starts the runtime out of it.

Its text, without comments, travels inside the start line (see transport/startline.py), which adds the call of `start`
and, packed, what only a first run needs (arrival.py), so that others need not compile it. Python 2 and old 3 have to
understand it well enough to say that they are too old, so nothing newer than `%` formatting. What it says, each on a
line of its own that opens with the nonce reversed (an echo of the start line cannot fake it):
    need            send the bundle: zlib, in frames of kind B, ended by an empty one
    ready           from here on frames only
    error KIND …    python, cache or bundle, and why

The cache is ~/.cache/sloth (XDG_CACHE_HOME counts): `<sha>.zip` is the bundle as it came, `<sha>.<cache tag>` the same
compiled, with a checksum of its own behind it. Where there is no place for it, the bundle stays in memory.
"""

import binascii
import gc
import marshal
import os
import sys
import zlib

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

    Take = Callable[[int, int], bytes]  # what stands from there to there

REST = ""  # in the start line: arrival.py, packed
SEAL = 4
SIZE = 4
PIECE = 1 << 16  # bytes that are read at once: memory for whole files takes as long as to read them
OLDEST = (3, 6)
MANY = 100000  # objects; to look for garbage among every 700 costs 3 ms of a short job


class Refused(Exception):
    """Why the runtime cannot start: a kind for the controller, a text for a person."""

    def __init__(self, kind: str, text: str) -> None:
        Exception.__init__(self, text)
        self.kind = kind
        self.text = text


def start(sha: str, nonce: str, place: str) -> None:
    """Become the runtime.

    sha: the bundle's. nonce: random, from the controller. place: "cache", or "memory" for a process that shall
    leave nothing on the disk.
    """
    gc.set_threshold(MANY)
    source, sink = _take_wire()
    word = nonce[::-1]

    def line(text: str) -> bytes:
        return ("\n%s %s\n" % (word, text)).encode("utf-8", "replace")

    def say(text: str) -> None:
        os.write(sink, line(text))

    try:
        if sys.version_info < OLDEST:
            raise Refused("python", "%s is Python %s" % (sys.executable, sys.version.split()[0]))
        cache = _cache_directory() if place == "cache" else None
        if cache is None or not _is_kept(compiled_form(cache, sha)):
            _rest()["arrive"](cache, sha, source, say)
        serve = load("sloth.runtime.main").serve
    except Refused as refused:
        say("error %s %s" % (refused.kind, refused.text))
    except ImportError as error:
        say("error python %s lacks the module %s" % (sys.executable, error.name or error))
    except OSError as error:
        say("error cache %s" % error)
    else:
        serve(source, sink, cache, line("ready"))


def _take_wire() -> "tuple[int, int]":
    """stdin and stdout become ours alone: what is printed goes to stderr, what reads gets nothing."""
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    if os.getsid(0) != os.getpid():
        try:
            os.setsid()
        except OSError:
            pass  # the leader of a group may not, and need not
    if not os.access(".", os.X_OK):
        os.chdir("/")
    return source, sink


def compiled_form(cache: str, sha: str) -> str:
    """Where a bundle lies as this kind of Python has compiled it."""
    return os.path.join(cache, "%s.%s" % (sha, sys.implementation.cache_tag))


def _is_kept(path: str) -> bool:
    """Whether there is a compiled bundle, and it is whole; then it is imported from."""
    fd = sealed(path)
    if fd is None:
        return False
    import_from(path, lambda first, last: os.pread(fd, last - first, first))
    return True


def import_from(path: str, take: "Take") -> None:
    """Import from a compiled bundle, which brings its own importer."""
    index, content = opened(take)
    scope = {}  # type: dict[str, Any]
    exec(marshal.loads(content(*index["sloth/runtime/importing.pyc"])), scope)  # noqa: S102, S302  # it was checked
    sys.meta_path.insert(0, scope["Importer"](path, index, content))


def opened(take: "Take") -> "tuple[dict[str, tuple[int, int]], Take]":
    """A compiled bundle: name → where its content begins and ends; how to take it."""
    start = SIZE + int.from_bytes(take(0, SIZE), "big")
    return marshal.loads(take(SIZE, start)), lambda first, last: take(start + first, start + last)  # noqa: S302  # as above


def load(name: str) -> "Any":
    """A module by its full name, as importlib does it, which takes half a millisecond to load itself."""
    __import__(name)
    return sys.modules[name]


def _rest() -> "dict[str, Any]":
    """The part of this program that a warm run does not need."""
    scope = dict(globals())
    exec(zlib.decompress(binascii.a2b_base64(REST)), scope)  # noqa: S102  # from the start line, as all of this is
    return scope


def _cache_directory() -> "str | None":
    """A directory that is ours alone, or None when there is none."""
    above = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = os.path.join(above, "sloth")
    try:
        for directory in (above, path):
            try:
                os.mkdir(directory, 0o700)
            except FileExistsError:
                pass
        outer, own = os.stat(above), os.lstat(path)
    except OSError:
        return None
    swappable = outer.st_uid not in (0, os.geteuid()) or (outer.st_mode & 0o002 and not outer.st_mode & 0o1000)
    private = own.st_mode & 0o170077 == 0o040000 and own.st_uid == os.geteuid()
    return path if private and not swappable and os.access(path, os.W_OK) else None


def read(path: str) -> "bytes | None":
    """A whole file, or None when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def sealed(path: str) -> "int | None":
    """A file, opened, if it is whole, which the seal behind it tells, and ours.

    Where others may write in ~/.cache, the directory that was looked at may be another one by now.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    own = os.fstat(fd)
    size = left = own.st_size - SEAL
    piece, found = memoryview(bytearray(PIECE)), 0
    try:
        while left > 0:
            length = os.readv(fd, [piece[:left]])
            found, left = zlib.crc32(piece[:length], found), left - length if length else -1
        os.lseek(fd, 0, os.SEEK_SET)
        if left == 0 and os.pread(fd, SEAL, size) == _written(found) and own.st_uid == os.geteuid():
            return fd
    except OSError:
        pass  # as good as none
    os.close(fd)
    return None


def seal(data: "memoryview | bytes") -> bytes:
    """What tells damage, and nothing more: who may write the compiled form may write its seal. A hash takes 5 ms."""
    return _written(zlib.crc32(data))


def _written(checksum: int) -> bytes:
    return (checksum & 0xFFFFFFFF).to_bytes(SEAL, "big")
