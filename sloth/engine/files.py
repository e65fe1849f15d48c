"""The controller's files that a host may ask for: those of the workflow's folder and its roles, no others.

A host is told by the workflow what to ask, but it may lie. So a path is looked up below the folders
that are given here, never outside of them and never through `..`. Below files/ and templates/ everything
is meant for hosts; of what else lies beside the workflow or in a role, a host gets only what a source of
the workflow names in quotes, and never what is hidden, an inventory, or variables.
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct

from sloth.core.errors import AnswerError
from sloth.core.near import near
from sloth.runtime.checksum import sum_beginning
from sloth.runtime.frames import CHUNK
from sloth.runtime.manifest import OTHER, Excluded, Item, sum_of, written
from sloth.runtime.scan import Scan
from sloth.runtime.transfer import AT_ONCE
from sloth.runtime.wire import Streamed

FOR_HOSTS = frozenset({"files", "templates"})
PRIVATE = frozenset({"inventory", "group_vars", "host_vars"})
PUT = "put it under files/ or templates/"
TREE_LIMIT = 100_000  # entries of one folder that is copied as a whole


Named = Callable[[str], bool]


class Search(Struct, frozen=True):
    """Where a task finds its files, first match first. named(path): whether the workflow's sources name a path."""

    folders: tuple[Path, ...]
    named: Named


def search_path(folder: Path, role: Path | None, kind: str, named: Named) -> Search:
    """Where a task finds its files: kind is "files" or "templates". The role's come first."""
    own = () if role is None else (role / kind, role)
    return Search((*own, folder / kind, folder), named)


def find(src: str, search: Search) -> Path:
    """The first match of a relative path on the search path. Raises AnswerError."""
    found = look(src, search)
    if found is None:
        places = " or ".join(map(str, search.folders))
        pure = PurePosixPath(src)
        raise AnswerError(f"there is no file {src!r} in {places}", hint=near(pure.name, _siblings(pure, search)))
    return found


def look(src: str, search: Search) -> Path | None:
    """The same, but None when nothing is there. Raises AnswerError for what no host may have."""
    pure = PurePosixPath(src)
    if pure.is_absolute() or ".." in pure.parts:
        raise AnswerError(f"{src}: only paths below the workflow's folder can be copied", hint=PUT)
    for folder in search.folders:
        if _is_there(folder / pure):
            if folder.name not in FOR_HOSTS:
                _check_meant(pure, search.named)
            return folder / pure
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:  # a name that is too long, a folder that we may not enter
        raise AnswerError(f"cannot look for {path.name[:100]!r}: {str(error.strerror).lower()}") from error


def meant(folder: Path, named: Named) -> Iterator[Path]:
    """Every file below a folder that hosts may be given."""
    for root, names, files in os.walk(folder):
        inside = PurePosixPath(os.path.relpath(root, folder))
        if inside.parts[:1] == () or inside.parts[0] not in FOR_HOSTS:
            names[:] = [name for name in names if not name.startswith(".") and name not in PRIVATE]
        for name in sorted(files):
            if _is_meant(inside / name, named):
                yield Path(root, name)


def _is_meant(pure: PurePosixPath, named: Named) -> bool:
    try:
        _check_meant(pure, named)
    except AnswerError:
        return False
    return True


def _check_meant(pure: PurePosixPath, named: Named) -> None:
    """Raises AnswerError for a path, beside the folders that are for hosts, that is not meant for them."""
    if not pure.parts:
        raise AnswerError("hosts get no workflow's folder as a whole: name what is in it", hint=PUT)
    if pure.parts[0] in FOR_HOSTS:
        return
    if any(part.startswith(".") or part in PRIVATE for part in pure.parts):
        raise AnswerError(f"{pure}: hidden files, inventories and variables are not given to hosts", hint=PUT)
    within = [path for path in pure.parents if path.parts]  # not ".", which many a source has in quotes
    if not any(named(str(path)) for path in (pure, *within)):
        raise AnswerError(f"{pure}: the workflow does not name it, so no host gets it", hint=PUT)


def names_of(sources: Iterable[str]) -> Named:
    """Whether a path stands in quotes in one of these texts."""
    texts = list(sources)

    def named(path: str) -> bool:
        quoted = (f'"{path}"', f"'{path}'", f"[[{path}]]", f'"{path}/"', f"'{path}/'")
        return any(form in text for text in texts for form in quoted)

    return named


def _siblings(wanted: PurePosixPath, search: Search) -> list[str]:
    """The names beside a path, but none of what no host may have whatever its name."""
    return [
        name
        for folder in search.folders
        for name in _names(folder / wanted.parent)
        if folder.name in FOR_HOSTS or _is_meant(wanted.parent / name, lambda _path: True)
    ]


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:  # it is not there, or not for us: then there is nothing to hint at
        return []


class Files:
    """Serves files to hosts; the checksum of each is computed once as long as the file stays the same."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, ...], str] = {}
        self._locks: defaultdict[tuple[int, ...], threading.Lock] = defaultdict(threading.Lock)  # one for each file

    def serve(self, path: Path, known_sha256: str, *, content: bool = True) -> Streamed:
        """What the runtime's question `file` is answered with (see sloth/runtime/transfer.py)."""
        if path.is_dir():
            mode = stat.S_IMODE(path.stat().st_mode)
            return Streamed({"directory": list(self._entries(path)), "name": path.name, "mode": mode}, iter(()))
        meta = self._meta(path)
        same = meta["sha256"] == known_sha256
        return Streamed({**meta, "same": same, "name": path.name}, _chunks(path) if content and not same else iter(()))

    def tree(self, folder: Path, exclude: Sequence[str], known: Callable[[], str]) -> Streamed:
        """What the question `tree` is answered with (see file_ops.sync). known(): the sum of the host's tree."""
        if not folder.is_dir():
            raise AnswerError(f"{folder} is no folder", hint="file_ops.copy is for single files")
        manifest = written(self._items(folder, Excluded(exclude)))
        same = sum_of(manifest) == known()
        mode = stat.S_IMODE(folder.stat().st_mode)
        return Streamed({"mode": mode, "same": same}, iter(()) if same else _in_blocks([manifest]))

    def _items(self, folder: Path, excluded: Excluded) -> list[Item]:
        try:
            with _opened(folder) as top:
                items = list(itertools.islice(Scan(excluded, self._sum).below(top), TREE_LIMIT + 1))
        except OSError as error:
            raise AnswerError(f"cannot read {folder / str(error.filename)}: {error.strerror}") from error
        if len(items) > TREE_LIMIT:
            raise AnswerError(f"{folder} holds more than {TREE_LIMIT} entries")
        for item in items:
            if item.kind == OTHER:
                what = f"{folder / item.path} is neither a file, a folder nor a link"
                raise AnswerError(what, hint="exclude it")
        return items

    def contents(self, folder: Path, paths: Sequence[str]) -> Streamed:
        """The contents of files below a folder, behind each other."""
        if len(paths) > AT_ONCE:
            raise AnswerError(f"{len(paths)} files were asked for at once; {AT_ONCE} may be")
        inside = folder.resolve()
        parents = {path.rpartition("/")[0] for path in paths}
        outside = {parent for parent in parents if not (folder / parent).resolve().is_relative_to(inside)}
        for path in paths:
            if path.startswith("/") or path.rpartition("/")[0] in outside or not _is_file(f"{folder}/{path}"):
                raise AnswerError(f"{folder / path} is no file of {folder}")
        return Streamed({}, _in_blocks(_behind_each_other(folder, paths)))

    def _meta(self, path: Path) -> dict[str, object]:
        try:
            found = path.stat()
            return {"size": found.st_size, "mode": stat.S_IMODE(found.st_mode), "sha256": self._sha256(path, found)}
        except OSError as error:
            raise AnswerError(f"cannot read {path}: {error.strerror}") from error

    def _sha256(self, path: Path, found: os.stat_result) -> str:
        with _opened(path) as fd:
            return self._sum(fd, found)

    def _sum(self, fd: int, found: os.stat_result) -> str:
        key = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        with self._locks[key]:
            if key not in self._sums:
                self._sums[key] = sum_beginning(fd, found.st_size)
            return self._sums[key]

    def _entries(self, folder: Path) -> Iterator[Mapping[str, object]]:
        """The tree below a folder, parents before children, links as links."""
        count = 0
        for root, names, files in os.walk(folder):
            names.sort()
            for name in [*names, *sorted(files)]:
                count += 1
                if count > TREE_LIMIT:
                    raise AnswerError(f"{folder} holds more than {TREE_LIMIT} entries")
                yield self._entry(Path(root, name), folder)

    def _entry(self, path: Path, folder: Path) -> dict[str, object]:
        relative = str(path.relative_to(folder))
        if path.is_symlink():
            return {"path": relative, "kind": "link", "target": str(path.readlink())}
        if path.is_dir():
            return {"path": relative, "kind": "directory", "mode": stat.S_IMODE(path.stat().st_mode)}
        if not path.is_file():
            raise AnswerError(f"{path} is neither a file, a folder nor a link", hint="only these can be copied")
        return {"path": relative, "kind": "file", **self._meta(path)}


def _is_file(path: str) -> bool:
    """Without a Path, as that takes longer than the look."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _behind_each_other(folder: Path, paths: Sequence[str]) -> Iterator[bytes]:
    for path in paths:
        yield from _chunks(folder / path)


def _chunks(path: Path) -> Iterator[bytes]:
    with _opened(path) as fd:
        while chunk := os.read(fd, CHUNK):
            yield chunk


def _in_blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of one size: what crosses costs more for each frame than for each byte."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    yield bytes(waiting)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor to read a file or list a folder."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
