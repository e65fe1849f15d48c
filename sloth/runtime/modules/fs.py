"""Plain work with files: read, write, list, move. For files that shall be in a state, see file_ops.

A write of what is there already changes nothing. What only looks gives its value, or `nil, "why"`.
"""

import errno
import glob as glob_
import os
import stat

from sloth.runtime import copying, files, trees
from sloth.runtime.action import action
from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate, raw, text
from sloth.runtime.swap import replace
from sloth.runtime.writing import append_all

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Mode
    from sloth.runtime.host import Host
    from sloth.runtime.place import Place

_READ_LIMIT = 8 << 20  # bytes of a file that a task may take into its memory
_PATH = ("file", "name")
_BOTH = {"src": ("source", "from"), "dest": ("destination", "to")}


@action(query=True, synonyms={"path": _PATH})
def read(host: "Host", *, path: str) -> str:
    """The content of a file, as it is.

    path: the file

    example: local release = fs.read("/etc/debian_version")
    """
    whole = files.absolute(host, path)
    with Explained("read", path):
        found = os.stat(raw(whole))
        if not stat.S_ISREG(found.st_mode):
            raise ActionFailed(f"cannot read {path}: it is {files.kind(found.st_mode)}")
        if found.st_size > _READ_LIMIT:
            raise ActionFailed(f"cannot read {path}: {found.st_size} bytes are more than Lua may hold ({_READ_LIMIT})")
        with open(raw(whole), "rb") as file:
            return text(file.read(_READ_LIMIT))


@action(synonyms={"path": _PATH, "content": ("text", "data")}, diff=True)
def write(host: "Host", *, path: str, content: str, mode: "Mode | None" = None) -> None:
    """Make this the content of a file.

    path: the file; its directory must be there
    content: the whole content
    mode: "0644" or "u=rw,g=r"; without it an existing file keeps its own

    example: fs.write("/srv/app/VERSION", "42\\n")
    """
    files.ensure(host, path, raw(content), Wanted(mode), follow=True)


@action(synonyms={"path": _PATH, "content": ("text", "data")}, diff=True)
def append(host: "Host", *, path: str, content: str) -> None:
    """Add to the end of a file, each time anew; file_ops.lineinfile adds a line once.

    path: the file; made if missing
    content: what to add

    example: fs.append("/var/log/deploys", "42 is out\\n")
    """
    place = files.reach(host, path, follow=True)
    if place is None:
        host.show(path, None, raw(content))
        files.announce(host, f"append to {path}")
        return
    with place, Explained("append to", path):
        before = files.beginning(place)
        host.show(place.path, before, (before or b"") + raw(content))
        host.effect(f"append to {place.path}", lambda: _append(place, raw(content)))


def _append(place: "Place", data: bytes) -> None:
    fd = place.open(os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        append_all(fd, data)
    finally:
        os.close(fd)


@action(synonyms={"path": ("dir", "name")})
def mkdir(host: "Host", *, path: str, mode: "Mode | None" = None) -> None:
    """Make a directory and its parents, where they are missing.

    path: the directory
    mode: "0755" or "u=rwx,g=rx"

    example: fs.mkdir("/srv/app/data")
    """
    trees.make(host, path, Wanted(mode))


@action(synonyms={"path": (*_PATH, "dir")}, diff=True)
def rm(host: "Host", *, path: str) -> None:
    """Remove a file, a link or an empty directory, if it is there.

    path: what to remove

    example: fs.rm("/tmp/old.tar.gz")
    """
    whole = files.absolute(host, path)
    if not os.path.lexists(raw(whole)):
        return
    with Explained("remove", path), locate(whole) as place:
        if not place.is_directory():
            files.remove(host, place)
            return
        if place.names():
            raise ActionFailed(f"cannot remove {path}: the directory is not empty; fs.rmr removes it with all in it")
        host.effect(f"remove {place.path}", place.rmdir)


@action(synonyms={"path": (*_PATH, "dir")}, diff=True)
def rmr(host: "Host", *, path: str) -> None:
    """Remove a directory with all in it (or a file or link), if it is there; links in it are not followed.

    path: what to remove

    example: fs.rmr("/srv/app/releases/41")
    """
    trees.remove(host, path)


@action(synonyms=_BOTH, diff=True)
def copy(host: "Host", *, src: str, dest: str) -> "dict[str, object]":
    """Copy a file or directory of the host, with its modes where a file system keeps them.

    src: what to copy; a directory's trailing slash means what it holds
    dest: the copy; a directory takes it under its own name

    example: fs.copy("/etc/nginx/nginx.conf", "/root/nginx.conf.before")
    """
    return copying.on_host(host, src, dest, copying.Terms(Wanted("preserve"), follow=True))


@action(synonyms=_BOTH)
def move(host: "Host", *, src: str, dest: str) -> None:
    """Give a file or directory of the host another path; nothing to do when only the new one is there.

    A file may come to another file system, whole and with its owner, mode and attributes; a directory may not.

    src: the old path
    dest: the new path; an existing directory takes it under its own name

    example: fs.move("/srv/upload.part", "/srv/upload")
    """
    old = files.absolute(host, src)
    new = copying.destination(host, dest, os.path.basename(old.rstrip("/")))
    if not os.path.lexists(raw(old)):
        if os.path.lexists(raw(new)):
            return
        raise ActionFailed(f"cannot move {src}: it does not exist")
    place = files.reach(host, new)
    if place is None:
        files.announce(host, f"move {old} to {new}")
        return
    with Explained("move", src), place, locate(old.rstrip("/")) as source:
        host.effect(f"move {old} to {new}", lambda: _move(host, source, place))


def _move(host: "Host", source: "Place", place: "Place") -> None:
    try:
        source.rename(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if source.is_directory():
            hint = "fs.copy and then fs.rmr do, or `mv`"
            raise ActionFailed(f"cannot move {source.path}: {place.path} is on another file system; {hint}") from error
        replace(host, place, files.chunks_of(host, files.open_file(source)), Wanted(), model=source)
        source.unlink()


@action(query=True, synonyms={"path": _PATH})
def exists(host: "Host", *, path: str) -> bool:
    """Whether something has this path; a link that leads nowhere does not count.

    path: the path

    example: if not fs.exists("/swapfile") then exec.check("fallocate -l 1G /swapfile") end
    """
    return os.path.exists(raw(files.absolute(host, path)))


@action(query=True, synonyms={"path": _PATH})
def is_file(host: "Host", *, path: str) -> bool:
    """Whether a path is a file, or a link to one.

    path: the path

    example: if fs.is_file("/etc/redhat-release") then log.info("a Red Hat") end
    """
    return os.path.isfile(raw(files.absolute(host, path)))


@action(query=True, synonyms={"path": (*_PATH, "dir")})
def is_dir(host: "Host", *, path: str) -> bool:
    """Whether a path is a directory, or a link to one.

    path: the path

    example: if fs.is_dir("/etc/nginx") then log.info("nginx is there") end
    """
    return os.path.isdir(raw(files.absolute(host, path)))


@action(query=True, synonyms={"path": ("dir", "name")})
def ls(host: "Host", *, path: str = ".") -> "list[str]":
    """The names in a directory, sorted.

    path: the directory; the task's workdir unless told otherwise

    example: for _, name in ipairs(fs.ls("/etc/cron.d")) do log.info(name) end
    """
    with Explained("list", path):
        return sorted(text(name) for name in os.listdir(raw(files.absolute(host, path))))


@action(query=True)
def glob(host: "Host", *, pattern: str) -> "list[str]":
    """The paths that match a pattern with `*`, `?`, `[…]` and `**`, sorted.

    pattern: the pattern

    example: for _, path in ipairs(fs.glob("/var/log/*.log")) do log.info(path) end
    """
    found = glob_.glob(raw(files.absolute(host, pattern)), recursive=True)
    return sorted(text(path) for path in found)


@action(query=True, synonyms={"path": _PATH})
def size(host: "Host", *, path: str) -> int:
    """The size of a file in bytes.

    path: the file

    example: if fs.size("/var/log/app.log") > 1e9 then log.warning("the log is large") end
    """
    with Explained("look at", path):
        return os.stat(raw(files.absolute(host, path))).st_size


@action(query=True)
def tmpname(
    host: "Host",
    *,
    prefix: str = "sloth-",
    suffix: str = "",
    folder: str = "/tmp"  # noqa: S108 - a random name, that nobody can have put there before
) -> str:
    """A path that nothing has yet. Nothing is made there.

    prefix: how its name begins
    suffix: how its name ends
    folder: the directory it is in

    example: local path = fs.tmpname({ suffix = ".tar.gz" })
    """
    return os.path.join(files.absolute(host, folder), prefix + os.urandom(8).hex() + suffix)


@action(query=True)
def basename(host: "Host", *, path: str) -> str:
    """The last part of a path.

    path: the path

    example: local name = fs.basename("/srv/app.tar.gz")
    """
    return os.path.basename(path.rstrip("/")) or path[:1]


@action(query=True)
def dirname(host: "Host", *, path: str) -> str:
    """A path without its last part.

    path: the path

    example: local folder = fs.dirname("/srv/app.tar.gz")
    """
    return os.path.dirname(path.rstrip("/")) or ("/" if path.startswith("/") else ".")


@action(query=True, synonyms={"path": _PATH})
def checksum(
    host: "Host", *, path: str, algorithm: "Literal['sha256', 'sha512', 'sha1', 'md5']" = "sha256"
) -> str:
    """The checksum of a file, in hexadecimal.

    path: the file
    algorithm: how to compute it

    example: local sum = fs.checksum("/srv/app.tar.gz")
    """
    with Explained("read", path), locate(files.absolute(host, path), follow=True) as place:
        return files.digest(host, place, algorithm)


read_file = read
write_file = write
remove = rm
rm_r = rmr
