"""Archives: unpacked below a directory, packed from files of the host."""

import contextlib
import os
import stat
from fnmatch import fnmatchcase

from sloth.runtime import attributes, copying, files, links, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed
from sloth.runtime.hashing import sha256
from sloth.runtime.modules.file_ops import packed
from sloth.runtime.place import Explained, locate, raw, text
from sloth.runtime.transfer import ask_for

MYPY = False
if MYPY:
    from collections.abc import Iterator
    from typing import IO

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host
    from sloth.runtime.modules.file_ops.packed import Entry

_LIMIT = 16 << 30  # bytes of all that an archive holds, unless the call says otherwise


@action(synonyms={"src": ("source", "path"), "dest": ("destination",), "remote": ("remote_src",)})
def unarchive(
    host: "Host",
    *,
    src: str,
    dest: str,
    remote: bool = False,
    creates: "str | None" = None,
    strip: int = 0,
    exclude: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    owner: "str | int | None" = None,
    group: "str | int | None" = None,
    max_size: int = _LIMIT
) -> "dict[str, object]":
    """Make sure that what is in a tar or zip file lies below a directory; what is more there stays.

    Files that differ are replaced. Entries that would come to lie elsewhere, links that lead out and devices are
    refused; setuid bits and owners of the archive are not taken over.

    src: the archive, among the workflow's files (tar, also with gz, bz2 or xz, and zip)
    dest: the directory, which is made
    remote: the archive lies on the host
    creates: a path that it makes: when that exists nothing is sent or unpacked
    strip: how many leading parts of each path are left out
    exclude: paths or patterns that are left out
    owner: the user to own what is unpacked
    group: the group to own it
    max_size: how many bytes all of it may have

    example: file_ops.unarchive { src = "app-1.2.tar.gz", dest = "/srv/app", strip = 1 }
    example: file_ops.unarchive { src = "/tmp/site.zip", dest = "/srv/www", remote = true }
    """
    if creates is not None and host.finds(files.absolute(host, creates)):
        return {"skipped": True, "message": f"not unpacked: {creates} exists"}
    want = attributes.wanted(host, None, owner, group)
    root = files.absolute(host, dest).rstrip("/") or "/"
    trees.make(host, root, Wanted(None, want.uid, want.gid))
    count = size = 0
    with _opened(host, src, remote) as stream:
        for entry in packed.entries(stream, src, strip):
            host.token.check()
            if any(fnmatchcase(entry.path, one) or entry.path.startswith(one.rstrip("/") + "/") for one in exclude):
                continue
            count, size = count + 1, size + entry.size
            if size > max_size:
                raise ActionFailed(f"{src} holds more than {max_size} bytes; max_size allows more")
            _put(host, root, entry, want)
    return {"dest": root, "entries": count}


def _put(host: "Host", root: str, entry: "Entry", want: Wanted) -> None:
    path = f"{root.rstrip('/')}/{entry.path}"
    _refuse_links_between(root, entry)
    wanted = Wanted(f"{entry.mode:04o}", want.uid, want.gid, if_possible=True)
    parent = os.path.dirname(path)
    if not os.path.isdir(raw(parent)):
        trees.make(host, parent, Wanted(None, want.uid, want.gid))
    if entry.kind == "directory":
        trees.make(host, path, wanted)
    elif entry.kind == "link":
        links.symbolic(host, path, entry.target, force=True)
    elif os.path.isdir(raw(parent)):
        _put_file(host, path, entry, wanted)
    else:
        files.announce(host, f"write {path}")


def _put_file(host: "Host", path: str, entry: "Entry", want: Wanted) -> None:
    with Explained("write", path), locate(path) as place:
        found = place.stat()
        is_file = found is not None and stat.S_ISREG(found.st_mode) and found.st_size == entry.size
        if is_file and _is_same(host, path, entry):
            attributes.apply(host, place, want)
        else:
            files.put(host, place, entry.chunks(), want, durable=False)


def _is_same(host: "Host", path: str, entry: "Entry") -> bool:
    with locate(path) as place, os.fdopen(files.open_file(place), "rb") as there:
        for data in entry.chunks():
            host.token.check()
            if there.read(len(data)) != data:
                return False
        return there.read(1) == b""


def _refuse_links_between(root: str, entry: "Entry") -> None:
    """An entry may not go through a link that an earlier one (or somebody else) has laid."""
    path = root
    for part in entry.parts[:-1]:
        path = f"{path}/{part}"
        if os.path.islink(raw(path)):
            raise ActionFailed(f"cannot unpack {entry.path}: {path} is a symbolic link")


@contextlib.contextmanager
def _opened(host: "Host", src: str, remote: bool) -> "Iterator[IO[bytes]]":
    """The archive, to be read at any place: on the host, or fetched into a file that has no name."""
    if remote:
        path = files.absolute(host, src)
        with Explained("read", path), locate(path, follow=True) as place:
            fd = files.open_file(place)
        with os.fdopen(fd, "rb") as stream:
            yield stream
        return
    with os.fdopen(_nameless(), "w+b") as stream:
        for data in ask_for(host, src, "").content():
            host.token.check()
            stream.write(data)
        stream.seek(0)
        yield stream


def _nameless() -> int:
    """A file on the disk that nobody else can open."""
    try:
        return os.open("/var/tmp", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)  # noqa: S108 - it has no name
    except OSError:
        name = f"/tmp/.sloth-{os.urandom(8).hex()}"  # noqa: S108 - nobody else can have it, and it goes at once
        fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.unlink(name)
        return fd


@action(synonyms={"paths": ("path", "src", "files"), "dest": ("destination",)})
def archive(
    host: "Host",
    *,
    paths: "list[str]",
    dest: str,
    exclude: "list[str]" = (),  # type: ignore[assignment]  # see unarchive
    mode: "Mode | None" = None,
    owner: "str | int | None" = None,
    group: "str | int | None" = None
) -> "dict[str, object]":
    """Make sure that an archive holds these files and directories as they are now.

    paths: files and directories of the host; each is in the archive by its last name
    dest: the archive, whose ending tells its form: .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip
    exclude: patterns for paths in the archive, or for their last names
    mode: "0644" or "u=rw,g=r"
    owner: the user to own it
    group: the group to own it

    example: file_ops.archive { paths = "/srv/app", dest = "/var/backups/app.tar.gz", exclude = { "*.log" } }
    """
    whole = copying.destination(host, dest, "")
    pack = packed.packer(whole)
    pairs = [pair for path in paths for pair in _pairs(host, path, whole, exclude)]
    want = attributes.wanted(host, mode, owner, group)
    place = files.reach(host, whole, follow=True)
    if place is None:
        files.announce(host, f"write {whole}")
        return {"dest": whole, "entries": len(pairs)}
    with place:
        there = place.stat()
        is_file = there is not None and stat.S_ISREG(there.st_mode)
        if is_file and files.digest(host, place) == _digest(host, pack, pairs):
            attributes.apply(host, place, want)
        else:
            files.put(host, place, packed.streamed(lambda sink: pack(pairs, sink)), want)
    return {"dest": whole, "entries": len(pairs)}


def _pairs(host: "Host", path: str, dest: str, exclude: "list[str]") -> "list[tuple[str, str]]":
    """(path, name in the archive) of a file, or of a directory and all in it, in an order that stays."""
    root = files.absolute(host, path).rstrip("/")
    if not os.path.lexists(raw(root)):
        if host.is_to_come(f"{path} does not exist"):
            return []
        raise ActionFailed(f"{path} does not exist")
    above = os.path.dirname(root)
    found = [root]
    if os.path.isdir(raw(root)) and not os.path.islink(raw(root)):
        for folder, folders, names in os.walk(raw(root)):
            folders.sort()
            found += [text(os.path.join(folder, name)) for name in sorted([*folders, *names])]
    named = [(one, os.path.relpath(one, above)) for one in sorted(found) if one != dest]
    return [(one, name) for one, name in named if not _is_excluded(name, exclude)]


def _is_excluded(name: str, exclude: "list[str]") -> bool:
    parts = name.split("/")
    heads = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    return any(fnmatchcase(one, pattern) for pattern in exclude for one in [*parts, *heads])


def _digest(host: "Host", pack: object, pairs: "list[tuple[str, str]]") -> str:
    summed = sha256()
    for data in packed.streamed(lambda sink: pack(pairs, sink)):  # type: ignore[operator]  # what packer() gives
        host.token.check()
        summed.update(data)
    return summed.hexdigest()
