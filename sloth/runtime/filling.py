"""The directories of a tree that is copied: open to us for as long as it is filled, closed as they shall be then."""

import os
import stat

from sloth.runtime import trees
from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.place import Explained, locate, raw

MYPY = False
if MYPY:
    from collections.abc import Callable
    from types import TracebackType

    from sloth.runtime.host import Host


class Filling:
    """Use it as a context manager: at its end, a failed one too, each directory gets the mode that it shall have.

    wanted(mode): the attributes of a directory whose source has that mode
    """

    def __init__(self, host: "Host", wanted: "Callable[[int], Wanted]") -> None:
        self._host = host
        self._wanted = wanted
        self._known = set()  # type: set[str]
        self._opened = []  # type: list[tuple[str, Wanted]]

    def __enter__(self) -> "Filling":  # noqa: PYI034 - typing.Self is newer than the runtime's floor
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: "BaseException | None", trace: "TracebackType | None"
    ) -> None:
        noted = len(self._host.changes)
        for path, want in reversed(self._opened):
            with Explained("reach", path), locate(path, follow=True) as place:
                apply(self._host, place, want)
        del self._host.changes[noted:]  # part of the filling, no change more

    def make(self, path: str, mode: int) -> None:
        """Make a directory, or give the one that is there what it shall have."""
        if os.path.lexists(raw(path)):
            trees.make(self._host, path, self._wanted(mode))
            return
        trees.make(self._host, path, self._wanted(mode | stat.S_IRWXU))
        if mode & stat.S_IRWXU != stat.S_IRWXU and not self._host.check:
            self._opened.append((path, self._wanted(mode)))

    def open_above(self, path: str) -> None:
        """Let us change what the directory of a path holds, where it is ours and its mode alone forbids it."""
        folder = os.path.dirname(path)
        if self._host.check or folder in self._known:
            return
        self._known.add(folder)
        with Explained("reach", folder), locate(folder, follow=True) as place:
            found = os.stat(place.name, dir_fd=place.directory)
            may = os.access(place.name, os.W_OK | os.X_OK, dir_fd=place.directory, effective_ids=True)
            if not may and found.st_uid == os.geteuid():
                place.chmod(stat.S_IMODE(found.st_mode) | stat.S_IRWXU)
                self._opened.append((folder, Wanted(f"{stat.S_IMODE(found.st_mode):04o}")))
