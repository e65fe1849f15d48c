"""The first program on a host: finds or takes the bundle, checks it, keeps it, and starts the runtime out of it.

Its text, without comments, travels inside the start line (see transport/startline.py), which adds the call of
`start`. Python 2 and old 3 have to understand it well enough to say that they are too old, so nothing newer than
`%` formatting. What it says, each on a line of its own that opens with the nonce reversed (an echo of the start line
cannot fake it):
    need            send the bundle: zlib, in frames of kind B, ended by an empty one
    ready           from here on frames only
    error KIND …    python, cache or bundle, and why

The cache is ~/.cache/sloth (XDG_CACHE_HOME counts): `<sha>.zip` is the bundle as it came, `<sha>.<cache tag>` the same
compiled, behind a checksum of its own. Where there is no place for it, the bundle stays in memory.
"""

import gc
import marshal
import os
import sys
import zlib

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

MYPY = False
if MYPY:
    import hashlib

KEEP = 3  # bundles
LIMIT = 1 << 26  # bytes of a bundle
FRAME = (1 << 18) + 4
SEAL = 4
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

    def say(text: str) -> None:
        os.write(sink, ("\n%s %s\n" % (word, text)).encode("utf-8", "replace"))

    try:
        if sys.version_info < OLDEST:
            raise Refused("python", "%s is Python %s" % (sys.executable, sys.version.split()[0]))
        cache = _cache_directory() if place == "cache" else None
        _import_from(*_archive(cache, sha, source, say))
        serve = _load("main").serve
    except Refused as refused:
        say("error %s %s" % (refused.kind, refused.text))
    except ImportError as error:
        say("error python %s lacks the module %s" % (sys.executable, error.name or error))
    except OSError as error:
        say("error cache %s" % error)
    else:
        say("ready")
        serve(source, sink, cache)


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


def _archive(cache: "str | None", sha: str, source: int, say: "Callable[[str], None]") -> "tuple[str, bytes]":
    """What to import from, and its path if it has one."""
    bundle = os.path.join(cache or "", sha + ".zip")
    compiled = os.path.join(cache or "", sha + "." + str(sys.implementation.cache_tag))
    if cache is not None:
        data = read(compiled)
        if data is not None and seal(data[SEAL:]) == data[:SEAL]:
            return compiled, data[SEAL:]
        data = read(bundle)
        if data is not None and digest(data).hex() == sha:
            return _compile(bundle, data, compiled)
    say("need")
    data = _receive(source)
    if digest(data).hex() != sha:
        raise Refused("bundle", "the bundle arrived damaged")
    if cache is not None:
        _prune(cache)
        if store(bundle, data):
            return _compile(bundle, data, compiled)
    return "", data


def _import_from(path: str, data: bytes) -> None:
    """Archives of sources are Python's to import from, what is compiled brings its own importer."""
    if data[:4] == b"PK\3\4":
        sys.path.insert(0, path or in_memory(data))
        return
    files = marshal.loads(data)  # noqa: S302  # made here, or by our parent, and checked by its hash
    scope = {}  # type: dict[str, Any]
    exec(marshal.loads(files["sloth/runtime/importing.pyc"]), scope)  # noqa: S102, S302
    sys.meta_path.insert(0, scope["Importer"](path or "sloth", files))


def _compile(bundle: str, data: bytes, target: str) -> "tuple[str, bytes]":
    """Compiles the bundle with its own tool, once for this kind of Python."""
    sys.path.insert(0, bundle)
    body = _load("archive").compiled(data)
    stored = store(target, seal(body) + body)
    sys.path.remove(bundle)
    for name in [name for name in sys.modules if name.split(".")[0] == "sloth"]:
        del sys.modules[name]
    return target if stored else bundle, body


def _load(name: str) -> "Any":
    """A module of the bundle; by name, because here its archive has just been put on the path."""
    __import__("sloth.runtime." + name)
    return sys.modules["sloth.runtime." + name]


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
        outer, inner = os.stat(above), os.lstat(path)
    except OSError:
        return None
    swappable = outer.st_uid not in (0, os.geteuid()) or (outer.st_mode & 0o002 and not outer.st_mode & 0o1000)
    private = inner.st_mode & 0o170077 == 0o040000 and inner.st_uid == os.geteuid()
    return path if private and not swappable and os.access(path, os.W_OK) else None


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
    """Leaves the bundles that were used last, and nothing half-written."""
    ages = sorted((os.stat(os.path.join(cache, name)).st_mtime, name[:-4]) for name in _names(cache, ".zip"))
    old = [sha + "." for _, sha in ages[: 1 - KEEP]]
    for name in _names(cache, ""):
        if name.endswith(".new") or any(name.startswith(sha) for sha in old):
            try:
                os.unlink(os.path.join(cache, name))
            except OSError:
                pass  # somebody else was faster


def _names(cache: str, ending: str) -> "list[str]":
    return [name for name in os.listdir(cache) if name.endswith(ending)]


def read(path: str) -> "bytes | None":
    """A whole file, or None when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


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


def seal(data: bytes) -> bytes:
    """What tells damage, and nothing more: who may write the compiled form may write its seal. A hash takes 5 ms."""
    return (zlib.crc32(data) & 0xFFFFFFFF).to_bytes(SEAL, "big")


def digest(data: bytes) -> bytes:
    """The sha256 of data."""
    made = sha256()
    made.update(data)
    return made.digest()


def sha256() -> "hashlib._Hash":
    """A sum to update; hashlib itself brings in OpenSSL, which takes longer than most hashing."""
    # An import that fails is looked for anew for each file, which takes longer still: so the right one first.
    for name in ("_sha2" if sys.version_info >= (3, 12) else "_sha256", "hashlib"):
        try:
            return __import__(name).sha256()  # type: ignore[no-any-return]  # made by name
        except ImportError:
            continue
    raise Refused("python", sys.executable + " lacks the module hashlib")
