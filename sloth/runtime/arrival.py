"""A bundle that this host, or this kind of Python, has not seen: taken, checked, compiled, kept.

It travels packed within the boot program (boot.py), which unfolds it only when it is needed, and has to be understood
by the same old Pythons.
"""

import os
import sys
import zlib

from sloth.runtime.boot import Refused, compiled_form, import_from, load, read, seal
from sloth.runtime.hashing import digest

MYPY = False
if MYPY:
    from collections.abc import Callable

KEEP = 3  # bundles
LIMIT = 1 << 26  # bytes of a bundle
FRAME = (1 << 18) + 4


def arrive(cache: "str | None", sha: str, source: int, say: "Callable[[str], None]") -> None:
    """Find the bundle in the cache, else ask for it; then it can be imported from."""
    bundle = os.path.join(cache or "", sha + ".zip")
    data = None if cache is None else read(bundle)
    if cache is None or data is None or digest(data).hex() != sha:
        say("need")
        data = _receive(source)
        if digest(data).hex() != sha:
            raise Refused("bundle", "the bundle arrived damaged")
        if cache is not None:
            _prune(cache)
        if cache is None or not store(bundle, data):
            _import_unkept(data)
            return
    _compile(bundle, data, compiled_form(cache, sha))


def _import_unkept(data: bytes) -> None:
    """Archives of sources are Python's to import from; what our parent has sent is compiled."""
    if data[:4] == b"PK\3\4":
        sys.path.insert(0, in_memory(data))
    else:
        import_from("sloth", _taking(data))


def _compile(bundle: str, data: bytes, target: str) -> None:
    """Compile the bundle with its own tool, once for this kind of Python, and import from that."""
    sys.path.insert(0, bundle)
    body = load("sloth.runtime.archive").compiled(data)
    stored = store(target, body + seal(body))
    sys.path.remove(bundle)
    for name in [name for name in sys.modules if name.split(".")[0] == "sloth"]:
        del sys.modules[name]
    import_from(target if stored else bundle, _taking(body))


def _taking(data: bytes) -> "Callable[[int, int], bytes]":
    return lambda first, last: data[first:last]


def _receive(source: int) -> bytes:
    unpack = zlib.decompressobj()
    data = b""
    while len(data) <= LIMIT:
        header = b""
        while len(header) < 5:
            header = (header + _exactly(source, 5 - len(header))).lstrip(b"\n")  # nudges, see Peer
        length = int.from_bytes(header[:4], "big")
        if header[4:] != b"B" or not 4 <= length <= FRAME:
            break
        chunk = _exactly(source, length)[4:]
        if not chunk:
            return data + unpack.flush()
        data += unpack.decompress(chunk, LIMIT)
    raise Refused("bundle", "what should be the bundle is not")


def _exactly(source: int, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = os.read(source, length - len(data))
        if not more:
            sys.exit(0)  # the controller is gone
        data += more
    return data


def _prune(cache: str) -> None:
    """Leaves the bundles that came last, and nothing half-written."""
    try:
        ages = sorted((os.stat(os.path.join(cache, name)).st_mtime, name[:-4]) for name in _names(cache, ".zip"))
        old = [sha + "." for _, sha in ages[: 1 - KEEP]]
        for name in _names(cache, ""):
            if name.endswith(".new") or any(name.startswith(sha) for sha in old):
                os.unlink(os.path.join(cache, name))
    except OSError:
        pass  # somebody else is at it, too


def _names(cache: str, ending: str) -> "list[str]":
    return [name for name in os.listdir(cache) if name.endswith(ending)]


def store(path: str, data: bytes) -> bool:
    """Write a file so that it is there whole or not at all. False when there is no place for it."""
    new = "%s.%d.new" % (path, os.getpid())
    try:
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        os.rename(new, path)
    except OSError:
        try:
            os.unlink(new)
        except OSError:
            pass  # it was never made
        return False
    return True


def in_memory(data: bytes) -> str:
    """A path to data that is on no disk and has no name; it lives as long as this process."""
    memfd_create = getattr(os, "memfd_create", None)  # since Python 3.8
    fd = _nameless() if memfd_create is None else memfd_create("sloth")
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    return "/proc/self/fd/%d" % fd


def _nameless() -> int:
    """The best before Python 3.8."""
    reason = "there is no place for it"
    for directory in ("/dev/shm", "/run", "/tmp", "/var/tmp"):  # noqa: S108 - it never has a name there
        try:
            return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            reason = "%s: %s" % (directory, error.strerror)
    raise Refused("cache", "the home directory cannot hold the bundle, nor can memory: " + reason)
