"""Looking through a tree: an entry for each thing below a directory, reached by descriptors, through no link.

Controller and host look in the same way, each at its own tree, so that both sums of an equal tree are the same.
"""

import errno
import os
import stat

from sloth.runtime.manifest import DIRECTORY, FILE, LINK, OTHER, Item
from sloth.runtime.place import raw, raw_name, text

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    from sloth.runtime.manifest import Excluded

    SumOf = Callable[[int, os.stat_result], str]

_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 500  # directories within each other: half of what Python's recursion takes
_TO_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Scan:
    """One look. sum_of(descriptor, stat): the sha256 of a file. `left_alone` gets the paths that are excluded."""

    def __init__(self, excluded: "Excluded", sum_of: "SumOf") -> None:
        self.excluded = excluded
        self.sum_of = sum_of
        self.left_alone = []  # type: list[str]

    def below(self, folder: int, prefix: str = "") -> "Iterator[Item]":
        """What an open directory holds, a directory before what is in it. The `filename` of an OSError is the path."""
        if prefix.count("/") > _DEEPEST:
            raise OSError(errno.ENAMETOOLONG, "the directories in it are nested too deep", prefix.partition("/")[0])
        for name in sorted(text(raw_name(one)) for one in os.listdir(folder)):
            path = prefix + name
            if path in self.excluded:
                self.left_alone.append(path)
                continue
            try:
                item = self._look(folder, raw(name), path)
                if item.kind != DIRECTORY:
                    yield item
                    continue
                inner = os.open(raw(name), _TO_LIST, dir_fd=folder)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError as error:
                error.filename = path
                raise
            try:
                yield item
                yield from self.below(inner, path + "/")
            finally:
                os.close(inner)

    def _look(self, folder: int, name: bytes, path: str) -> Item:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISREG(found.st_mode):
            fd = os.open(name, _TO_READ, dir_fd=folder)
            try:
                return Item(FILE, path, mode, found.st_size, self.sum_of(fd, found))
            finally:
                os.close(fd)
        if stat.S_ISDIR(found.st_mode):
            return Item(DIRECTORY, path, mode)
        if stat.S_ISLNK(found.st_mode):
            return Item(LINK, path, target=text(os.readlink(name, dir_fd=folder)))
        return Item(OTHER, path, mode)
