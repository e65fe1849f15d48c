"""A file of JSON lines that only grows: what a crash tore off its end is cut away, and the rest is whole.

Whoever writes to it may hold it; the kernel lets go when that process dies, so that others always know whether somebody
still works on what the file tells of.
"""

import fcntl
import json
import os
import time

MYPY = False
if MYPY:
    from collections.abc import Iterator

    Plain = dict[str, object]

_LOOK = 1 << 16  # bytes that are read at once on the way back to the last line end
_TRIES = 10
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=list)  # made once: that takes as long as a line
_GLANCE = 0.01  # seconds between two tries to hold a file


class LineFile:
    """One such file. Errors of the system are its own: OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        self._fd = -1

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return self._fd >= 0

    def open(self) -> None:
        """Make ready to write; a torn last line is cut off."""
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def hold(self) -> bool:
        """Be the only one who writes, for as long as this process lives. False when another one is."""
        for _ in range(_TRIES):
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_GLANCE)  # perhaps somebody only looks whether we are alive
                continue
            if not self._is_there():
                self.close()
                self.open()
                continue
            self._mend()
            return True
        return False

    def _is_there(self) -> bool:
        """Whether the file that is open is the one of that name, and not one whose place another has taken."""
        mine = os.fstat(self._fd)
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def is_held(self) -> bool:
        """Whether a process holds it."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def write(self, data: bytes) -> None:
        """Whole lines, all of them or (the disk is full) none."""
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            self.cut(self.size)
            raise
        self.size += len(data)

    def cut(self, size: int) -> None:
        """Take back what was written beyond that size."""
        os.ftruncate(self._fd, size)
        self.size = size

    def sync(self) -> None:
        """What was written survives a loss of power."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Nothing more will be written."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def entries(self, start: int = 0) -> "Iterator[tuple[int, Plain]]":
        """The lines from that place on, each with the place behind it. One that is no JSON object is left out."""
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                start += len(line)
                entry = decoded(line)
                if entry is not None:
                    yield start, entry

    def _mend(self) -> None:
        """Cut off what stands behind the last line end."""
        end = whole = os.fstat(self._fd).st_size
        while whole:
            begin = max(0, whole - _LOOK)
            found = os.pread(self._fd, whole - begin, begin).rfind(b"\n")
            if found >= 0:
                whole = begin + found + 1
                break
            whole = begin
        if whole != end:
            self.cut(whole)
        self.size = whole


def encoded(entry: "Plain") -> bytes:
    """A line of the file."""
    return _ENCODER.encode(entry).encode("ascii") + b"\n"


def decoded(line: bytes) -> "Plain | None":
    """What a line says; None when it says nothing."""
    try:
        entry = json.loads(line.decode("ascii"))
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
