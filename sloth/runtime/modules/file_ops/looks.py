"""What is there: of one path, and of all below directories."""

import os
import re
import stat
import time
from fnmatch import fnmatchcase

from sloth.runtime import files, lines
from sloth.runtime.action import action
from sloth.runtime.attributes import group_name
from sloth.runtime.place import Explained, locate, raw, text, user_name

MYPY = False
if MYPY:
    from collections.abc import Iterator
    from re import Pattern
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_LIMIT = 100000  # what a task may take into its memory
_KINDS = {"file": stat.S_ISREG, "directory": stat.S_ISDIR, "link": stat.S_ISLNK}
_READ = 8 << 20


@action(synonyms={"path": ("dest", "file", "name")}, query=True)
def stat_(host: "Host", *, path: str, follow: bool = False, checksum: bool = False) -> "dict[str, object]":
    """Look at a path: `exists`, and if so its kind, mode, owner, size and times.

    path: the path
    follow: look at what a symbolic link leads to
    checksum: add the sha256 of a file's content

    example: if file_ops.stat("/etc/nginx").is_dir then log.info("nginx is there") end
    """
    whole = files.absolute(host, path)
    fields = _described(whole, follow=follow)
    if checksum and fields.get("is_file"):
        with Explained("read", whole), locate(whole, follow) as place:
            fields["checksum"] = files.digest(host, place)
    return fields


@action(query=True, synonyms={"paths": ("path", "dir"), "patterns": ("pattern", "name"), "kind": ("file_type", "type")})
def find(
    host: "Host",
    *,
    paths: "list[str]",
    patterns: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    kind: "Literal['file', 'directory', 'link', 'any']" = "file",
    recurse: bool = True,
    hidden: bool = False,
    older_than: "Duration | None" = None,
    newer_than: "Duration | None" = None,
    min_size: int = 0,
    max_size: "int | None" = None,
    contains: "str | None" = None
) -> "list[dict[str, object]]":
    """Files below directories: a list of what file_ops.stat tells of each, by path.

    paths: the directories; links in them are not followed
    patterns: wildcards for names, such as *.log; all when not given
    kind: file, directory, link or any
    recurse: look into directories below, too
    hidden: also what begins with a dot
    older_than: changed longer ago than this
    newer_than: changed less long ago than this
    min_size: bytes, at least
    max_size: bytes, at most
    contains: a regular expression that a line has to match

    example: local old = file_ops.find { paths = "/var/log", patterns = "*.gz", older_than = "30d" }
    """
    wanted = _Wanted(list(patterns) or ["*"], kind, older_than, newer_than)
    wanted.smallest, wanted.largest = min_size, max_size
    wanted.contains = None if contains is None else re.compile(lines.pattern(contains).pattern, re.MULTILINE)
    found = []  # type: list[dict[str, object]]
    for path in paths:
        for one in _below(host, files.absolute(host, path).rstrip("/") or "/", recurse=recurse, hidden=hidden):
            try:
                if wanted.fits(one, os.lstat(raw(one))):
                    found.append(_described(one, follow=False))
            except FileNotFoundError:
                continue  # it went while we looked
            if len(found) >= _LIMIT:
                host.warn(f"file_ops.find: more than {_LIMIT} are left out")
                return found
    return sorted(found, key=lambda fields: str(fields["path"]))


class _Wanted:
    """What is looked for."""

    def __init__(self, patterns: "list[str]", kind: str, older: "float | None", newer: "float | None") -> None:
        self.patterns = patterns
        self.kind = kind
        self.before = None if older is None else time.time() - older
        self.after = None if newer is None else time.time() - newer
        self.smallest = 0
        self.largest = None  # type: int | None
        self.contains = None  # type: Pattern[bytes] | None

    def fits(self, path: str, found: os.stat_result) -> bool:
        """Whether this is one."""
        if self.kind != "any" and not _KINDS[self.kind](found.st_mode):
            return False
        if not any(fnmatchcase(os.path.basename(path), pattern) for pattern in self.patterns):
            return False
        if (self.before is not None and found.st_mtime > self.before) or (
            self.after is not None and found.st_mtime < self.after
        ):
            return False
        if found.st_size < self.smallest or (self.largest is not None and found.st_size > self.largest):
            return False
        return self.contains is None or _contains(path, found, self.contains)


def _below(host: "Host", folder: str, *, recurse: bool, hidden: bool) -> "Iterator[str]":
    os.listdir(raw(folder))  # what cannot be read at all is an error; what cannot below is left out
    for above, folders, names in os.walk(raw(folder)):
        host.token.check()
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(b".")]
        for name in [*folders, *names]:
            if hidden or not name.startswith(b"."):
                yield text(os.path.join(above, name))
        if not recurse:
            return


def _contains(path: str, found: os.stat_result, pattern: "Pattern[bytes]") -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    with open(raw(path), "rb") as file:
        return pattern.search(file.read(_READ)) is not None


def _described(path: str, *, follow: bool) -> "dict[str, object]":
    """Whether something has this absolute path, and if so its kind, mode, owner, size and times."""
    try:
        found = os.stat(raw(path), follow_symlinks=follow)
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False, "path": path}
    fields = {
        "exists": True,
        "path": path,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "is_file": stat.S_ISREG(found.st_mode),
        "is_dir": stat.S_ISDIR(found.st_mode),
        "is_link": stat.S_ISLNK(found.st_mode),
        "size": found.st_size,
        "uid": found.st_uid,
        "gid": found.st_gid,
        "owner": user_name(found.st_uid),
        "group": group_name(found.st_gid),
        "atime": found.st_atime,
        "mtime": found.st_mtime,
        "ctime": found.st_ctime,
        "inode": found.st_ino,
        "links": found.st_nlink,
    }  # type: dict[str, object]
    if fields["is_link"]:
        fields["target"] = text(os.readlink(raw(path)))
    return fields
